// The charts: histogram, matrix and bars. A click on any of them filters the table.

const BARS = 10; // of the histogram: each is wide enough for its count
const LISTED = 100; // bars of a chart
const LISTED_PAIRS = 12;

function byClass(key, name, codes) {
  return { key, value: codes.join(), label: `${key}: ${name}`, test: (row) => codes.includes(row[key]) };
}

function byReason(place) {
  const label = `reason: ${audit.reasons[place].name}`;
  return { key: `reason ${place}`, value: place, label, test: (row) => row.speaks.includes(place) };
}

/** A count that fits a narrow bar. */
const short = (number) => number.toLocaleString("en", { notation: "compact" });

/** One bar: all its rows, and in front of them those in the list. */
function binButton(bin, n, listed, highest) {
  const [from, to] = [bin, bin + 1].map((border) => (border / BARS).toFixed(1));
  const words = `doubt ${from} to ${to}: ${counted(n, "row")}, ${grouped(listed)} listed`;
  const isIn = (row) => Math.floor((row.bin * BARS) / audit.histogram.all.length) === bin;
  const filter = { key: "doubt", value: bin, label: `doubt: ${from} to ${to}`, test: isIn };
  const column = (count, kind, ...inside) =>
    sized(make("span", { class: `column ${kind}` }, ...inside), "--share", Math.sqrt(count / highest));
  const figure = make("span", { class: "count" }, n ? short(n) : "");
  const attributes = { class: "bin", title: words, "aria-label": words, disabled: listed === 0 };
  return filterButton([filter], attributes, column(n, "", figure), column(listed, "listed"));
}

/** Counts of narrow bins, added up for as many bars as are drawn. */
function widenBins(counts) {
  const each = counts.length / BARS;
  return Array.from({ length: BARS }, (_, bar) => total(counts.slice(bar * each, (bar + 1) * each)));
}

function drawHistogram() {
  const [all, listed] = [widenBins(audit.histogram.all), widenBins(audit.histogram.listed)];
  const highest = Math.max(...all, 1);
  const bars = all.map((n, bin) => binButton(bin, n, listed[bin], highest));
  byId("histogram").append(
    make("div", { class: "bins" }, ...bars),
    make("div", { class: "ticks" }, ...["0 none", "doubt", "1 most"].map((text) => make("span", {}, text))),
    muted("All labelled rows; those in the list in colour. Square-root scale.")
  );
}

const byPair = (given, suggested) => [
  byClass("given", given.name, given.codes),
  byClass("suggested", suggested.name, suggested.codes),
];

const pairButton = (given, suggested, ...button) => filterButton(byPair(given, suggested), ...button);

/** The matrix; where it is wider than its panel, the panel has its largest cells, and a dialog the matrix. */
function drawMatrix() {
  const groups = matrixClasses(audit.matrix);
  const parts = [muted("given ↓ suggested →"), matrixTable(groups, audit.matrix, pairButton), muted(matrixNotes(groups))];
  if (matrixWidth(groups) <= PANEL) {
    byId("matrix").append(...parts);
    return;
  }
  const close = { type: "button", class: "key", onclick: () => byId("pairs").close() };
  byId("pairs").firstElementChild.append(make("button", close, "Close ", make("kbd", {}, "Esc")));
  byId("pairs").append(...parts);
  const open = { type: "button", class: "more", onclick: () => byId("pairs").showModal() };
  drawPairs();
  byId("matrix").append(make("button", open, "Show all as a matrix"));
}

function drawPairs() {
  const bars = audit.matrix.map(([given, suggested, n]) => {
    const [from, to] = [given, suggested].map((code) => ({ name: className(code), codes: [code] }));
    const name = [make("bdi", {}, from.name), make("bdi", { class: "to" }, given === suggested ? "no better label" : to.name)];
    const title = `${counted(n, "row")}: given ${from.name}, suggested ${to.name}`;
    return { name, n, figure: grouped(n), title, filter: byPair(from, to), isPair: true };
  });
  drawBars("matrix", bars, "", LISTED_PAIRS);
}

/** Bars that filter, the longest first. */
function drawBars(id, bars, note, most = LISTED) {
  const ranked = bars.sort((a, b) => b.n - a.n).slice(0, most);
  const highest = Math.max(...ranked.map(({ n }) => n), 1);
  const button = ({ filter, title, name, n, figure, kind, isPair }) => {
    const attributes = { class: "line", title, disabled: n === 0 };
    const parts = measure("", n / highest, figure, kind);
    parts[0].append(...name);
    parts[0].classList.toggle("pair", Boolean(isPair));
    return filterButton(filter, attributes, ...parts);
  };
  const cut = bars.length > ranked.length ? ` The first ${ranked.length} of ${bars.length}.` : "";
  byId(id).append(make("div", { class: "lines" }, ...ranked.map(button)), muted(note, cut));
}

function drawClasses() {
  const bars = audit.classes.map(([name, given, n], code) => ({
    name: [make("bdi", {}, name)],
    n,
    figure: `${grouped(n)} of ${grouped(given)}`,
    title: `${name}: ${percent(given ? n / given : 0)} of its rows listed`,
    filter: [byClass("given", name, [code])],
  }));
  drawBars("classes", bars, "Listed rows, of all rows with that label.");
}

function drawReasons() {
  const bars = audit.reasons.map(({ name, because, listed, isContext }, place) => ({
    name: [make("bdi", {}, name)],
    n: listed,
    figure: grouped(listed),
    title: `${isContext ? "Context: " : "Doubted because "}${because}`,
    kind: isContext ? "quiet" : "",
    filter: [byReason(place)],
  }));
  const note = "Listed rows that each reason doubts; a row may have several reasons.";
  const hasContext = audit.reasons.some(({ isContext }) => isContext);
  drawBars("reasons", bars, hasContext ? `${note} Grey: context, not part of the doubt.` : note);
  for (const rule of audit.rules) byId("reasons").append(muted("Rule ", make("bdi", {}, rule), "."));
}
