/** The fields of a completion, by the names that the API has for them. */
const fields = {
  FORM: byId('completion'), MOST_STOP_BYTES: 1024,
  NAMES: { prompt: 'prompt', 'max-tokens': 'max_tokens', temperature: 'temperature', 'top-k': 'top_k', 'top-p': 'top_p',
    'stop-text': 'stop', seed: 'seed' },
  hints: {}, modelID: null, isFresh: true, refused: null,

  get all() { return Object.keys(this.NAMES).map(byId); },

  /** What stood in them before the page was loaded again, in this tab; else what the page begins with. */
  load() {
    const kept = memory.get('fields');
    this.isFresh = kept === null;
    for (const field of this.all) {
      this.hints[field.id] = byId(`${field.id}-hint`).textContent;
      const begin = field.id === 'prompt' ? PROMPTS.demo : DEFAULTS[field.id] ?? '';
      field.value = typeof kept?.[field.id] === 'string' ? kept[field.id] : begin;
    }
  },

  store() {
    this.isFresh = false;
    memory.set('fields', Object.fromEntries(this.all.map((field) => [field.id, field.value])));
  },

  /** Fits them to a model that the server has come with. */
  fit({ id, is_demo: isDemo }) {
    if (id === this.modelID) return;
    this.modelID = id;
    byId('toy').hidden = !isDemo;
    if (Object.values(PROMPTS).includes(byId('prompt').value)) {
      byId('prompt').value = isDemo ? PROMPTS.demo : PROMPTS.other;
    }
    room.ask();
  },

  /** What the API is asked for; what is left empty is left to it. */
  values() {
    const given = this.all.filter((field) => field.id === 'prompt' || field.value !== '');
    return Object.fromEntries(given.map((field) => [this.NAMES[field.id], this.value(field)]));
  },

  value(field) {
    if (field.type === 'number') return Number(field.value);
    return field.id === 'stop-text' ? field.value.replaceAll('\\n', '\n') : field.value;
  },

  /** Marks what cannot be sent and says why beside it; whether all can be sent. */
  check() {
    const stopBytes = new TextEncoder().encode(this.value(byId('stop-text'))).length;
    byId('stop-text').setCustomValidity(
      stopBytes > this.MOST_STOP_BYTES ? `Give at most ${number(this.MOST_STOP_BYTES)} bytes; these are ${number(stopBytes)}.` : '');
    for (const field of this.all) {
      const isValid = field.checkValidity();
      field.setAttribute('aria-invalid', !isValid || field === this.refused);
      byId(`${field.id}-hint`).classList.toggle('error', !isValid);
      say(byId(`${field.id}-hint`), isValid ? this.hints[field.id] : this.explain(field));
    }
    return this.all.every((field) => field.validity.valid);
  },

  explain(field) {
    if (field.validity.customError) return field.validationMessage;
    const kind = field.step === '1' ? 'a whole number' : 'a number';
    if (field.id === 'max-tokens' && Number(field.max) < 1) return 'The prompt leaves no room.';
    if (Number(field.max) < Number.MAX_SAFE_INTEGER) {
      return `Give ${kind} from ${number(Number(field.min))} to ${number(Number(field.max))}.`;
    }
    return `Give ${kind}, ${field.min} or more${field.required ? '' : ', or nothing'}.`;
  },

  /** What the server says, with the names that fields have here. */
  plain(message) {
    const said = this.all.filter((field) => this.NAMES[field.id].includes('_')).reduce((text, field) =>
      text.replaceAll(this.NAMES[field.id], this.FORM.querySelector(`label[for="${field.id}"]`).textContent), message);
    return said.charAt(0).toUpperCase() + said.slice(1) + (/[.!?]$/.test(said) ? '' : '.');
  },

  /** Marks the field that the server refused, until one changes; its sentence stands where the text's end does. */
  refuse(name) {
    this.refused = this.all.find((field) => this.NAMES[field.id] === name) ?? null;
    this.check();
    this.refused?.focus();
  },
};

fields.FORM.addEventListener('input', (event) => {
  fields.store();
  fields.refused = null;
  fields.check();
  if (event.target.id === 'prompt') room.askSoon();
});

byId('reuse').addEventListener('click', () => {
  byId('seed').value = completion.seed;
  fields.store();
  fields.check();
});
