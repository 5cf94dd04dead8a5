// The page: summary, table, filters and keys. page_charts.js and page_evidence.js come before it in one script.
// All values shown are from the JSON in #data. They are written as text, never as markup.

const audit = JSON.parse(document.getElementById("data").textContent);

const SHOWN_REASONS = 3; // in a row's line; its evidence has all of them
const SCALE_ENDS = [0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 1];

const rows = audit.doubted.map((found, place) => {
  const [id, row, given, values] = audit.pool[place];
  return { ...found, id, row, given, values, rank: place + 1 };
});
const filters = new Map(); // key of a filter -> { label, value, test }
const order = { by: "rank", descending: false };
let opened = null;

// ---------------------------------------------------------------- small things

const byId = (id) => document.getElementById(id);
const className = (code) => audit.classes[code][0];
const grouped = (number) => number.toLocaleString("en");
const counted = (number, one, many = `${one}s`) => `${grouped(number)} ${number === 1 ? one : many}`;
const score = (value) => (value >= 0.995 ? ">0.99" : value < 0.005 ? "<0.01" : value.toFixed(2)); // never 0 or 1: no model is certain
const percent = (share) => `${(100 * share).toFixed(share % 1 ? 1 : 0)}%`;
const total = (numbers) => numbers.reduce((sum, number) => sum + number, 0);
const folded = (text) => text.normalize("NFKC").toLowerCase();

/** An element with attributes, listeners (on…) and children; strings become text, never markup. */
function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

/** Sets a style's variable, such as a bar's length. */
function sized(node, name, value) {
  node.style.setProperty(name, value);
  return node;
}

/** A class's name, which may break after a mark between its words. */
function labelOf(code, kind = "") {
  const words = className(code).split(/(?<=[_./-])(?=\w)/);
  const broken = words.flatMap((word, at) => (at ? [make("wbr"), word] : [word]));
  return make("bdi", { class: `label ${kind}`, title: className(code) }, ...broken);
}

const meter = (share, kind = "") => sized(make("span", { class: `meter ${kind}` }), "--share", Math.min(share, 1));
const muted = (...children) => make("p", { class: "muted small" }, ...children);

/** A name, a bar and a figure, side by side. */
function measure(name, share, figure, kind = "") {
  return [make("span", { class: "name" }, name), meter(share, kind), make("span", { class: "figure" }, figure)];
}

const line = (...measured) => make("div", { class: "line" }, ...measure(...measured));

// ---------------------------------------------------------------- the summary

function drawHead() {
  const { labelled, unlabelled, unusable, kept, corrected, doubted } = audit.counts;
  byId("file").textContent = audit.file;
  byId("headline").append(
    make("em", {}, doubted ? grouped(doubted) : "None"),
    ` of ${counted(labelled, "label")} ${doubted > 1 ? "are" : "is"} doubted`
  );
  const facts = [
    ...(doubted ? [`${percent(doubted / labelled)} of the labelled rows`] : []),
    ...(audit.areClasses === false ? [] : [counted(audit.classes.length, "class", "classes")]),
    ...(unlabelled ? [`${counted(unlabelled, "row")} without a label, set aside`] : []),
    ...(unusable ? [`${counted(unusable, "row")} judged unusable, set aside`] : []),
    ...(kept + corrected ? [`${counted(kept + corrected, "verdict")}: ${grouped(kept)} kept, ${grouped(corrected)} corrected`] : []),
  ];
  byId("counts").textContent = facts.join(" · ");
  byId("precision").textContent = audit.precision;
  byId("power").textContent = audit.power;
  byId("noise").textContent = audit.noise.sentence;
  byId("skill").textContent = audit.skill.sentence;
}

/** The interval as a band with the point in it, on a scale from 0 to the next round end. */
function drawInterval({ rate, low, high }) {
  if (rate === undefined) return;
  const end = SCALE_ENDS.find((candidate) => candidate >= high * 1.1) ?? 1;
  const band = sized(sized(make("span", { class: "band" }), "--from", low / end), "--to", high / end);
  const point = sized(make("span", { class: "point" }), "--at", rate / end);
  const ticks = [0, end / 2, end].map((at) => make("span", {}, `${Number((100 * at).toFixed(1))}%`));
  byId("interval").append(
    make("div", { class: "scale", "aria-hidden": "true" }, band, point),
    make("div", { class: "ticks", "aria-hidden": "true" }, ...ticks)
  );
}

function drawAccuracy({ accuracy, majority }) {
  if (accuracy === undefined) return;
  byId("accuracy").append(
    line("models", accuracy, percent(accuracy), "plain"),
    line("guessing the largest class", majority, percent(majority), "quiet")
  );
}

