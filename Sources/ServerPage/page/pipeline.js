const pipeline = {
  NARROWEST: 132, GUTTER: 20,  // pixels: of a card, and for the way back from the last row
  FIGURES: {
    figures: [['written, tokens/s', 'Tokens of texts, over the last two seconds'],
      ['read, tokens/s', 'Tokens of prompts, over the last two seconds'],
      ['requests running', 'They have a place in the caches'], ['requests waiting', 'They wait for a place'],
      ['requests finished', 'Answered since the server began, refused ones too']],
    'more-figures': [['micro-batches in flight', 'Groups of rows that are on their way through the stages'],
      ['cache used, tokens', 'Set aside for running requests, of what the workers have memory for'],
      ['places used', 'Sequences in the caches, of those they have room for'],
      ['losses', 'Workers and links that were lost since the server began'],
      ['recoveries', 'Times that work went on after losses'],
      ['rows read again', 'Rows that were computed anew, since a loss took what came of them']],
  },
  COLUMNS: [
    ['stage', 'Its place in the pipeline', (s) => s.label], ['worker', 'The name of who computes it', (s) => s.worker],
    ['address', 'Where its worker takes rows', (s) => s.address || 'this process'],
    ['blocks', 'The blocks of the model it has', (s) => blocksOf(s)],
    ['threads', 'It computes with so many', (s) => number(s.threads)],
    ['kernels', 'The instruction set it computes with', (s) => s.kernels],
    ['busy', 'Share of the last two seconds in which it computed', (s) => percent(s.busy, 1)],
    ['compute', 'Time it computed since the server began', (s) => duration(s.compute_seconds)],
    ['wait', 'Time it had nothing to do while others had', (s) => duration(s.wait_seconds)],
    ['send', 'Time it handed rows on', (s) => duration(s.send_seconds)],
    ['sent', 'What it handed on', (s) => bytes(s.bytes_sent)],
    ['micro-batches', 'Groups of rows it computed', (s) => number(s.micro_batches)],
    ['rows', 'Rows it computed, one for each token', (s) => number(s.rows)],
  ],
  stations: [],  // The coordinator, then the stages: {card, link, busy, meter, …}

  show(answer) {
    this.showFigures(answer);
    const all = answer.coordinator ? [answer.coordinator, ...answer.stages].map(named) : [];
    if (all.length !== this.stations.length) this.build(all.length);
    all.forEach((station, index) => this.showStation(this.stations[index], station, answer));
    byId('rows').replaceChildren(...all.map((station) => make('tr', {}, ...this.COLUMNS.map(([, , text], index) =>
      (index ? make('td', {}, text(station)) : make('th', { scope: 'row' }, text(station)))))));
  },

  showFigures({ tokens_per_second: rate, requests, micro_batches_in_flight: inFlight, cache, recovery, spares }) {
    const share = (used, all) => `${number(used)} / ${number(all)}`;
    const values = {
      figures: [number(rate.generated, 1), number(rate.read, 1), number(requests.running), number(requests.waiting),
        number(requests.finished)],
      'more-figures': [number(inFlight), share(cache.positions_used, cache.positions),
        share(cache.slots_used, cache.slots), number(recovery.losses), number(recovery.recoveries),
        number(recovery.rows_replayed)],
    };
    byId('spares').hidden = !spares.length;
    say(byId('spares'), `Spares, for when a stage is lost: ${spares.map(spareText).join(', ')}`);
    for (const [id, names] of Object.entries(this.FIGURES)) {
      const list = byId(id);
      if (!list.children.length) {
        list.append(...names.map(([name, title]) => make('div', { title }, make('dt', {}, name), make('dd'))));
      }
      values[id].forEach((value, index) => say(list.children[index].lastChild, value));
    }
  },

  build(count) {
    const svg = 'http://www.w3.org/2000/svg';
    this.stations = Array.from({ length: count }, () => {
      const link = document.createElementNS(svg, 'g');
      link.append(document.createElementNS(svg, 'path'), document.createElementNS(svg, 'path'));
      const part = { link, samples: [], slice: make('i'), meter: make('i') };
      for (const name of ['name', 'blocks', 'place', 'busy', 'sends']) part[name] = make('span');
      part.busy.className = 'busy';
      part.card = make('div', { className: 'station' },
        make('div', {}, make('strong', { className: 'cut' }, part.name),
          make('span', { className: 'number' }, part.busy, make('span', { className: 'busy-word' }, ' busy'))),
        make('span', { className: 'meter', ariaHidden: 'true' }, part.meter),
        make('div', { className: 'blocks' }, part.blocks),
        make('span', { className: 'meter slice', ariaHidden: 'true' }, part.slice),
        make('div', { className: 'hint cut' }, part.place),
        make('div', { className: 'hint cut' }, part.sends));
      return part;
    });
    const cards = this.stations.map((part) => part.card);
    byId('coordinator').replaceChildren(...cards.slice(0, 1));
    byId('stages').replaceChildren(...cards.slice(1).map((card) => make('li', {}, card)));
    byId('links').replaceChildren(...(count > 1 ? this.stations.map((part) => part.link) : []));
    this.arrange();
  },

  showStation(part, station, { now, model: shape }) {
    say(part.name, station.label);
    say(part.busy, percent(station.busy));
    part.meter.style.width = `${100 * Math.min(1, station.busy)}%`;
    say(part.blocks, station.blocks ? blocksOf(station) : '');
    if (station.blocks && shape) {
      part.slice.style.left = `${100 * station.blocks[0] / shape.blocks}%`;
      part.slice.style.width = `${100 * (station.blocks[1] - station.blocks[0] + 1) / shape.blocks}%`;
    }
    say(part.place, station.blocks
      ? [station.worker, station.address.replace(/^tcp:\/\//, '') || 'this process'].filter(Boolean).join(', ')
      : 'embeds tokens in, samples tokens out');
    part.card.title = [station.worker, station.address || 'this process',
      `${number(station.threads)} ${station.threads === 1 ? 'thread' : 'threads'}`, station.kernels].filter(Boolean).join(', ');
    // A link's rate over the last two seconds, as the busy share.
    const last = part.samples.at(-1);
    if (last && (now <= last.now || station.bytes_sent < last.sent)) part.samples = [];
    part.samples.push({ now, sent: station.bytes_sent });
    while (part.samples.length > 2 && now - part.samples[0].now > 2.2) part.samples.shift();
    const first = part.samples[0];
    const rate = now > first.now ? (station.bytes_sent - first.sent) / (now - first.now) : 0;
    say(part.sends, `sends ${bytes(rate)}/s`);
    part.link.setAttribute('class', rate > 0 ? 'active' : '');
  },

  /** The server does not answer: nothing that is shown may look alive. */
  idle() {
    for (const part of this.stations) {
      part.samples = [];
      part.link.setAttribute('class', '');
    }
  },

  /** Even rows of cards, and the links between them. */
  arrange() {
    const list = byId('stages'), count = this.stations.length - 1;
    if (count < 1 || !list.offsetWidth) return;
    const gap = parseFloat(getComputedStyle(list).columnGap);
    const origin = byId('pipe').getBoundingClientRect();
    const most = Math.max(1, Math.floor((origin.width - this.GUTTER + gap) / (this.NARROWEST + gap)));
    const rows = Math.ceil(count / most);
    list.style.gridTemplateColumns = `repeat(${Math.ceil(count / rows)}, minmax(0, 1fr))`;
    byId('pipe').style.paddingRight = rows > 1 ? `${this.GUTTER}px` : 0;
    const boxes = this.stations.map(({ card }) => {
      const { x, y, width, height } = card.getBoundingClientRect(), left = x - origin.x, top = y - origin.y;
      return { left, top, right: left + width, bottom: top + height };
    });
    this.stations.forEach(({ link }, index) => {
      const points = route(boxes, index, origin.width - 6);
      link.firstChild.setAttribute('d', 'M' + points.map((point) => point.join(',')).join('L'));
      link.lastChild.setAttribute('d', arrowHead(points));
    });
  },
};
byId('columns').append(...pipeline.COLUMNS.map(([name, title]) => make('th', { scope: 'col', title }, name)));
