// The map: every row a point, like rows near each other. A part of it that is drawn around is a filter like any
// other: the cards, the list and the buttons that decide on all rows of a filter follow it.

const OUTSIDE = 0; // kinds of points: outside the filter, not among the rows of the queue, and all others
const BESIDE = 1;
const CHOSEN = 2;
const MOST_CORNERS = 150; // of a drawn region
const CLOSENESS = 1.5; // px that a drawn line may be off
const REACH = 10; // px from the pointer to a point
const MOST_ZOOM = 150;
const ASK_AGAIN = 1_500; // ms, for a map that is being made
const SHOW_AFTER = 60; // ms that the pointer rests on a point
const HALOS = 5_000; // with more points they have no rim

const map = {
  points: null, // as `readPoints` gives them
  mask: null, // bits: 1 if the filter, without its region, lets the row through
  states: null, // what became of each row
  inside: null, // 1 if it is in the region; null without one
  kinds: null,
  inks: null,
  view: { x: SIDE / 2, y: SIDE / 2, scale: 0 }, // what is in the middle, and device pixels for each step
  pixels: null,
  line: null, // what is being drawn, in places of the map
  tool: "lasso",
  hovered: -1,
  waiting: 0,
};

const isBit = (bits, at) => (bits[at >> 3] >> (at & 7)) & 1;
const bytesOf = async (question, body) => (await ask(question, body)).buffer;

// ---------------------------------------------------------------- what is asked

/** Draws the map as the filter has it; the points come with the first call. */
async function drawMap() {
  if (!byId("map-stage")) buildMap();
  drawMapTools();
  const { region, ...rest } = place.filter;
  try {
    if (!(await fetchPoints())) return;
    const [mask, states] = await Promise.all([bytesOf("mask", { filter: rest }), bytesOf("states")]);
    [map.mask, map.states] = [new Uint8Array(mask), new Uint8Array(states)];
  } catch (error) {
    return isTrouble(error) ? showTrouble(error, drawMap) : say(error.message);
  }
  takeRegion(region);
  colourPoints();
}

/** Asks for the points, if there are new ones; whether there are any. The points under a region stay as they are. */
async function fetchPoints() {
  clearTimeout(map.waiting);
  if (map.points && (place.filter.region || map.line)) return true;
  const found = await ask("map", { seen: map.points?.edition ?? "" });
  if (found instanceof Int32Array) {
    const points = readPoints(found.buffer);
    Object.assign(map, { points, kinds: new Uint8Array(points.points), inks: new Uint32Array(points.points), hovered: -1 });
  }
  if (found.state === "trouble") byId("map-note").textContent = found.why;
  if (found.state === "making") byId("map-note").textContent = "The map is being made …";
  const mayImprove = found.state === "making" || (map.points && !map.points.isFinal);
  if (mayImprove) map.waiting = setTimeout(() => place.view === "map" && drawMap(), ASK_AGAIN);
  return map.points !== null;
}

// ---------------------------------------------------------------- what is drawn

/** The region of the filter, and which points are in it; one of another map is let go. */
function takeRegion(text) {
  const [name, corners] = text?.split(":") ?? [];
  if (text && name !== map.points.name) {
    say("The lasso was drawn on another map: draw it again.");
    delete place.filter.region;
    return moveTo({});
  }
  map.corners = text ? corners.split(",").map(Number) : null;
  map.inside = map.corners && findInside(map.corners, map.points);
}

/** Gives each point its kind and its colour, and draws all. */
function colourPoints() {
  const { points, mask, inside, kinds, inks } = map;
  const isAll = place.scope === "all";
  const palette = makePalette();
  for (let at = 0; at < points.points; at++) {
    const isIn = isBit(mask, at) && (inside === null || inside[at]);
    kinds[at] = !isIn ? OUTSIDE : isAll || isBit(points.isQueued, at) ? CHOSEN : BESIDE;
    const ink = palette.inkOf(at);
    inks[at] = kinds[at] === CHOSEN ? ink : kinds[at] === BESIDE ? mixInk(palette.paper, ink, palette.faint) : palette.outside;
  }
  drawMapLegend(palette);
  drawMapNote();
  paintSoon();
}

