const ALTERNATIVES = 5;
const completion = {
  controller: null, pending: [], pieces: [], count: 0, started: 0, stop: {}, seed: null,

  async run() {
    if (this.controller) return;
    if (!fields.check()) return fields.all.find((field) => !field.validity.valid).focus();
    if (!model) return this.end('The server has not said yet which model it runs.', true);
    fields.store();
    const { prompt, seed = Math.floor(Math.random() * 1e6), ...others } = fields.values();
    this.begin(prompt, seed);
    const { signal } = this.controller;
    try {
      const response = await request('v1/completions', {
        method: 'POST', headers: { 'Content-Type': 'application/json' }, signal,
        body: JSON.stringify({ model: model.id, prompt, seed, ...others, logprobs: ALTERNATIVES, stream: true }),
      });
      let complete = false;
      for await (const data of events(response.body)) {
        if (data === '[DONE]') { complete = true; break; }
        const event = JSON.parse(data);
        if (event.error) throw new Refusal(event.error);
        for (const choice of event.choices) this.take(choice);
      }
      if (!complete) throw new Error('The answer broke off: the connection was closed.');
      this.end(`Done: ${this.rate()}. Seed ${seed}. ${this.whyItEnded}`);
    } catch (error) {
      if (error.name === 'AbortError') this.end(`Stopped: ${this.rate()}. Seed ${seed}.`);
      else if (error instanceof TypeError) this.end('The server cannot be reached, or the connection broke.', true);
      else this.end(fields.plain(error.message), true);
      if (error instanceof Refusal) fields.refuse(error.field);
    }
  },

  get whyItEnded() {
    if (this.stop.reason === 'length') return 'That is all tokens asked for.';
    return this.stop.at === null ? 'The model ended the text.' : 'The text to stop before came.';
  },

  begin(prompt, seed) {
    fields.refuse(null);
    Object.assign(this, { controller: new AbortController(), pending: [], pieces: [], count: 0, stop: {}, seed,
      started: performance.now() });
    this.clear(prompt);
    byId('continuation').hidden = false;
    this.note('Running …');
    this.running(true);
    this.offer();
  },

  clear(prompt) {
    alternatives.hide();
    say(byId('echo'), prompt);
    byId('continuation').replaceChildren();
  },

  note(text, isWrong = false) {
    byId('status').classList.toggle('error', isWrong);
    say(byId('status'), text);
  },

  /** What can be done with a text once there is one. */
  offer() {
    byId('copy').disabled = byId('reuse').disabled = this.pieces.length === 0;
    say(byId('copy'), 'Copy');
  },

  end(text, isWrong = false) {
    this.controller?.abort();
    this.controller = null;
    this.note(text, isWrong);
    byId('continuation').hidden = this.pieces.length === 0;
    this.running(false);
    this.offer();
    const { pieces, seed } = this;
    memory.set('text', { prompt: byId('echo').textContent, pieces, seed, note: text, isWrong });
  },

  /** The text that was here before the page was loaded again, in this tab. */
  load() {
    const { prompt = '', pieces = [], seed = null, note = '', isWrong = false } = memory.get('text') ?? {};
    this.clear(prompt);
    try {
      for (const piece of pieces) this.append(piece);
    } catch {
      return this.clear('');  // A page of another version kept it.
    }
    Object.assign(this, { pieces, seed });
    byId('continuation').hidden = pieces.length === 0;
    this.note(note, isWrong);
    this.offer();
  },

  running(running) {
    document.body.toggleAttribute('data-running', running);
    // The one that has the focus must not lose it to nothing.
    const [from, to] = running ? ['run', 'stop'] : ['stop', 'run'];
    const focused = document.activeElement === byId(from);
    byId(to).disabled = false;
    if (focused) byId(to).focus();
    byId(from).disabled = true;
  },

  rate() {
    const seconds = (performance.now() - this.started) / 1000;
    return `${number(this.count)} ${this.count === 1 ? 'token' : 'tokens'} in ${duration(seconds)}, `
      + `${number(this.count / seconds, 1)} a second`;
  },

  take({ text, logprobs, finish_reason: reason, stop_reason: at }) {
    if (reason) this.stop = { reason, at: at ?? null };
    const fresh = (logprobs?.tokens ?? []).map((token, index) => ({
      token, logprob: logprobs.token_logprobs[index], top: logprobs.top_logprobs?.[index] ?? {},
    }));
    this.count += fresh.length;
    this.pending.push(...fresh);
    if (text) {
      const cut = pieces(text, this.pending), box = byId('output');
      const isAtEnd = box.scrollTop + box.clientHeight > box.scrollHeight - 8;
      for (const piece of cut) this.append(piece);
      if (isAtEnd) box.scrollTop = box.scrollHeight;  // Who reads further up is left there.
      this.pieces.push(...cut);
      this.pending = [];
    }
    this.note(`Running: ${this.rate()}`);
  },

  append({ text, tokens }) {
    const span = make('span', { textContent: text, role: 'option', ariaSelected: 'false' });
    const list = byId('continuation');
    span.tabIndex = list.childElementCount ? -1 : 0;
    span.tokens = tokens;
    const chance = Math.exp(Math.min(0, ...tokens.map((token) => token.logprob ?? 0)));
    span.dataset.chance = chance < 0.05 ? 3 : chance < 0.2 ? 2 : chance < 0.5 ? 1 : 0;
    list.append(span);
  },
};

byId('completion').addEventListener('submit', (event) => { event.preventDefault(); completion.run(); });
byId('stop').addEventListener('click', () => completion.controller?.abort());
byId('prompt').addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  completion.run();
});
// What was written so far is kept, and the server need not write on for nobody. Some browsers cut the connection before
// they hide the page, others do not say beforehand that they will.
for (const leaving of ['beforeunload', 'pagehide']) {
  addEventListener(leaving, () => {
    if (completion.controller) completion.end(`Stopped when the page was left: ${completion.rate()}. Seed ${completion.seed}.`);
  });
}