function drawFacts() {
  byId("notes").append(...audit.notes.map((note) => make("li", {}, note)));
  const used = ([name, role, isUsed, why]) => {
    const head = make("th", { scope: "row" }, make("bdi", {}, name));
    return make("tr", {}, head, make("td", {}, isUsed ? role : `left out (${role})`), make("td", {}, why));
  };
  byId("columns").append(make("table", { class: "plain" }, ...audit.roles.map(used)));
  const voices = audit.voices.map((voice) => make("li", {}, voice));
  const models = audit.modelNames.length ? [make("li", {}, `models: ${audit.modelNames.join(", ")}`)] : [];
  const skipped = audit.skipped.map(([name, why]) => make("li", {}, make("b", {}, name), ` was skipped: ${why}`));
  byId("method").append(make("ul", {}, ...voices, ...models, ...skipped));
}

// ---------------------------------------------------------------- filters

const pressable = []; // [button, its filters]

/** A button that sets some filters, or removes them if they are set. */
function filterButton(wanted, attributes, ...children) {
  const button = make("button", { type: "button", ...attributes, onclick: () => toggle(wanted) }, ...children);
  pressable.push([button, wanted]);
  return button;
}

const isSet = (wanted) => wanted.every(({ key, value }) => filters.get(key)?.value === value);

function toggle(wanted) {
  const isOn = isSet(wanted);
  for (const filter of wanted) {
    if (isOn) filters.delete(filter.key);
    else filters.set(filter.key, filter);
  }
  render();
}

// ---------------------------------------------------------------- the table

const columns = [
  { key: "rank", title: "#" },
  { key: "given", title: "Given" },
  { key: "suggested", title: "Suggested" },
  { key: "doubt", title: "Doubt" },
  { key: "row", title: "Row" },
  { key: "speaks", title: "Why", value: (row) => row.speaks.length },
];

/** A row in one line: its texts, or in a table without texts its columns with their names. */
function excerpt(values) {
  if (audit.textColumns) return values.slice(0, audit.textColumns).filter(Boolean).join(" · ") || "(no text)";
  const named = values.map((value, at) => (value === null ? "" : `${audit.columns[at]} ${value}`));
  return named.filter(Boolean).join(" · ");
}

const excerptOf = (values) => make("p", { class: "excerpt", dir: "auto" }, excerpt(values));
const placeOf = (id, row) => muted(make("bdi", {}, id), ` · row ${grouped(row)}`);

function suggestion(row) {
  if (row.suggested === row.given) return make("span", { class: "muted" }, "no better label");
  return labelOf(row.suggested, row.isDoubted ? "suggested" : "suggested weak");
}

/** The strongest reasons that doubt a row, and how many more. */
function reasonChips(row) {
  const chip = (place) => {
    const { name, because, isContext } = audit.reasons[place];
    return make("span", { class: isContext ? "chip context" : "chip", title: because }, name);
  };
  const more = row.speaks.length - SHOWN_REASONS;
  const chips = row.speaks.slice(0, SHOWN_REASONS).map(chip);
  return more > 0 ? [...chips, make("span", { class: "muted small" }, `+${more}`)] : chips;
}

const figureOf = (value) => make("span", { class: "figure" }, score(value));

/** A row's line in the table, made once. */
function lineOf(row) {
  const open = { type: "button", class: "open", "aria-expanded": "false", "aria-label": `Evidence for row ${row.id}` };
  row.button = make("button", open, String(row.rank));
  return make(
    "tr",
    { class: "row", onclick: () => getSelection().isCollapsed && toggleRow(row) },
    make("td", { class: "rank" }, row.button),
    make("td", { class: "given" }, labelOf(row.given)),
    make("td", { class: "suggestion" }, suggestion(row)),
    make("td", { class: "doubt" }, meter(row.doubt, row.isDoubted ? "" : "quiet"), figureOf(row.doubt)),
    make("td", { class: "text" }, excerptOf(row.values), placeOf(row.id, row.row)),
    make("td", { class: "why" }, make("p", {}, row.why), make("p", { class: "chips" }, ...reasonChips(row)))
  );
}

const searchable = (row) =>
  folded([row.id, ...row.values, row.why, className(row.given), className(row.suggested)].join("\n"));

function drawTable() {
  for (const row of rows) Object.assign(row, { line: lineOf(row), haystack: searchable(row) });
  const head = ({ key, title }) => {
    const button = make("button", { type: "button", onclick: () => sortBy(key) }, title);
    return make("th", { scope: "col", class: key }, button);
  };
  byId("rows").tHead.rows[0].append(...columns.map(head));
  byId("cut").textContent = cutNote(audit.counts);
}