let painting = 0;

function paintSoon() {
  painting ||= requestAnimationFrame(() => {
    painting = 0;
    paint();
  });
}

/** Draws all points, those of the filter over the others, and the line around the region. */
function paint() {
  if (!map.points || place.view !== "map") return;
  const canvas = byId("map-canvas");
  const { width, height } = fitCanvas(canvas);
  const whole = width + 2 * MARGIN;
  if (map.pixels?.image.width !== whole || map.pixels.image.height !== height + 2 * MARGIN) {
    const image = new ImageData(whole, height + 2 * MARGIN);
    map.pixels = { image, numbers: new Uint32Array(image.data.buffer) };
  }
  const paper = inkOf("--card", getComputedStyle(canvas));
  map.pixels.numbers.fill(paper);
  const { points, view, kinds, inks } = map;
  const radius = chooseRadius();
  const shared = { pixels: map.pixels.numbers, width, height, view, kinds, inks };
  drawPoints(points, { ...shared, kind: OUTSIDE, radius: radius * 0.75, halo: null });
  drawPoints(points, { ...shared, kind: BESIDE, radius: radius * 0.85, halo: null });
  drawPoints(points, { ...shared, kind: CHOSEN, radius, halo: points.points <= HALOS ? paper : null });
  canvas.getContext("2d").putImageData(map.pixels.image, -MARGIN, -MARGIN);
  paintOver();
}

/** Gives a canvas as many pixels as the screen has for it. */
function fitCanvas(canvas) {
  const ratio = devicePixelRatio || 1;
  const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  if (!map.view.scale) map.view.scale = fitScale(canvas);
  return canvas;
}

const fitScale = ({ width, height }) => (0.94 * Math.min(width, height)) / SIDE;

function chooseRadius() {
  const ratio = devicePixelRatio || 1;
  const size = Math.max(0.7, 3.6 - Math.log10(Math.max(1, map.points.points / 300)));
  const zoom = map.view.scale / fitScale(byId("map-canvas"));
  return Math.min(7, ratio * Math.min(size * zoom ** 0.3, 5.5));
}

/** The line around the region, and a ring around the point under the pointer. */
function paintOver() {
  const canvas = fitCanvas(byId("map-over"));
  const context = canvas.getContext("2d");
  const ratio = devicePixelRatio || 1;
  context.clearRect(0, 0, canvas.width, canvas.height);
  const style = getComputedStyle(canvas);
  [context.strokeStyle, context.lineJoin] = [style.color, "round"];
  const line = map.line ?? (map.corners && pairsOf(map.corners));
  if (line?.length) {
    context.beginPath();
    for (const [x, y] of line) context.lineTo(...toScreen(x, y));
    context.closePath();
    context.lineWidth = 1.5 * ratio;
    context.setLineDash(map.line ? [4 * ratio, 3 * ratio] : []);
    context.stroke();
  }
  if (map.hovered >= 0) {
    context.beginPath();
    context.setLineDash([]);
    context.arc(...toScreen(map.points.x[map.hovered], map.points.y[map.hovered]), chooseRadius() + 3 * ratio, 0, 2 * Math.PI);
    context.lineWidth = 2 * ratio;
    context.stroke();
  }
}

const pairsOf = (numbers) => Array.from({ length: numbers.length / 2 }, (_, at) => [numbers[2 * at], numbers[2 * at + 1]]);

const toScreen = (x, y) => {
  const { width, height } = byId("map-canvas");
  return [(x - map.view.x) * map.view.scale + width / 2, (map.view.y - y) * map.view.scale + height / 2];
};

/** The place of the map under a pointer. */
const toPlace = ({ clientX, clientY }) => {
  const box = byId("map-canvas").getBoundingClientRect();
  const ratio = devicePixelRatio || 1;
  const { x, y, scale } = map.view;
  return [x + ((clientX - box.left - box.width / 2) * ratio) / scale, y - ((clientY - box.top - box.height / 2) * ratio) / scale];
};

