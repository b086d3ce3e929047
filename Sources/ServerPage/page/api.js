const key = {
  value: memory.get('key') ?? '',
  store(value) {
    this.value = value;
    memory.set('key', value);
  },
};

class KeyNeeded extends Error {}

/** What the server refused, and which field of the request it blames, if one. */
class Refusal extends Error {
  constructor({ message, param }) {
    super(message);
    this.field = param;
  }
}

/** A response that is well; else throws what the server says is wrong. */
async function request(path, options = {}) {
  const headers = { ...options.headers };
  if (key.value) headers.Authorization = `Bearer ${key.value}`;
  const response = await fetch(path, { cache: 'no-store', ...options, headers });
  if (response.ok) return response;
  const body = await response.json().catch(() => null);
  const error = body?.error ?? { message: `The server answered with status ${response.status}.` };
  throw response.status === 401 ? new KeyNeeded(error.message) : new Refusal(error);
}

/** The data of server-sent events, one string for each. */
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '', data = [];
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split('\n');
    rest = lines.pop();
    for (const line of lines.map((line) => line.replace(/\r$/, ''))) {
      if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''));
      if (line === '' && data.length) { yield data.join('\n'); data = []; }
    }
  }
}
