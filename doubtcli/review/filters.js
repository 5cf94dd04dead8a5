// What the person looks for, in which order: buttons that filter cards, list and counts together.

const MOST_LINES = 100; // of labels
const PAIRS = 12; // largest pairs that are listed where the matrix has no room
const SEARCH_AFTER = 250; // ms after the last letter
const MODEL_PARTS = ["suggested", "reason", "annotator", "tier", "least", "most"];
const NOT_BY_MODELS = `${isInFile ? "In this page all" : "Until they are decided, these"} rows hide what models say: some of them were drawn at random, and must look like the others. So there is no filter by suggested label, reason, tier or doubt.`;

let counts = null; // how many rows there are of each kind

const isFiltered = (parts) => Object.entries(parts).every(([part, value]) => place.filter[part] === value);

/** Sets parts of the filter; those that are empty are taken away. */
function setFilter(parts) {
  for (const [part, value] of Object.entries(parts)) {
    if (value === "" || value === null) delete place.filter[part];
    else place.filter[part] = value;
  }
  moveTo({});
}

/** Sets parts of the filter, or takes them away if they are set. */
function toggleFilter(parts) {
  const none = Object.fromEntries(Object.keys(parts).map((part) => [part, null]));
  setFilter(isFiltered(parts) ? none : parts);
}

/** A button of the panel that filters. */
function filterButton(parts, attributes, ...children) {
  const more = { "data-filter": JSON.stringify(parts), "aria-pressed": String(isFiltered(parts)), onclick: () => toggleFilter(parts) };
  return make("button", { type: "button", ...attributes, ...more }, ...children);
}

const figureOf = (title, id) => make("figure", { id }, make("figcaption", {}, make("h2", {}, title)), make("div", { class: "lines" }));

/** The panel, once; what has counts in it is filled by `drawCounts`. */
function drawFilters() {
  byId("filters").append(
    make("figure", { id: "meters" }),
    make("figure", { id: "order" }),
    searchField(),
    make("figure", { id: "matrix" }, make("figcaption", {}, make("h2", {}, "Given and suggested label")), make("div", {})),
    figureOf("Reason", "reasons"),
    ...(can("rules") ? [make("figure", { id: "rules" })] : []),
    figureOf("Given label", "classes"),
    figureOf("Decision", "by-state"),
    figureOf("Tier", "tiers-of-doubt"),
    doubtField(),
    ...(audit.annotators.length ? [figureOf("Another label by", "annotators")] : []),
    aboutPart()
  );
  const small = matchMedia("(max-width: 70rem)");
  const fit = () => (byId("where").open = !small.matches);
  fit();
  small.addEventListener("change", fit);
}

function drawOrder() {
  const segment = (name, value, words, title) => {
    const attributes = { type: "button", title, "aria-pressed": String(place[name] === value), onclick: () => moveTo({ [name]: value }) };
    return make("button", attributes, words);
  };
  const segments = (label, ...buttons) =>
    make("div", { class: "segmented" }, make("span", { class: "muted small" }, label), make("span", { class: "segments", role: "group", "aria-label": label }, ...buttons));
  byId("order").replaceChildren(
    segments("Order", segment("order", "doubt", "Most doubted", "The most doubted row first"), ...(can("alike") ? [segment("order", "alike", "Alike together", "Rows of the same labels together, and like rows after each other")] : [])),
    ...(can("all") ? [segments("Rows", segment("scope", "queue", `Queue, ${grouped(progress.queued)}`, "The rows of queue.csv"), segment("scope", "all", `All ${grouped(audit.rows)}`, "All labelled rows"))] : [])
  );
}

function searchField() {
  let timer = 0;
  const oninput = (event) => {
    clearTimeout(timer);
    timer = setTimeout(() => setFilter({ text: event.target.value.trim() }), SEARCH_AFTER);
  };
  const attributes = { id: "search", class: "input", type: "search", dir: "auto", placeholder: "Search ids and values", "aria-label": "Search ids and values", autocomplete: "off", spellcheck: "false", oninput };
  return make("p", {}, make("input", attributes));
}

function doubtField() {
  const field = (part, words) => {
    const onchange = (event) => {
      const isNumber = event.target.value !== "" && event.target.checkValidity();
      setFilter({ [part]: isNumber ? Number(event.target.value) : null });
    };
    const attributes = { id: part, class: "input", type: "number", min: 0, max: 1, step: "any", placeholder: part === "least" ? "0" : "1", onchange };
    return make("label", {}, `${words} `, make("input", attributes));
  };
  return make("figure", { id: "doubts" }, make("figcaption", {}, make("h2", {}, "Doubt")), make("div", { class: "range" }, field("least", "from"), field("most", "to")));
}

function aboutPart() {
  const notes = [
    isInFile ? "Decisions stay in this browser until you download them." : `${audit.person} decides. Every decision is saved in ${audit.folder}.`,
    ...(audit.outdated ? [`${counted(audit.outdated, "verdict")} in it are about rows that are gone or have changed, and are not used.`] : []),
    audit.skill,
    ...audit.notes,
  ];
  return make("details", { class: "small" }, make("summary", {}, "About this review"), make("ul", { class: "notes muted" }, ...notes.map((note) => make("li", {}, ...worded(note)))));
}

// ---------------------------------------------------------------- counts