// ---------------------------------------------------------------- moving on it

/** Makes the map larger or smaller; a place stays where it is. */
function zoomMap(by, [x, y] = [map.view.x, map.view.y]) {
  const { view } = map;
  const least = fitScale(byId("map-canvas"));
  const scale = Math.min(least * MOST_ZOOM, Math.max(least * 0.8, view.scale * by));
  const share = 1 - view.scale / scale;
  [view.x, view.y, view.scale] = [view.x + (x - view.x) * share, view.y + (y - view.y) * share, scale];
  hideHovered();
  paintSoon();
}

function showAll() {
  map.view = { x: SIDE / 2, y: SIDE / 2, scale: 0 };
  paintSoon();
}

function panMap(right, up) {
  const { view } = map;
  const clip = (value) => Math.min(SIDE, Math.max(0, value));
  [view.x, view.y] = [clip(view.x + right / view.scale), clip(view.y + up / view.scale)];
  hideHovered();
  paintSoon();
}

const MAP_KEYS = {
  "+": () => zoomMap(1.5),
  "=": () => zoomMap(1.5),
  "-": () => zoomMap(1 / 1.5),
  "0": showAll,
  ArrowLeft: () => panMap(-80, 0),
  ArrowRight: () => panMap(80, 0),
  ArrowUp: () => panMap(0, 80),
  ArrowDown: () => panMap(0, -80),
  Escape: () => (map.line ? dropLine() : clearRegion()),
};

function onMapKey(event) {
  const run = event.ctrlKey || event.metaKey || event.altKey ? null : MAP_KEYS[event.key];
  if (!run) return;
  event.preventDefault();
  event.stopPropagation();
  run();
}

// ---------------------------------------------------------------- the pointer

/** A drag draws a region, or moves the map; the other one with Shift. A click opens the point under it. */
function onMapDown(event) {
  if (event.button !== 0 || !map.points) return;
  const canvas = byId("map-over");
  canvas.setPointerCapture(event.pointerId);
  const start = [event.clientX, event.clientY];
  const isLasso = (map.tool === "lasso") !== event.shiftKey;
  let last = start;
  let isDrag = false;
  const line = [toPlace(event)];
  const onMove = (moved) => {
    isDrag ||= Math.hypot(moved.clientX - start[0], moved.clientY - start[1]) > 4;
    if (!isDrag) return;
    hideHovered();
    if (isLasso) {
      line.push(...(moved.getCoalescedEvents?.() ?? []).concat(moved).map(toPlace));
      map.line = line;
      requestAnimationFrame(paintOver);
    } else {
      const ratio = devicePixelRatio || 1;
      panMap((last[0] - moved.clientX) * ratio, (moved.clientY - last[1]) * ratio);
    }
    last = [moved.clientX, moved.clientY];
  };
  const finish = (ended) => {
    for (const [name, listener] of Object.entries(listeners)) canvas.removeEventListener(name, listener);
    if (ended.type === "pointercancel") return dropLine();
    if (!isDrag) return openPoint(ended);
    if (isLasso && map.line) closeLine();
  };
  const listeners = { pointermove: onMove, pointerup: finish, pointercancel: finish };
  for (const [name, listener] of Object.entries(listeners)) canvas.addEventListener(name, listener);
}

function dropLine() {
  map.line = null;
  paintSoon();
}

/** Makes the drawn line the region of the filter; what is in it is counted before the server is asked. */
function closeLine() {
  const line = simplifyLine(map.line, CLOSENESS / map.view.scale, MOST_CORNERS).map((pair) => pair.map((part) => Math.min(SIDE, Math.max(0, Math.round(part)))));
  map.line = null;
  if (line.length < 3) return paintSoon();
  const region = `${map.points.name}:${line.flat()}`;
  takeRegion(region);
  place.filter.region = region;
  sayRegion();
  colourPoints();
  moveTo({});
}

