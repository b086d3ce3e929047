/** The corners of the link that leaves stage `index`, or at 0 the coordinator; the last stage's goes back to that. */
function route(boxes, index, gutter) {
  const [coordinator, first] = boxes, from = boxes[index], to = boxes[(index + 1) % boxes.length];
  const across = (box, share = 0.5) => box.left + share * (box.right - box.left);
  const down = (box) => (box.top + box.bottom) / 2;
  const alone = boxes.length === 2;
  if (index === 0) {
    const x = across(first, alone ? 0.3 : 0.5);
    return [[x, coordinator.bottom], [x, first.top]];
  }
  if (to === coordinator) {
    const x = across(from, alone ? 0.7 : 0.5);
    if (from.top < first.bottom) return [[x, from.top], [x, coordinator.bottom]];
    return [[from.right, down(from)], [gutter, down(from)], [gutter, down(coordinator)], [to.right, down(coordinator)]];
  }
  if (to.top < from.bottom) return [[from.right, down(from)], [to.left, down(from)]];
  const between = (from.bottom + to.top) / 2;
  return [[across(from), from.bottom], [across(from), between], [across(to), between], [across(to), to.top]];
}

function arrowHead(points) {
  const [[x0, y0], [x, y]] = points.slice(-2);
  const dx = 5 * Math.sign(x - x0), dy = 5 * Math.sign(y - y0);
  return `M${x - dx - dy},${y - dy - dx}L${x},${y}L${x - dx + dy},${y - dy + dx}`;
}
