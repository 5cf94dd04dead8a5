// The points of the map, in typed arrays: read from the server's bytes, drawn into an image pixel by pixel, and
// found by place. No library and no WebGL: a million points are drawn in a moment on any machine.

const SIDE = 65_535; // places are whole numbers from 0 to this
const HIDDEN = 255; // the doubt of a row that nobody may know yet, and the reason of a row that has none
const SHADES = 256; // of doubt
const MARGIN = 16; // pixels around the image, so that no point at its edge needs a test

// ---------------------------------------------------------------- reading

/** The columns of the map, as `pack_points` packs them. */
function readPoints(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  let at = 4 + length;
  const next = (type, n) => {
    at += -at & 7;
    const column = new type(buffer, at, n);
    at += column.byteLength;
    return column;
  };
  const code = head.labelBytes === 1 ? Uint8Array : Uint16Array;
  const n = head.points;
  const marks = next(Uint8Array, Math.ceil(head.rows / 8));
  const columns = { x: next(Uint16Array, n), y: next(Uint16Array, n), doubt: next(Uint8Array, n), reason: next(Uint8Array, n), given: next(code, n), suggested: next(code, n), isQueued: next(Uint8Array, Math.ceil(n / 8)) };
  return { ...head, ...columns, row: listBits(marks, n), order: orderByDoubt(columns.doubt) };
}

/** The places of the bits that are 1. */
function listBits(marks, n) {
  const places = new Uint32Array(n);
  for (let at = 0, found = 0; found < n; at++) if ((marks[at >> 3] >> (at & 7)) & 1) places[found++] = at;
  return places;
}

/** The points, least doubted first: those that are drawn last are on top. */
function orderByDoubt(doubt) {
  const starts = new Uint32Array(SHADES + 1);
  const shade = (at) => (doubt[at] === HIDDEN ? 0 : doubt[at]);
  for (let at = 0; at < doubt.length; at++) starts[shade(at) + 1]++;
  for (let at = 0; at < SHADES; at++) starts[at + 1] += starts[at];
  const order = new Uint32Array(doubt.length);
  for (let at = 0; at < doubt.length; at++) order[starts[shade(at)]++] = at;
  return order;
}

// ---------------------------------------------------------------- drawing

/** The pixels of a disc, as steps from its middle: those inside, and those on its rim with how much of them is covered. */
function makeStamp(radius, width) {
  const inside = [];
  const rim = [];
  const reach = Math.ceil(radius + 0.5);
  for (let y = -reach; y <= reach; y++) {
    for (let x = -reach; x <= reach; x++) {
      const covered = Math.min(1, radius + 0.5 - Math.hypot(x, y));
      if (covered >= 0.95) inside.push(y * width + x);
      else if (covered > 0.1) rim.push([y * width + x, covered]);
    }
  }
  return { inside: Int32Array.from(inside), rim: Int32Array.from(rim.map(([step]) => step)), covered: Int32Array.from(rim.map(([, share]) => Math.round(256 * share))) };
}

/** A colour over another one, of which it covers some 256ths. */
function coverPixel(under, over, covered) {
  const left = 256 - covered;
  const redAndBlue = ((under & 0xff00ff) * left + (over & 0xff00ff) * covered) >>> 8;
  const green = ((under & 0xff00) * left + (over & 0xff00) * covered) >>> 8;
  return 0xff000000 | (redAndBlue & 0xff00ff) | (green & 0xff00);
}

/**
 * Draws the points of some kind, in their order.
 *
 * `pixels` is the image with a margin around it, `kinds` the kind of each point, and `inks` the colour of each.
 */