/** How many rows of the filter are in the region, and how many of them are open. */
function countRegion() {
  const { points, mask, states, inside } = map;
  const isAll = place.scope === "all";
  const found = { all: 0, listed: 0, open: 0 };
  for (let at = 0; at < points.points; at++) {
    if (!inside[at] || !isBit(mask, at)) continue;
    found.all++;
    if (!isAll && !isBit(points.isQueued, at)) continue;
    found.listed++;
    if (states[at] === 0) found.open++;
  }
  return found;
}

function sayRegion() {
  const box = byId("map-region");
  box.hidden = !map.inside;
  if (!map.inside) return;
  const { all, listed, open } = countRegion();
  const inQueue = place.scope === "all" ? "" : `, ${grouped(listed)} of them in the queue`;
  const decided = listed > open ? `, ${grouped(listed - open)} decided` : "";
  const button = (words, onclick, attributes = {}) => make("button", { type: "button", class: "chip quiet", onclick, ...attributes }, words);
  box.replaceChildren(
    make("b", { id: "map-count" }, counted(all, "row")),
    ` in the lasso${inQueue}${decided}`,
    ...(open ? [button(`Review ${grouped(open)} as cards`, () => moveTo({ view: "card", row: null }), { id: "review-region" })] : []),
    ...(listed < all ? [button(`Take all ${grouped(all)}`, () => moveTo({ scope: "all" }), { id: "whole-region", title: "Also the rows that are not in the queue" })] : []),
    ...(open > 1 ? [button(`Unusable: all ${grouped(open)}`, () => confirmBulk(`Call ${counted(open, "row")} unusable?`, `${counted(open, "row")} unusable`, "unusable"), { id: "unusable-region" })] : []),
    button("Clear the lasso", clearRegion, { id: "clear-region" })
  );
}

function clearRegion() {
  if (!place.filter.region) return;
  delete place.filter.region;
  takeRegion(null);
  moveTo({});
}

// ---------------------------------------------------------------- one point

let resting = 0;

function onMapHover(event) {
  if (!map.points || event.buttons) return;
  const [x, y] = toPlace(event);
  const found = findNearest(map.points, x, y, (REACH * (devicePixelRatio || 1)) / map.view.scale, map.kinds);
  if (found === map.hovered) return;
  map.hovered = found;
  paintOver();
  clearTimeout(resting);
  if (found < 0) return hideHovered();
  drawHovered(found);
  resting = setTimeout(async () => {
    if (!cards.has(map.points.row[found])) await loadCards([map.points.row[found]], drawMap);
    if (map.hovered === found) drawHovered(found);
  }, SHOW_AFTER);
}

function hideHovered() {
  clearTimeout(resting);
  map.hovered = -1;
  byId("map-card").hidden = true;
}

/** The row under the pointer in short: its labels and its doubt at once, its values when they have come. */
function drawHovered(at) {
  const { points } = map;
  const [given, suggested, doubt] = [points.given[at], points.suggested[at], points.doubt[at]];
  const card = cards.get(points.row[at]);
  const labels = make("p", { class: "map-labels" }, labelOf(given), ...(suggested === given ? [] : [" → ", labelOf(suggested, "suggested")]));
  const about = doubt === HIDDEN ? "doubt not shown yet" : `doubt ${score(doubt / (HIDDEN - 1))}`;
  const state = card && card.state !== "open" ? ` · ${card.state}` : "";
  const where = map.kinds[at] === OUTSIDE ? " · outside the filter" : map.kinds[at] === BESIDE ? " · not in the queue" : "";
  const box = byId("map-card");
  box.replaceChildren(labels, make("p", { class: "muted small" }, `${about}${state}${where}`), ...(card ? [excerptOf(card.values)] : []));
  box.hidden = false;
  const stage = byId("map-stage").getBoundingClientRect();
  const ratio = devicePixelRatio || 1;
  const [left, top] = toScreen(points.x[at], points.y[at]).map((part) => part / ratio);
  const isRight = left > stage.width / 2;
  const isLow = top > stage.height / 2;
  box.style.left = `${isRight ? Math.max(0, left - 16 - box.offsetWidth) : Math.min(left + 16, stage.width - box.offsetWidth)}px`;
  box.style.top = `${isLow ? Math.max(0, top - 12 - box.offsetHeight) : top + 12}px`;
}

