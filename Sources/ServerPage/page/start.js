  pipeline.arrange();
  timeline.draw();
  alternatives.hide();
}).observe(byId('pipe').closest('main > div'));
fields.load();
fields.check();
completion.load();
poll().catch((error) => { showState('broken', error.message); throw error; });
