// The colours of the points, and what they mean.

const HUES = 8; // colours that anybody can tell from each other; the rest is grey
const COLOURS = { given: "Given", suggested: "Suggested", doubt: "Doubt", reason: "Reason", state: "Decision" };

/** A colour of the style sheet as the number that is written into an image. */
function inkOf(variable, style) {
  const [red, green, blue] = style.getPropertyValue(variable).trim().match(/[\da-f]{2}/gi).map((part) => parseInt(part, 16));
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/** A colour between two others. */
function mixInk(from, to, share) {
  const part = (shift) => Math.round(((from >> shift) & 255) * (1 - share) + ((to >> shift) & 255) * share) << shift;
  return ((255 << 24) | part(16) | part(8) | part(0)) >>> 0;
}

/** The colours of the chosen way, and what they mean: `entries` are `{ name, ink, parts, n }`. */
function makePalette() {
  const style = getComputedStyle(byId("map-stage"));
  const { points, states } = map;
  const hues = Array.from({ length: HUES }, (_, at) => inkOf(`--hue-${at + 1}`, style));
  const rest = inkOf("--hue-rest", style);
  const common = { paper: inkOf("--card", style), outside: inkOf("--outside", style), faint: Number(style.getPropertyValue("--faint")) };
  if (place.colour === "doubt") {
    const shades = Uint32Array.from({ length: SHADES }, (_, shade) => mixInk(inkOf("--least", style), inkOf("--most", style), shade / (HIDDEN - 1)));
    shades[HIDDEN] = rest;
    return { ...common, inkOf: (at) => shades[points.doubt[at]], entries: null, hidden: points.doubt.includes(HIDDEN) ? rest : null };
  }
  const isLabel = place.colour === "given" || place.colour === "suggested";
  const codes = place.colour === "state" ? states : points[place.colour];
  const [names, title] = isLabel
    ? [audit.classes.map(([name]) => name), (name) => bdi(name)]
    : [place.colour === "state" ? Object.keys(progressStates()) : points.reasons, (name) => name];
  const sizes = new Uint32Array(Math.max(names.length, HIDDEN + 1));
  for (const code of codes.subarray(0, points.points)) sizes[code]++;
  const ranked = [...names.keys()].filter((code) => sizes[code]);
  // a label has one colour, given or suggested
  const rank = isLabel ? (code) => audit.classes[code][1] : (code) => sizes[code];
  if (place.colour !== "state") ranked.sort((one, other) => rank(other) - rank(one));
  const inkBy = new Uint32Array(sizes.length).fill(rest);
  const isOpen = (code) => place.colour === "state" && code === 0;
  let hue = 0;
  const entries = ranked.flatMap((code) => {
    if (!isOpen(code) && hue < HUES) inkBy[code] = hues[hue++];
    else if (!isOpen(code)) return [];
    return [{ name: title(names[code]), ink: inkBy[code], parts: { [place.colour]: names[code] }, n: sizes[code] }];
  });
  const others = ranked.length - entries.length;
  if (others > 0) entries.push({ name: `${counted(others, "other")}`, ink: rest, n: total(ranked.slice(entries.length).map((code) => sizes[code])) });
  if (place.colour === "reason" && sizes[HIDDEN]) {
    inkBy[HIDDEN] = inkOf("--least", style);
    entries.push({ name: "none raises doubt, or not shown before you decide", ink: inkBy[HIDDEN], n: sizes[HIDDEN] });
  }
  return { ...common, inkOf: (at) => inkBy[codes[at]], entries };
}

/** The names of what can become of a row, in the order of their codes. */
const progressStates = () => ({ open: 0, ...progress.states });

/** What the colours mean; each is a filter. */
function drawMapLegend({ entries, hidden }) {
  const swatch = (ink) => sized(make("span", { class: "swatch" }), "--ink-of-point", cssOf(ink));
  if (entries === null) {
    byId("map-legend").replaceChildren(make("span", { class: "muted" }, "no doubt"), make("span", { class: "shades" }), make("span", { class: "muted" }, "most doubt"), ...(hidden ? [make("span", { class: "key-of-colour" }, swatch(hidden), "not shown before you decide")] : []));
    return;
  }
  const line = ({ name, ink, parts, n }) => {
    const children = [swatch(ink), make("span", { class: "name" }, name), make("span", { class: "figure muted" }, grouped(n))];
    return parts ? filterButton(parts, { class: "key-of-colour" }, ...children) : make("span", { class: "key-of-colour" }, ...children);
  };
  byId("map-legend").replaceChildren(...entries.map(line));
}

const cssOf = (ink) => `#${[0, 8, 16].map((shift) => ((ink >> shift) & 255).toString(16).padStart(2, "0")).join("")}`;