/** Opens the card of the point under the pointer; rows outside the filter have to be let in first. */
function openPoint(event) {
  const [x, y] = toPlace(event);
  const found = findNearest(map.points, x, y, (REACH * (devicePixelRatio || 1)) / map.view.scale, map.kinds);
  if (found < 0) return;
  if (map.kinds[found] === OUTSIDE) return say("This row is outside the filter.");
  const row = map.points.row[found];
  moveTo({ view: "card", row, ...(map.kinds[found] === BESIDE ? { scope: "all" } : {}) });
}

// ---------------------------------------------------------------- the parts around it

function buildMap() {
  const over = make("canvas", { id: "map-over", onpointerdown: onMapDown, onpointermove: onMapHover, onpointerleave: hideHovered });
  over.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoomMap(1.0015 ** -Math.max(-300, Math.min(300, event.deltaY)), toPlace(event));
  }, { passive: false });
  const words = "Map of the rows. Arrow keys move it, plus and minus zoom, 0 shows all of it. Rows are also found with the filters, which the same buttons decide on.";
  const stage = make("div", { id: "map-stage", tabindex: "0", role: "application", "aria-label": words, onkeydown: onMapKey }, make("canvas", { id: "map-canvas" }), over, make("div", { id: "map-card", hidden: true }), make("div", { id: "map-zoom" }), make("div", { id: "map-region", role: "status", hidden: true }));
  byId("map-view").append(
    make("div", { id: "map-tools" }),
    stage,
    make("div", { id: "map-legend", role: "group", "aria-label": "Colours" }),
    make("p", { id: "map-note", class: "muted small" })
  );
  const zoom = (words, sign, onclick) => make("button", { type: "button", "aria-label": words, title: words, onclick }, sign);
  byId("map-zoom").append(zoom("Larger", "+", () => zoomMap(1.5)), zoom("Smaller", "−", () => zoomMap(1 / 1.5)), zoom("The whole map", "⤢", showAll));
  let size = 0;
  new ResizeObserver(([{ contentRect }]) => {
    const isFirst = size === 0;
    size = contentRect.width;
    if (map.points && !isFirst) paintSoon();
  }).observe(stage);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => map.mask && place.view === "map" && colourPoints());
}

function drawMapTools() {
  const segment = (isOn, words, onclick, attributes = {}) => make("button", { type: "button", "aria-pressed": String(isOn), onclick, ...attributes }, words);
  const group = (label, ...buttons) => make("div", { class: "segmented-row" }, make("span", { class: "muted small" }, label), make("span", { class: "segments", role: "group", "aria-label": label }, ...buttons));
  const colour = ([name, words]) => segment(place.colour === name, words, () => {
    place.colour = name;
    writePlace();
    drawMapTools();
    if (map.mask) colourPoints();
  }, { "data-colour": name });
  const tool = (name, words, title) => segment(map.tool === name, words, () => {
    map.tool = name;
    drawMapTools();
  }, { "data-tool": name, title });
  byId("map-tools").replaceChildren(
    group("Colour by", ...Object.entries(COLOURS).map(colour)),
    group("A drag", tool("lasso", "draws a lasso", "Draw around points to choose their rows; with Shift the map moves"), tool("move", "moves the map", "With Shift a lasso is drawn"))
  );
  byId("map-stage").dataset.tool = map.tool;
}

function drawMapNote() {
  const { points } = map;
  sayRegion();
  const grey = map.kinds.includes(OUTSIDE) ? " Grey rows are outside the filter." : "";
  const faint = map.kinds.includes(BESIDE) ? " Faint rows are not in the queue." : "";
  const sampled = points.leftOut ? ` All doubted rows are on it, and a sample of the others: ${grouped(points.leftOut)} rows are not shown.` : "";
  const better = points.isFinal ? "" : " A better map is being made.";
  byId("map-note").textContent = `${counted(points.points, "point")}, placed by ${points.method}: ${points.meaning}.${better}${sampled}${grey}${faint} Without a mouse, choose rows with the filters.`;
}
