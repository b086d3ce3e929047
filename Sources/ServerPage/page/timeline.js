const timeline = {
  KEPT: 4000,  // micro-batches
  canvas: byId('timeline'), batches: [], names: [], now: 0, finished: 0, latest: null,
  span: 5, paused: false, pointed: null, chosen: null, frozen: null,

  take({ now, timeline: fresh, coordinator, stages, requests }) {
    if (now < this.now || requests.finished < this.finished) this.forget();  // The server has started anew.
    Object.assign(this, { now, finished: requests.finished });
    this.names = coordinator ? [coordinator, ...stages].map((station, index) => named(station, index).label) : [];
    for (const batch of fresh) {
      if (this.latest !== null && batch.sequence <= this.latest) continue;
      this.latest = batch.sequence;
      this.batches.push(batch);
    }
    const old = now - 10;
    if (!this.held) this.batches = this.batches.filter((batch) => batch.finish[1] > old);
    this.batches = this.batches.slice(-this.KEPT);
    this.draw();
  },

  forget() { Object.assign(this, { batches: [], latest: null, now: 0, finished: 0, chosen: null, pointed: null }); },

  /** A view under the pointer, or paused, stays as it is. */
  get held() { return this.paused || this.pointed !== null; },

  /** The time at the right edge: now, or for a short span the end of the newest micro-batch. */
  get edge() {
    if (this.held && this.frozen !== null) return this.frozen;
    this.frozen = this.span >= 5 ? this.now : this.batches.at(-1)?.finish[1] ?? this.now;
    return this.frozen;
  },

  /** Where everything is, in CSS pixels. */
  layout() {
    const width = this.canvas.clientWidth, lanes = Math.max(1, this.names.length);
    const lane = lanes > 8 ? 20 : lanes > 3 ? 26 : 34;
    const left = Math.min(112, Math.round(0.2 * width));
    return { width, lane, left, height: lanes * lane + 22, right: width - 8, lanes };
  },

  /** A micro-batch's boxes: [lane, start, end, part of the lane from, to]. */
  boxes(batch) {
    return [[0, ...batch.embed, 0, 0.48], ...batch.stages.map(([start, end], index) => [index + 1, start, end, 0, 1]),
      [0, ...batch.finish, 0.52, 1]];
  },

  draw() {
    const { width, lane, left, height, right, lanes } = this.layout();
    if (!width) return;
    const scale = devicePixelRatio || 1, canvas = this.canvas, style = getComputedStyle(document.body);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    const [ink, muted, line, boxInk] = ['ink', 'muted', 'line', 'box-ink'].map(colour);
    const boxColours = [0, 1, 2, 3].map((index) => colour(`box-${index}`));
    canvas.style.height = `${height}px`;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const pen = canvas.getContext('2d');
    pen.scale(scale, scale);
    pen.font = `12px ${style.fontFamily}`;
    pen.textBaseline = 'middle';

    const edge = this.edge, x = (time) => right + (time - edge) / this.span * (right - left);
    const ticks = width < 480 ? 2 : 5;
    for (let tick = 0; tick <= ticks; tick++) {
      const at = Math.round(left + (right - left) * tick / ticks);
      pen.fillStyle = line;
      pen.fillRect(at, 0, 1, height - 20);
      pen.fillStyle = muted;
      const ago = this.span * (ticks - tick) / ticks;
      pen.textAlign = tick === ticks ? 'right' : 'center';
      pen.fillText(ago ? `−${duration(ago)}` : this.span >= 5 ? 'now' : 'latest', at, height - 9);
    }
    pen.textAlign = 'left';
    const fit = this.names.every((name) => pen.measureText(name).width < left - 6);
    for (let row = 0; row < lanes; row++) {
      pen.fillStyle = ink;
      const name = this.names[row] ?? '';
      pen.fillText(fit || row ? name : 'coord.', 0, row * lane + lane / 2, left - 4);
      pen.fillStyle = line;
      pen.fillRect(left, (row + 1) * lane - 1, right - left, 1);
    }

    pen.save();
    pen.beginPath(); pen.rect(left, 0, right - left, height); pen.clip();
    pen.textAlign = 'center';
    const marked = this.pointed ?? this.chosen, ends = new Array(2 * lanes).fill(-Infinity);
    let drawn = 0;
    for (const batch of this.batches) {
      if (batch.finish[1] < edge - this.span || batch.embed[0] > edge) continue;
      pen.globalAlpha = marked && marked !== batch ? 0.3 : 1;
      for (const [row, start, end, from, to] of this.boxes(batch)) {
        const at = x(start), size = Math.max(1, x(end) - at - (x(end) - at > 4 ? 1 : 0)), slot = 2 * row + (from > 0);
        drawn++;
        if (at + size < ends[slot] + 0.4 && marked !== batch) continue;  // Within a pixel that is painted already.
        ends[slot] = at + size;
        const top = row * lane + 3 + from * (lane - 6), tall = (to - from) * (lane - 6);
        pen.fillStyle = boxColours[size < 3 ? 0 : batch.sequence % boxColours.length];  // Hairlines in one colour.
        pen.fillRect(at, top, size, tall);
        if (size > 30 && tall > 12) {
          pen.fillStyle = boxInk;
          pen.fillText(number(batch.rows), at + size / 2, top + tall / 2 + 0.5);
        }
      }
    }
    pen.globalAlpha = 1;
    if (marked) this.drawPath(pen, marked, x, lane, ink);
    pen.restore();
    pen.fillStyle = muted;
    if (!drawn) pen.fillText('no micro-batches', left + 10, lane * lanes / 2);
    canvas.dataset.boxes = drawn;
    canvas.setAttribute('aria-label', `Timeline: ${number(drawn)} boxes of micro-batches in ${number(lanes)} rows over `
      + `${duration(this.span)}. Left and right arrow keys go from micro-batch to micro-batch.`);
    this.read(marked);
  },

  /** The way of one micro-batch, from lane to lane. */
  drawPath(pen, batch, x, lane, ink) {
    pen.strokeStyle = ink;
    pen.lineWidth = 1.5;
    pen.beginPath();
    for (const [row, start, end, from, to] of this.boxes(batch)) {
      const middle = row * lane + 3 + (from + to) / 2 * (lane - 6);
      pen.lineTo(x(start), middle);
      pen.lineTo(x(end), middle);
    }
    pen.stroke();
  },

  read(batch) {
    if (!batch) {
      say(byId('reading'), 'A micro-batch is a group of rows that pass the stages together. Each box is one: embedded (upper '
        + 'half of the first row), at the stages, finished (lower half). A number is its rows. Point at one, or use the arrow keys.');
      return;
    }
    const stages = batch.stages.map(([start, end], index) => `${this.names[index + 1] ?? `stage ${index + 1}`} ${duration(end - start)}`);
    say(byId('reading'), `Micro-batch ${batch.sequence}, ${number(batch.rows)} ${batch.rows === 1 ? 'row' : 'rows'}, `
      + `${duration(batch.finish[1] - batch.embed[0])} in all: embed ${duration(batch.embed[1] - batch.embed[0])}, `
      + `${stages.join(', ')}, finish ${duration(batch.finish[1] - batch.finish[0])}`);
  },

  /** The micro-batch whose box is nearest to a point, within 4 pixels. */
  at(pointX, pointY) {
    const { lane, left, right, lanes } = this.layout();
    const row = Math.floor(pointY / lane), lower = (pointY - row * lane) / lane > 0.5;
    if (row < 0 || row >= lanes) return null;
    const edge = this.edge, x = (time) => right + (time - edge) / this.span * (right - left);
    let best = null, nearest = 4;
    for (const batch of this.batches) {
      const [start, end] = row ? batch.stages[row - 1] ?? [] : lower ? batch.finish : batch.embed;
      const distance = Math.max(x(start) - pointX, pointX - x(end), 0);
      if (distance < nearest) [best, nearest] = [batch, distance];
    }
    return best;
  },

  pause(paused) {
    this.paused = paused;
    if (!paused) this.chosen = null;
    byId('pause').setAttribute('aria-pressed', paused);
    this.draw();
  },

  step(by) {
    const edge = this.edge;
    const seen = this.batches.filter((batch) => batch.finish[1] >= edge - this.span && batch.embed[0] <= edge);
    if (!seen.length) return;
    const index = this.chosen ? seen.indexOf(this.chosen) + by : seen.length - 1;
    this.chosen = seen[Math.max(0, Math.min(seen.length - 1, index))];
    this.pause(true);
  },
};

timeline.canvas.addEventListener('pointermove', (event) => {
  const found = timeline.at(event.offsetX, event.offsetY);
  if (found === timeline.pointed) return;
  timeline.pointed = found;
  timeline.draw();
});
timeline.canvas.addEventListener('pointerleave', () => { timeline.pointed = null; timeline.draw(); });
timeline.canvas.addEventListener('click', (event) => {
  timeline.chosen = timeline.at(event.offsetX, event.offsetY);
  timeline.pause(timeline.chosen !== null);
});
timeline.canvas.addEventListener('keydown', (event) => {
  const action = { ArrowLeft: () => timeline.step(-1), ArrowRight: () => timeline.step(1),
    Escape: () => timeline.pause(false) }[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});
byId('pause').addEventListener('click', () => timeline.pause(!timeline.paused));
byId('span').addEventListener('change', (event) => {
  Object.assign(timeline, { span: Number(event.target.value), frozen: null });
  timeline.draw();
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => timeline.draw());
