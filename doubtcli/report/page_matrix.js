// The matrix of given by suggested labels.

const MATRIX_CLASSES = 20; // as many as fit a screen with room for their names
const PANEL = 17.25; // rem, the width of a panel; a wider matrix has a dialog
const CELL = 1.625; // rem, the narrowest cell and its border
const LETTER = 0.45; // rem, an average letter
const LONGEST_NAME = 6.5; // rem, as in page.css

/** The given and suggested classes of some rows; if there are too many, the rarest are shown as one. */
function matrixClasses(pairs) {
  const involved = new Map();
  for (const [given, suggested, n] of pairs) {
    for (const code of new Set([given, suggested])) involved.set(code, (involved.get(code) ?? 0) + n);
  }
  const ranked = [...involved.keys()].sort((a, b) => involved.get(b) - involved.get(a) || a - b);
  const alone = ranked.length > MATRIX_CLASSES + 1 ? ranked.slice(0, MATRIX_CLASSES) : ranked;
  const others = ranked.slice(alone.length);
  const groups = alone.sort((a, b) => a - b).map((code) => ({ name: className(code), codes: [code] }));
  return others.length ? [...groups, { name: `${others.length} other classes`, codes: others }] : groups;
}

/** A cell's button, which `makeButton` makes of the two groups of classes, attributes and a number. */
function matrixCell(given, suggested, n, highest, makeButton) {
  if (n === 0) return null;
  const words = `${counted(n, "row")}: given ${given.name}, suggested ${suggested.name}`;
  const button = makeButton(given, suggested, { class: "cell", title: words, "aria-label": words }, grouped(n));
  const isAlone = given.codes.length === 1 && suggested.codes.length === 1;
  return sized(button, "--heat", isAlone ? n / highest : 0);
}

function matrixNotes(groups) {
  const absent = audit.classes.length - total(groups.map(({ codes }) => codes.length));
  const isFolded = groups.some(({ codes }) => codes.length > 1);
  return [
    "On the diagonal: rows for which no better label was found.",
    isFolded ? `The ${MATRIX_CLASSES} classes with the most rows are shown one by one, the others together.` : "",
    absent ? `${counted(absent, "class", "classes")} without listed rows left out.` : "",
  ].join(" ");
}

/** How much room the matrix needs, in rem, with names upright or level. */
function matrixWidth(groups, { isLevel = false } = {}) {
  const name = Math.min(Math.max(...groups.map(({ name }) => name.length)) * LETTER, LONGEST_NAME);
  return groups.length * (isLevel ? Math.max(name, CELL) : CELL) + name;
}

/** A table of given by suggested classes. `pairs` are `[given, suggested, rows]`; see `matrixCell` for `makeButton`. */
function matrixTable(groups, pairs, makeButton) {
  const place = new Map(groups.flatMap(({ codes }, at) => codes.map((code) => [code, at])));
  const counts = groups.map(() => groups.map(() => 0));
  for (const [given, suggested, n] of pairs) counts[place.get(given)][place.get(suggested)] += n;
  // Cells of several classes are sums: they have no heat, or all other cells would look pale.
  const isAlone = (_, at) => groups[at].codes.length === 1;
  const highest = Math.max(1, ...counts.filter(isAlone).flatMap((line) => line.filter(isAlone)));
  const head = ({ name }, scope) => make("th", { scope, title: name }, make("bdi", {}, name));
  const cells = (given, at) =>
    groups.map((suggested, to) =>
      make("td", { class: at === to && "same" }, matrixCell(given, suggested, counts[at][to], highest, makeButton))
    );
  const top = make("thead", {}, make("tr", {}, make("td"), ...groups.map((group) => head(group, "col"))));
  const lines = groups.map((given, at) => make("tr", {}, head(given, "row"), ...cells(given, at)));
  const scroll = { class: "scroll", tabindex: "0", role: "group", "aria-label": "Given by suggested label" };
  const kind = matrixWidth(groups, { isLevel: true }) <= PANEL ? "matrix level" : "matrix";
  return make("div", scroll, make("table", { class: kind }, top, make("tbody", {}, ...lines)));
}
