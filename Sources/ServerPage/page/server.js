const POLL = 500, POLL_HIDDEN = 5000, POLL_LIMIT = 5000, RETRY_FIRST = 1000, RETRY_LONGEST = 10000;
const STATES = {
  connecting: ['Connecting'], ready: ['Ready'], key: ['Key needed'],
  loading: ['Loading', 'The engine is getting ready.'],
  recovering: ['Recovering', 'Texts pause until work goes on.'],
  stalled: ['Stalled'],
  draining: ['Draining', 'The server is shutting down: it finishes what runs and takes nothing new.'],
  failed: ['Failed', 'The engine has failed.'],
  unreachable: ['Unreachable', 'The server does not answer.'],
  broken: ['Page failed', 'This page has failed. Load it again.'],
};
let model = null;
let wake = () => {};

function showState(state, detail = '') {
  const [name, explanation = ''] = STATES[state] ?? [state];
  document.body.dataset.state = state;
  say(byId('state'), name);
  byId('banner').hidden = state === 'ready' || state === 'connecting';
  say(byId('message'), `${explanation} ${detail}`.trim());
  byId('retry').hidden = state !== 'unreachable';
  if (state !== 'key' && byId('key-form').contains(document.activeElement)) byId('prompt').focus();
  byId('key-form').hidden = state !== 'key';
  if (state === 'key' && document.activeElement === document.body) byId('key').focus();
}

function showServer(answer) {
  model = answer.model;
  say(byId('model'), `${model ? `${model.id} in ${model.weights}` : ''} · version ${answer.version}`);
  document.title = `${model?.id ?? 'loading'} · gpt2 serve`;
  if (model) {
    fields.fit(model);
    say(byId('shape'), `${number(model.blocks)} blocks of width ${number(model.width)}, ${number(model.context)} tokens of `
      + `context, ${number(model.vocabulary)} in the vocabulary`);
  }
  showState(answer.state, answer.reason);
  pipeline.show(answer);
  timeline.take(answer);
}

/** Resolves after a while, or as soon as someone calls `wake`. */
const rest = (milliseconds) => Promise.race([sleep(milliseconds), new Promise((resolve) => { wake = resolve; })]);

async function poll() {
  for (let failures = 0; ;) {
    let answer;
    try {
      const after = timeline.latest === null ? '' : `?after=${timeline.latest}`;
      answer = await (await request(`pipeline${after}`, { signal: AbortSignal.timeout(POLL_LIMIT) })).json();
    } catch (error) {
      timeline.forget();  // Another server may answer next, and it counts from 0.
      pipeline.idle();
      if (error instanceof KeyNeeded) {
        showState('key', error.message);
        await new Promise((resolve) => { wake = resolve; });
        continue;
      }
      const pause = Math.min(RETRY_FIRST * 2 ** failures++, RETRY_LONGEST);
      const known = error instanceof TypeError || error.name === 'TimeoutError' ? '' : error.message;
      showState('unreachable', `${known} Trying again in ${pause / 1000} s.`.trim());
      await rest(pause);
      continue;
    }
    failures = 0;
    showServer(answer);
    await rest(document.hidden ? POLL_HIDDEN : POLL);
  }
}

byId('retry').addEventListener('click', () => wake());
addEventListener('online', () => wake());
document.addEventListener('visibilitychange', () => { if (!document.hidden && byId('key-form').hidden) wake(); });
byId('key-form').addEventListener('submit', (event) => {
  event.preventDefault();
  key.store(byId('key').value.trim());
  byId('key').value = '';
  wake();
});
