/** Copies a text; without a clipboard, as on pages that came over a network unencrypted, by a selection. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = make('textarea', { value: text, readOnly: true });
    const focused = document.activeElement;
    Object.assign(area.style, { position: 'fixed', opacity: 0 });
    document.body.append(area);
    area.select();
    const isDone = document.execCommand('copy');
    area.remove();
    focused?.focus();
    return isDone;
  }
}

byId('copy').addEventListener('click', async () => {
  const isDone = await copy(byId('echo').textContent + byId('continuation').textContent);
  say(byId('copy'), isDone ? 'Copied' : 'Not allowed');
});