/** A note if not all rows are in the table, or not all rows in it are doubted. */
function cutNote({ doubted, listed }) {
  if (rows.length < listed) {
    const most = `The table has the ${grouped(rows.length)} most doubted of ${grouped(listed)} rows`;
    return `${most}; the charts count all of them, and doubts.parquet has all of them.`;
  }
  if (doubted === listed) return "";
  const rest = "more likely right than wrong, according to the models. Check some anyway, to see whether the labels are good or the audit misses their errors.";
  if (!doubted) return `None of these rows is doubted: each label is ${rest}`;
  const others = listed - doubted === 1 ? "the last label is" : `the other ${grouped(listed - doubted)} labels are`;
  return `${grouped(doubted)} of these rows ${doubted > 1 ? "are" : "is"} doubted; ${others} ${rest}`;
}

function sortBy(key) {
  order.descending = order.by === key ? !order.descending : key === "doubt" || key === "speaks";
  order.by = key;
  render();
}

function visibleRows() {
  const words = folded(byId("search").value).split(/\s+/).filter(Boolean);
  const tests = [...filters.values()].map((filter) => filter.test);
  const value = columns.find((column) => column.key === order.by).value ?? ((row) => row[order.by]);
  const direction = order.descending ? -1 : 1;
  return rows
    .filter((row) => tests.every((test) => test(row)) && words.every((word) => row.haystack.includes(word)))
    .sort((a, b) => direction * (value(a) - value(b)) || a.rank - b.rank);
}

function render() {
  const visible = visibleRows();
  if (opened && !visible.includes(opened)) close();
  const lines = visible.flatMap((row) => (row === opened ? [row.line, row.evidence] : [row.line]));
  byId("rows").tBodies[0].replaceChildren(...lines);
  const all = counted(rows.length, "row");
  byId("shown").textContent = visible.length === rows.length ? all : `${grouped(visible.length)} of ${all}`;
  byId("empty").hidden = visible.length > 0;
  byId("chips").replaceChildren(...filterChips());
  for (const [button, wanted] of pressable) button.setAttribute("aria-pressed", String(isSet(wanted)));
  columns.forEach(({ key }, at) => {
    const direction = order.descending ? "descending" : "ascending";
    byId("rows").tHead.rows[0].cells[at].setAttribute("aria-sort", order.by === key ? direction : "none");
  });
}

function filterChips() {
  const chip = (filter) => {
    const attributes = { type: "button", class: "chip filter", "aria-label": `Remove filter ${filter.label}` };
    return make("button", { ...attributes, onclick: () => toggle([filter]) }, make("bdi", {}, filter.label), " ×");
  };
  const chips = [...filters.values()].map(chip);
  const clear = { type: "button", class: "chip clear", onclick: () => toggle([...filters.values()]) };
  return chips.length > 1 ? [...chips, make("button", clear, "Clear all")] : chips;
}

// ---------------------------------------------------------------- opening a row

function toggleRow(row) {
  const wasOpen = opened === row;
  close();
  if (!wasOpen) open(row);
}

/** Shows a row's evidence below it, and closes the row that was open. */
function open(row) {
  close();
  opened = row;
  row.evidence ??= evidenceOf(row);
  row.line.after(row.evidence);
  row.line.classList.add("opened");
  row.button.setAttribute("aria-expanded", "true");
}

function close() {
  if (!opened) return;
  opened.evidence.remove();
  opened.line.classList.remove("opened");
  opened.button.setAttribute("aria-expanded", "false");
  opened = null;
}

// ---------------------------------------------------------------- keys

/** Opens the next or the previous row; the first if none is open. */
function step(by) {
  const visible = visibleRows();
  const next = visible[opened ? visible.indexOf(opened) + by : 0];
  if (!next) return;
  open(next);
  next.button.focus({ preventScroll: true });
  next.line.scrollIntoView({ block: "start" });
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") close();
  if (event.target instanceof HTMLInputElement) return;
  if (event.key === "j") step(1);
  if (event.key === "k") step(-1);
  if (event.key === "/") {
    event.preventDefault();
    byId("search").focus();
  }
}

// ---------------------------------------------------------------- drawing the page

drawHead();
drawInterval(audit.noise);
drawAccuracy(audit.skill);
drawFacts();
drawHistogram();
if (rows.length) {
  if (audit.areClasses === false) {
    for (const id of ["matrix", "classes"]) byId(id).remove();
  } else {
    drawMatrix();
    drawClasses();
  }
  drawReasons();
  drawTable();
  render();
  byId("search").addEventListener("input", render);
  document.addEventListener("keydown", onKey);
} else {
  document.body.classList.add("nothing-doubted");
}
