/**
 * Text cut by its tokens. The text is what counts: tokens that hold only a part of a character, and what surrounds them
 * until the text is whole again, share a piece.
 */
function pieces(text, tokens) {
  const head = [], tail = [];
  let first = 0, last = tokens.length;
  while (first < last && tokens[first].token && text.startsWith(tokens[first].token)) {
    head.push({ text: tokens[first].token, tokens: [tokens[first]] });
    text = text.slice(tokens[first++].token.length);
  }
  while (last > first && tokens[last - 1].token && text.endsWith(tokens[last - 1].token)) {
    tail.unshift({ text: tokens[--last].token, tokens: [tokens[last]] });
    text = text.slice(0, text.length - tokens[last].token.length);
  }
  const middle = tokens.slice(first, last);
  return [...head, ...(text || middle.length ? [{ text, tokens: middle }] : []), ...tail];
}
