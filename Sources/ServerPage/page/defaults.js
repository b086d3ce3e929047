/** What the page begins with. `make demo` and README.md use the same; Tests/Browser holds the page against `make demo`. */
const DEFAULTS = { 'max-tokens': 110, temperature: 0.6, 'top-k': 0, 'top-p': 0.9 };
const PROMPTS = { demo: 'ROMEO:', other: 'The old house at the end of the road' };
