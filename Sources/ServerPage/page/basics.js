'use strict';
// Whatever the server says reaches the page as text (textContent), never as markup.

const byId = (id) => document.getElementById(id);
const number = (value, digits = 0) => (value ?? 0).toLocaleString('en', { maximumFractionDigits: digits });
const percent = (share, digits = 0) => `${number(100 * share, digits)} %`;
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Writes only what changes, so that screen readers hear a status once. */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** What a tab keeps over a reload. Without storage it keeps nothing, and the page works all the same. */
const memory = {
  get(name) {
    try { return JSON.parse(sessionStorage.getItem(`gpt2-${name}`)); } catch { return null; }
  },
  set(name, value) {
    try {
      sessionStorage.removeItem(`gpt2-${name}`);  // Should the new value be too large, the old one may not stay.
      sessionStorage.setItem(`gpt2-${name}`, JSON.stringify(value));
    } catch { /* Then it lasts as long as the page. */ }
  },
};

function duration(seconds) {
  if (seconds >= 1) return `${number(seconds, 2)} s`;
  return seconds >= 0.001 ? `${number(1e3 * seconds, 1)} ms` : `${number(1e6 * seconds)} µs`;
}

function bytes(count) {
  for (const [unit, size] of [['GB', 1e9], ['MB', 1e6], ['kB', 1e3]]) {
    if (count >= size) return `${number(count / size, 1)} ${unit}`;
  }
  return `${number(count)} B`;
}
