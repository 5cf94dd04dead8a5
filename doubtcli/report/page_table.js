// The list of rows: each in two lines, filtered, searched and sorted; one of them may be open.

const filters = new Map(); // key of a filter -> { label, value, test }
const order = { by: "doubt", descending: true };
let opened = null;

/** Each heads a line of a row: what the file has is above what the audit says. */
const columns = [
  { key: "doubt", title: "Doubt", value: (row) => -row.rank },
  { key: "given", title: "Given" },
  { key: "suggested", title: "Suggested" },
  { key: "text", title: "Input" },
  { key: "why", title: "Why" },
  { key: "place", title: "Row", value: (row) => row.row },
];
const WIDEST = 12; // rem, of labels and of ids; longer ones are cut, and whole in the evidence
const SORTABLE = ["doubt", "given", "suggested", "place"];

// ---------------------------------------------------------------- filters

const pressable = []; // [button, its filters]

/** A button of a chart that sets some filters, or removes them if they are set, and shows the rows. */
function filterButton(wanted, attributes, ...children) {
  const onclick = () => {
    byId("pairs").close();
    toggle(wanted);
    showRows();
  };
  const button = make("button", { type: "button", ...attributes, onclick }, ...children);
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

/** Keeps the height of the bar, which covers the rows' top when they are scrolled into view. */
const measureBar = () => sized(document.documentElement, "--bar", `${byId("bar").offsetHeight}px`);

/** Scrolls to the first rows, unless they are on screen. */
function showRows() {
  const top = byId("rows").getBoundingClientRect().top;
  const isInView = top >= byId("bar").getBoundingClientRect().bottom - 1 && top < innerHeight / 2;
  if (!isInView) byId("rows").scrollIntoView();
}

function reset() {
  byId("search").value = "";
  filters.clear();
  render();
}

function filterChips() {
  const chip = (filter) => {
    const attributes = { type: "button", class: "chip", "aria-label": `Remove filter ${filter.label}` };
    return make("button", { ...attributes, onclick: () => toggle([filter]) }, make("bdi", {}, filter.label), " ×");
  };
  const chips = [...filters.values()].map(chip);
  const clear = { type: "button", class: "chip clear", onclick: reset };
  return chips.length > 1 ? [...chips, make("button", clear, "Clear all")] : chips;
}

// ---------------------------------------------------------------- one row

/** The ids of the rows that a row stands for, as far as the page has them. */
const idsOf = ({ id, equal }) => [id, ...(equal?.[0] ?? []).map(([other]) => other)];

/** The row's number; ids that are our hashes are of use to programs, and shown with the evidence only. */
function placeInFile(row) {
  if (row.equal) return muted(counted(row.equal[1], "equal row"));
  return audit.hasIds ? placeOf(row.id, row.row) : muted(`row ${grouped(row.row)}`);
}

function suggestion(row) {
  if (row.suggested === row.given) return make("span", { class: "muted" }, "no better label");
  return labelOf(row.suggested, row.tier === "doubted" ? "suggested" : "suggested weak");
}

/** A word on rows that are only contradicted; doubted ones are in the colour of doubt. */
const tierOf = ({ tier }) => (tier === "contradicted" ? [make("span", { class: "tier" }, tier), " "] : []);

const cell = (name, ...children) => make("td", { role: "cell", class: name }, ...children);

/** A row's two lines, made once. */
function lineOf(row) {
  const open = { type: "button", class: "open", "aria-expanded": "false", "aria-label": `Evidence for row ${row.id}` };
  row.button = make("button", open);
  return make(
    "tr",
    { class: "row", role: "row", onclick: () => getSelection().isCollapsed && toggleRow(row) },
    cell("doubt", row.button, make("span", { class: "figure" }, score(row.doubt)), meter(row.doubt, row.tier === "doubted" ? "" : "quiet")),
    cell("given", labelOf(row.given)),
    cell("suggestion", suggestion(row)),
    cell("text", excerptOf(row.values)),
    cell("why", make("p", { dir: "auto", title: row.why }, ...tierOf(row), ...isolated(row.why))),
    cell(row.equal ? "place equal" : "place", placeInFile(row))
  );
}

const searchable = (row) =>
  folded([...idsOf(row), ...row.values, row.why, className(row.given), className(row.suggested)].join("\n"));

// ---------------------------------------------------------------- all rows

function drawTable() {
  fitColumn("--labels", rows.flatMap((row) => [className(row.given), `→ ${className(row.suggested)}`]));
  fitColumn("--place", rows.map((row) => placeInFile(row).textContent));
  for (const row of rows) Object.assign(row, { line: lineOf(row), haystack: searchable(row) });
  const head = ({ key, title }) => {
    const canSort = SORTABLE.includes(key);
    const button = canSort && make("button", { type: "button", onclick: () => sortBy(key) }, title);
    return make("th", { scope: "col", role: "columnheader", class: key }, button || title);
  };
  byId("rows").tHead.rows[0].append(...columns.map(head));
  byId("cut").textContent = cutNote(audit.counts);
  drawTiers();
  byId("rows-title").textContent = isQueue ? "Rows to check" : "Most doubted rows";
  addEventListener("resize", measureBar);
}

/** Buttons that show one tier alone, where the list has more than one. */
function drawTiers() {
  const tiers = [...new Set(rows.map((row) => row.tier))];
  if (tiers.length < 2) return;
  const button = (tier) => {
    const wanted = [{ key: "tier", label: tier ?? "neither", value: tier, test: (row) => row.tier === tier }];
    const size = rows.filter((row) => row.tier === tier).length;
    return filterButton(wanted, { class: "chip" }, `${grouped(size)} ${tier ?? "neither"}`);
  };
  byId("tiers").append(...tiers.map(button));
}

/** As wide as its longest text, so that all rows have equal columns. */
function fitColumn(name, texts) {
  const longest = Math.max(...texts.map((text) => text.length));
  sized(byId("rows"), name, `${Math.min(longest * LETTER + 0.75, WIDEST)}rem`);
}

/** A note if not all rows are in the table. */
function cutNote({ listed, entries }) {
  if (rows.length === entries) return "";
  const all = entries === listed ? `${grouped(listed)} rows` : `${grouped(entries)} entries`;
  const most = `These are the ${grouped(rows.length)} most doubted of ${all}`;
  return `${most}; the charts count all of them, and doubts.parquet has all of them.`;
}

function sortBy(key) {
  order.descending = order.by === key ? !order.descending : key === "doubt";
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

/** The line above the rows that are not doubted, where the rows are in order of doubt. */
function dividerOf(visible) {
  const isDoubted = (row) => row.tier === "doubted";
  const first = visible.findIndex((row) => !isDoubted(row));
  const isApart = order.by === "doubt" && order.descending && !visible.slice(first).some(isDoubted);
  if (first < 0 || !isApart) return null;
  const lead = visible[first].tier ? "Contradicted, not doubted. " : "Not doubted. ";
  const words = make("td", { role: "cell", "aria-colspan": columns.length }, make("b", {}, lead), audit.whyLook);
  return { first: visible[first], line: make("tr", { class: "divider", role: "row" }, words) };
}

function render() {
  const visible = visibleRows();
  if (opened && !visible.includes(opened)) close();
  const divider = dividerOf(visible);
  const linesOf = (row) => [row === divider?.first && divider.line, row.line, row === opened && row.evidence];
  byId("rows").tBodies[0].replaceChildren(...visible.flatMap(linesOf).filter(Boolean));
  byId("shown").textContent = countRows(visible);
  byId("empty").hidden = visible.length > 0;
  byId("chips").replaceChildren(...filterChips());
  measureBar();
  for (const [button, wanted] of pressable) button.setAttribute("aria-pressed", String(isSet(wanted)));
  columns.forEach(({ key }, at) => {
    const direction = order.descending ? "descending" : "ascending";
    if (SORTABLE.includes(key)) byId("rows").tHead.rows[0].cells[at].setAttribute("aria-sort", order.by === key ? direction : "none");
  });
}

/** Whether the list has the rows of queue.csv: it has others if that one was cut, or begins with a sample. */
const isQueue = audit.counts.toCheck === audit.counts.entries;

function countRows(visible) {
  const { doubted, listed, entries } = audit.counts;
  const [one, many] = entries === listed ? ["row", "rows"] : ["entry", "entries"];
  if (visible.length < rows.length) return `${grouped(visible.length)} of ${counted(rows.length, one, many)}`;
  const grouping = entries === listed ? "" : `, in ${counted(entries, one, many)}`;
  const share = doubted === listed ? "all" : `${doubted ? grouped(doubted) : "none"} of them`;
  const apart = isQueue ? "" : `; ${grouped(audit.counts.toCheck)} to check in queue.csv`;
  return `${counted(listed, "row")}, ${share} doubted${grouping}${apart}`;
}

// ---------------------------------------------------------------- opening a row

function evidenceOf(row) {
  const makers = [valuesPart, probsPart, nearPart, duplicatesPart, answersPart, reasonsPart];
  const parts = makers.map((maker) => maker(row)).filter(Boolean);
  const box = make("div", { class: "evidence" }, ...parts);
  const whole = make("td", { role: "cell", "aria-colspan": columns.length }, movesOf(row), box);
  return make("tr", { class: "evidence-row", role: "row" }, whole);
}

/** Where the row is in the file, and the buttons that leave it, each with its key. */
function movesOf(row) {
  const button = (words, key, onclick) =>
    make("button", { type: "button", class: "key", onclick }, `${words} `, make("kbd", {}, key));
  const moves = [
    button("Previous", "k", () => step(-1)),
    button("Next", "j", () => step(1)),
    button("Close", "Esc", () => {
      close();
      row.button.focus();
    }),
  ];
  return make("div", { class: "moves" }, placesOf(row), ...moves);
}

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

/** Opens the next or the previous row; the first if none is open. */
function step(by) {
  const visible = visibleRows();
  const next = visible[opened ? visible.indexOf(opened) + by : 0];
  if (!next) return;
  open(next);
  next.button.focus({ preventScroll: true });
  next.line.scrollIntoView();
}