/** Lines that filter, the longest first unless they have an order of their own. */
function drawLines(id, lines, { inOrder = false } = {}) {
  const some = inOrder ? lines : lines.sort((a, b) => b.n - a.n).slice(0, MOST_LINES);
  const highest = Math.max(1, ...some.map(({ n }) => n));
  const button = ({ parts, name, n, title, kind = "quiet" }) => {
    const measured = n === undefined ? [make("span", { class: "name" }, name)] : measure(name, n / highest, grouped(n), kind);
    return filterButton(parts, { class: "line", title, disabled: n === 0 && !isFiltered(parts) }, ...measured);
  };
  byId(id).querySelector(".lines").replaceChildren(...some.map(button));
}

/** Whether there are rows to count, and the cards of all of them hide what models say. */
const hidesModels = () => counts.given.length > 0 && !counts.matrix.length && !MODEL_PARTS.some((part) => part in place.filter);

const bdi = (text) => make("bdi", {}, text);

function drawCounts() {
  const kept = document.activeElement?.dataset.filter;
  const given = new Map(counts.given);
  const hides = hidesModels();
  for (const id of ["reasons", "tiers-of-doubt", "doubts", "annotators"]) byId(id)?.toggleAttribute("hidden", hides);
  if (hides) byId("matrix").lastElementChild.replaceChildren(muted(NOT_BY_MODELS));
  else drawMatrix();
  drawLines("reasons", audit.reasons.map(({ name, because }) => ({ parts: { reason: name }, name, n: counts.reasons[name], title: because })));
  drawLines("classes", audit.classes.map(([name], code) => ({ parts: { given: name }, name: bdi(name), n: given.get(code) ?? 0, title: name })).filter(({ n, parts }) => n || isFiltered(parts)));
  drawLines("by-state", Object.entries(counts.states).map(([state, n]) => ({ parts: { state }, name: state, n })), { inOrder: true });
  drawLines("tiers-of-doubt", Object.entries(counts.tiers).map(([tier, n]) => ({ parts: { tier }, name: tier, n, kind: tier === "doubted" ? "" : "quiet" })), { inOrder: true });
  if (audit.annotators.length) drawLines("annotators", audit.annotators.map((name) => ({ parts: { annotator: name }, name: bdi(name), n: counts.annotators[name] })));
  if (kept) document.querySelector(`[data-filter="${CSS.escape(kept)}"]`)?.focus();
}

const partsOfPair = (given, suggested) => ({ given: className(given), suggested: className(suggested) });

/** A cell of the matrix; one that stands for several classes is a number only. */
function pairButton(given, suggested, attributes, words) {
  if (given.codes.length > 1 || suggested.codes.length > 1) return make("span", attributes, words);
  return filterButton(partsOfPair(given.codes[0], suggested.codes[0]), attributes, words);
}

/** The matrix; where it has no room, the largest pairs, and the matrix in a dialog. */
function drawMatrix() {
  const groups = matrixClasses(counts.matrix);
  const box = byId("matrix").lastElementChild;
  if (!groups.length) return box.replaceChildren(muted("No row matches."));
  const table = () => [muted("given ↓ suggested →"), matrixTable(groups, counts.matrix, pairButton)];
  if (matrixWidth(groups) <= PANEL) return box.replaceChildren(...table());
  const note = muted("On the diagonal: rows for which no better label was found. Labels with few rows are added up.");
  const open = { type: "button", class: "more", onclick: () => openDialog("Given and suggested label", ...table(), note) };
  box.replaceChildren(make("div", { class: "lines" }, ...pairLines()), make("button", open, "Show all as a matrix"));
}

function pairLines() {
  const largest = [...counts.matrix].sort((a, b) => b[2] - a[2]).slice(0, PAIRS);
  return largest.map((pair) => pairLine(pair, largest[0][2]));
}

function pairLine([given, suggested, n], highest) {
  const name = make("span", { class: "name pair" }, bdi(className(given)), make("bdi", { class: "to" }, given === suggested ? "no better label" : className(suggested)));
  const title = `${counted(n, "row")}: given ${className(given)}, suggested ${className(suggested)}`;
  return filterButton(partsOfPair(given, suggested), { class: "line", title }, name, meter(n / highest, "quiet"), make("span", { class: "figure" }, grouped(n)));
}

// ---------------------------------------------------------------- what is set

/** The filter as chips that take a part of it away, and the fields as they are set. */
function drawChips() {
  const chip = ({ part, words }) => {
    const attributes = { type: "button", class: "chip", "aria-label": `Remove filter ${words}` };
    return make("button", { ...attributes, onclick: () => toggleFilter({ [part]: place.filter[part] }) }, bdi(words), " ×");
  };
  const clear = { type: "button", class: "chip clear", onclick: clearFilter };
  const chips = describeFilter().map(chip);
  byId("chips").replaceChildren(...chips, ...(chips.length > 1 ? [make("button", clear, "Clear all")] : []));
  for (const part of ["least", "most", "text"]) {
    const field = byId(part === "text" ? "search" : part);
    if (field !== document.activeElement) field.value = place.filter[part] ?? "";
  }
  drawRules();
  byId("where").querySelector("summary").textContent = chips.length ? `Filter and order (${counted(chips.length, "filter")})` : "Filter and order";
}

function clearFilter() {
  place.filter = {};
  moveTo({});
}