function drawPoints(points, { pixels, width, height, view, kinds, kind, inks, radius, halo }) {
  const { x, y, order } = points;
  const whole = width + 2 * MARGIN;
  const { inside, rim, covered } = makeStamp(radius, whole);
  const outer = makeStamp(radius + 1, whole).inside;
  const nOuter = halo === null ? 0 : outer.length;
  for (let place = 0; place < order.length; place++) {
    const at = order[place];
    if (kinds[at] !== kind) continue;
    const left = Math.round((x[at] - view.x) * view.scale + width / 2);
    const top = Math.round((view.y - y[at]) * view.scale + height / 2);
    if (left < -MARGIN / 2 || top < -MARGIN / 2 || left >= width + MARGIN / 2 || top >= height + MARGIN / 2) continue;
    const middle = (top + MARGIN) * whole + left + MARGIN;
    const ink = inks[at];
    for (let step = 0; step < nOuter; step++) pixels[middle + outer[step]] = halo;
    for (let step = 0; step < inside.length; step++) pixels[middle + inside[step]] = ink;
    for (let step = 0; step < rim.length; step++) {
      const pixel = middle + rim[step];
      pixels[pixel] = coverPixel(pixels[pixel], ink, covered[step]);
    }
  }
}

// ---------------------------------------------------------------- finding

const BANDS = 256;

/** Which points are in a polygon of whole numbers: those with an odd number of sides to their right, as on the server. */
function findInside(corners, { x, y }) {
  const n = corners.length / 2;
  const bands = Array.from({ length: BANDS }, () => []);
  let [west, east, south, north] = [SIDE, 0, SIDE, 0];
  for (let at = 0; at < n; at++) {
    const [x1, y1] = [corners[2 * at], corners[2 * at + 1]];
    const next = (at + 1) % n;
    const [x2, y2] = [corners[2 * next], corners[2 * next + 1]];
    [west, east, south, north] = [Math.min(west, x1), Math.max(east, x1), Math.min(south, y1), Math.max(north, y1)];
    if (y1 === y2) continue;
    for (let band = Math.min(y1, y2) >> 8; band <= Math.max(y1, y2) >> 8; band++) bands[band].push(x1, y1, x2, y2);
  }
  const sides = bands.map((band) => Int32Array.from(band));
  const inside = new Uint8Array(x.length);
  for (let at = 0; at < x.length; at++) {
    const left = x[at];
    const up = y[at];
    if (left < west || left > east || up < south || up > north) continue;
    const band = sides[up >> 8];
    let odd = 0;
    for (let side = 0; side < band.length; side += 4) {
      const y1 = band[side + 1];
      const y2 = band[side + 3];
      if (y1 > up === y2 > up) continue;
      const turn = (band[side + 2] - band[side]) * (up - y1) - (left - band[side]) * (y2 - y1);
      if (y2 > y1 ? turn > 0 : turn < 0) odd ^= 1;
    }
    inside[at] = odd;
  }
  return inside;
}

/** The point nearest to a place, if it is near enough: of points at the same distance the one on top; else -1. */
function findNearest({ x, y, doubt }, left, up, reach, kinds) {
  let found = -1;
  let least = reach * reach;
  for (let at = 0; at < x.length; at++) {
    const across = x[at] - left;
    const along = y[at] - up;
    if (across > reach || across < -reach || along > reach || along < -reach) continue;
    // a point outside the filter counts only where there is no other
    const far = across * across + along * along + (kinds[at] === 0 ? (reach * reach) / 4 : 0);
    const isOver = far === least && found >= 0 && doubt[at] > doubt[found];
    if (far < least || isOver) [found, least] = [at, far];
  }
  return found;
}

/** A drawn line with fewer corners: none that is nearer than some pixels to the straight line between its neighbours. */
function simplifyLine(line, tolerance, most) {
  const kept = new Uint8Array(line.length).fill(0);
  kept[0] = kept[line.length - 1] = 1;
  const stack = [[0, line.length - 1]];
  while (stack.length) {
    const [first, last] = stack.pop();
    const [[x1, y1], [x2, y2]] = [line[first], line[last]];
    const length = Math.hypot(x2 - x1, y2 - y1);
    let [far, farthest] = [tolerance, -1];
    for (let at = first + 1; at < last; at++) {
      const [x, y] = line[at];
      const off = length ? Math.abs((x2 - x1) * (y1 - y) - (x1 - x) * (y2 - y1)) / length : Math.hypot(x - x1, y - y1);
      if (off > far) [far, farthest] = [off, at];
    }
    if (farthest < 0) continue;
    kept[farthest] = 1;
    stack.push([first, farthest], [farthest, last]);
  }
  const found = line.filter((_, at) => kept[at]);
  return found.length > most ? simplifyLine(line, tolerance * 2, most) : found;
}
