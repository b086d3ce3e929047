const alternatives = {
  box: byId('alternatives'), span: null, hiding: 0,

  show(span) {
    clearTimeout(this.hiding);
    if (span === this.span) return;
    this.span?.setAttribute('aria-selected', 'false');
    this.span?.removeAttribute('aria-describedby');
    this.span = span;
    span.setAttribute('aria-selected', 'true');
    span.setAttribute('aria-describedby', 'alternatives');
    this.box.replaceChildren(...span.tokens.flatMap((token, index) => this.table(token, index, span.tokens.length)));
    if (!span.tokens.length) this.box.append('The server gave no alternatives here.');
    this.box.hidden = false;
    this.place();
  },

  /** Beside its token, as far as the window has room. */
  place() {
    const { span } = this;
    const place = span.getClientRects()[0] ?? span.getBoundingClientRect(), size = this.box.getBoundingClientRect();
    const below = place.bottom + size.height + 8 < innerHeight || place.top < size.height + 8;
    const left = Math.max(8, Math.min(place.left, document.documentElement.clientWidth - size.width - 8));
    this.box.style.left = `${left + scrollX}px`;
    this.box.style.top = `${scrollY + (below ? place.bottom + 6 : place.top - size.height - 6)}px`;
  },

  table({ token, logprob, top }, index, count) {
    const rows = Object.entries(top);
    if (logprob !== null && !(token in top)) rows.push([token, logprob]);
    rows.sort((one, other) => other[1] - one[1]);
    return [
      make('h3', {}, count > 1 ? `Token ${index + 1} of ${count} in this text` : 'Probability before temperature'),
      make('ol', {}, ...rows.map(([text, value]) => {
        const bar = make('i');
        bar.style.width = percent(Math.exp(value), 1).replace(' ', '');
        return make('li', { className: text === token ? 'taken' : '' },
          make('span', { className: 'mono cut' }, visible(text)),
          make('span', { className: 'meter', ariaHidden: 'true' }, bar),
          make('span', { className: 'number' }, percent(Math.exp(value), 1)));
      })),
    ];
  },

  hide() {
    clearTimeout(this.hiding);
    this.span?.setAttribute('aria-selected', 'false');
    this.span?.removeAttribute('aria-describedby');
    this.span = null;
    this.box.hidden = true;
  },

  /** Leaves time to move the pointer into the box; what has the focus comes back. */
  hideSoon() {
    clearTimeout(this.hiding);
    this.hiding = setTimeout(() => {
      const focused = document.activeElement;
      if (focused?.parentElement === byId('continuation')) this.show(focused);
      else this.hide();
    }, 150);
  },

  move(span, to) {
    if (!to) return;
    span.tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
  },
};

/** A token with its white space to be seen. */
const SHOWN = { ' ': '␣', '\n': '↵', '\t': '⇥' };
const visible = (text) => text.replace(/^bytes:/, '').replace(/[ \n\t]/g, (space) => SHOWN[space]) || 'nothing';

{
  const list = byId('continuation');
  const tokenOf = (event) => (event.target.parentElement === list ? event.target : null);
  list.addEventListener('pointerover', (event) => {
    const span = tokenOf(event);
    if (span && event.pointerType === 'mouse') alternatives.show(span);
  });
  list.addEventListener('pointerout', (event) => { if (event.pointerType === 'mouse') alternatives.hideSoon(); });
  list.addEventListener('focusin', (event) => { if (tokenOf(event)) alternatives.show(tokenOf(event)); });
  list.addEventListener('focusout', () => alternatives.hideSoon());
  list.addEventListener('click', (event) => {
    const span = tokenOf(event);
    if (!span) return;
    alternatives.move(list.querySelector('[tabindex="0"]'), span);
    alternatives.show(span);
  });
  list.addEventListener('keydown', (event) => {
    const span = tokenOf(event);
    const to = { ArrowRight: span?.nextElementSibling, ArrowLeft: span?.previousElementSibling,
      Home: list.firstElementChild, End: list.lastElementChild }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    alternatives.move(span, to);
  });
  byId('output').addEventListener('scroll', () => { if (alternatives.span) alternatives.place(); });
  alternatives.box.addEventListener('pointerenter', () => clearTimeout(alternatives.hiding));
  alternatives.box.addEventListener('pointerleave', () => alternatives.hideSoon());
  document.addEventListener('keydown', (event) => { if (event.key === 'Escape') alternatives.hide(); });
}

new ResizeObserver(() => {
