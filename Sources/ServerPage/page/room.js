/** How many tokens the prompt has, and so how many may be asked for: the server counts them when typing pauses. */
const room = {
  PAUSE: 300,  // milliseconds
  timer: 0, controller: null,

  askSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), this.PAUSE);
  },

  async ask() {
    if (!model) return;  // Asked again when there is one.
    this.controller?.abort();
    this.controller = new AbortController();
    const prompt = byId('prompt').value;
    let count = null;
    try {
      const answer = await request('tokenize', {
        method: 'POST', headers: { 'Content-Type': 'application/json' }, signal: this.controller.signal,
        body: JSON.stringify({ model: model.id, prompt, add_special_tokens: true }),
      });
      count = (await answer.json()).count;
    } catch (error) {
      if (error.name === 'AbortError') return;  // Another prompt is being counted.
    }
    this.show(prompt, count);
  },

  /** - count: null where the server did not say. Then it says what is wrong when the text is asked for. */
  show(prompt, count) {
    const { context } = model, tokens = Math.max(1, count ?? 1), left = context - tokens;
    const field = byId('max-tokens');
    field.max = left;
    fields.hints['max-tokens'] = `1 to ${number(Math.max(1, left))}`;
    fields.hints.prompt = count === null ? '' : prompt === '' ? 'Empty: the model begins a text of its own.'
      : `${number(count)} ${count === 1 ? 'token' : 'tokens'}. Prompt and answer share ${number(context)}.`;
    byId('prompt').setCustomValidity(left > 0 ? ''
      : `The prompt has ${number(tokens)} tokens, and the model has room for ${number(context)} with the answer. Shorten it.`);
    // What the page begins with may be too much for a small model.
    if (fields.isFresh && left > 0) field.value = Math.min(field.value, left);
    fields.check();
  },
};
