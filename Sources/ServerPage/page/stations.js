/** What a stage is called wherever it is shown, and the name of its worker, if that says more. */
function named(station, index) {
  const label = index ? `stage ${index}` : 'coordinator';
  return { ...station, label, worker: station.name.replace('-', ' ') === label ? '' : station.name };
}

/** A spare's name, and what it holds. */
function spareText({ name, first_block: first, last_block: last, ready }) {
  if (first === undefined) return name;
  return `${name} (${blocksOf({ blocks: [first, last] })}${ready ? '' : ', loading'})`;
}

function blocksOf({ blocks }) {
  if (!blocks) return '';
  return blocks[0] === blocks[1] ? `block ${blocks[0]}` : `blocks ${blocks[0]}–${blocks[1]}`;
}
