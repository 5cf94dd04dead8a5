// The review: the rows of the filter, which of them is shown, and the order in which the page is drawn.

const AHEAD = 3; // cards that are there before they are wanted
const MOST_KEPT = 300; // cards that are remembered
const COUNT_AFTER = 600; // ms after the last decision

let audit = null; // what stays the same: labels, columns, reasons, people
let progress = null; // how many rows are decided
let listed = new Int32Array(); // the rows of the filter, in order
let pending = new Uint8Array(); // by row: 1 if it is listed and still to decide
let nPending = 0;
let shown = null; // the card in sight; null while it is fetched
let waits = false; // for an answer without which the next key could hit another row than the one in sight
let opening = 0; // how many lists were asked for: only the last one is drawn
const cards = new Map(); // by row, as the server made them, with later decisions

// ---------------------------------------------------------------- the rows of the filter

async function openList() {
  const mine = ++opening;
  const request = { filter: place.filter, order: place.order, scope: place.scope };
  const wanted = [ask("list", request), place.filter.state ? null : ask("list", { ...request, filter: openFilter() })];
  drawChips();
  drawOrder();
  let all, open;
  try {
    [all, open] = await Promise.all(wanted);
  } catch (error) {
    return isTrouble(error) ? showTrouble(error, openList) : refuseFilter(error);
  }
  if (mine !== opening) return;
  hideTrouble();
  [listed, pending, nPending] = [all, new Uint8Array(audit.rows), (open ?? all).length];
  for (const row of open ?? all) pending[row] = 1;
  countSoon(0);
  drawView();
}

/** A filter of an old address may name what this audit doesn't have. */
function refuseFilter({ message }) {
  say(`The filter was left out: ${message}`);
  place.filter = {};
  writePlace();
  openList();
}

/** Goes to another filter, order, view or row; the browser's button comes back from it. */
function moveTo(parts) {
  const isSameList = Object.keys(parts).length > 0 && parts.order === undefined && parts.scope === undefined;
  Object.assign(place, parts);
  writePlace({ isNew: true });
  if (isSameList) drawView();
  else openList();
}

function drawView() {
  for (const view of VIEWS) byId(`${view}-view`).hidden = view !== place.view;
  document.body.dataset.view = place.view;
  drawViews();
  drawBulk();
  if (place.view !== "card") {
    shown = null;
    forgetEarlyKeys();
    showPosition();
    updateCommands();
    if (place.view === "list") drawList();
    else drawMap();
  } else {
    const first = listed.includes(place.row) ? place.row : nextPending(-1);
    if (first === null) showEnd();
    else showRow(first);
  }
}

function drawViews() {
  const button = (view) => {
    const attributes = { type: "button", "aria-pressed": String(view === place.view), onclick: () => moveTo({ view }) };
    return make("button", attributes, { card: "Card", list: "List", map: "Map" }[view]);
  };
  byId("views").replaceChildren(make("span", { class: "segments" }, ...views().map(button)));
}

let counting = 0;

/** Counts again when no decision has come for a while: counting a large file takes longer than deciding. */
function countSoon(after = COUNT_AFTER) {
  clearTimeout(counting);
  counting = setTimeout(async () => {
    counts = await ask("counts", { filter: place.filter, scope: place.scope }).catch(() => counts);
    if (counts) drawCounts();
    countMeters();
  }, after);
}

// ---------------------------------------------------------------- moving

/** The first row to decide after a place in the list, or else from its start; null if there is none. */
function nextPending(at) {
  const ahead = listed.subarray(at + 1).find((row) => pending[row]);
  return ahead ?? listed.find((row) => pending[row]) ?? null;
}

async function showRow(row) {
  if (row !== place.row) compared = null;
  place.row = row;
  writePlace();
  if (!cards.has(row)) {
    shown = null;
    byId("card-view").setAttribute("aria-busy", "true");
    updateCommands();
    if (!(await loadCards([row], () => showRow(row))) || place.row !== row || place.view !== "card") return;
  }
  shown = cards.get(row);
  drawCard(shown);
  readAloud(shown);
  showPosition();
  updateCommands();
  scrollTo(0, 0);
  loadAhead();
  playEarlyKeys();
}

/** The next rows to decide, without those that are there. */
function loadAhead() {
  let at = listed.indexOf(place.row);
  const ahead = [];
  for (let n = 0; n < AHEAD; n++) {
    const next = listed.subarray(at + 1).findIndex((row) => pending[row]);
    if (next < 0) break;
    at += next + 1;
    if (!cards.has(listed[at])) ahead.push(listed[at]);
  }
  if (ahead.length) loadCards(ahead);
}

/** Asks for the cards of some rows; whether they came. */
async function loadCards(rows, again = openList) {
  if (!rows.length) return true;
  try {
    const found = await ask("cards", { rows });
    for (const card of completeCards(found)) cards.set(card.index, card);
  } catch (error) {
    showTrouble(error, again);
    return false;
  }
  for (const row of cards.keys()) {
    if (cards.size <= MOST_KEPT) break;
    if (row !== place.row && !rows.includes(row)) cards.delete(row);
  }
  hideTrouble();
  return true;
}

/** Cards with the rows that they mention; their own row is among them. Ids that are our hashes are left out. */
function completeCards({ cards: found, pool: named }) {
  const pool = audit.hasIds ? named : named.map(([, ...parts]) => ["", ...parts]);
  return found.map((card) => {
    const [id, row, given, values] = pool[card.place];
    const partners = card.partners.map((one) => ({ ...one, id: audit.hasIds ? one.id : "" }));
    return { ...card, id, row, given, values, partners, pool };
  });
}

function move(by) {
  if (place.view !== "card") return;
  const at = listed.indexOf(place.row);
  const row = listed[at < 0 ? 0 : at + by];
  if (row === undefined) say(by < 0 ? "This is the first row." : "This is the last row.");
  else showRow(row);
}

function goOn() {
  const next = nextPending(listed.indexOf(place.row));
  if (next === null) showEnd();
  else showRow(next);
}

/** What a screen reader says when a card comes. */
function readAloud({ given, suggested, blind }) {
  const other = blind || suggested === given ? "" : `, suggested: ${className(suggested)}`;
  byId("now").textContent = `${nameOf(shown)}, in the file: ${className(given)}${other}`;
}

function showPosition() {
  const at = listed.indexOf(place.row);
  const where = hasFilter() ? " of the filter" : place.scope === "all" ? "" : " of the queue";
  const [n, rows] = [grouped(listed.length), `${listed.length === 1 ? "row" : "rows"}${where}`];
  const isCard = place.view === "card" && shown && at >= 0;
  byId("position").textContent = isCard ? `${grouped(at + 1)} of ${n} ${rows}` : `${n} ${rows}`;
}

function showEnd() {
  shown = null;
  forgetEarlyKeys();
  place.row = null;
  writePlace();
  showPosition();
  updateCommands();
  const button = (words, onclick) => make("button", { type: "button", class: "chip", onclick }, words);
  const skipped = counts?.states.skipped ?? 0;
  if (!listed.length && hasFilter()) return drawNothing(make("h2", {}, "No row matches the filter"), button("Clear the filter", clearFilter));
  if (!listed.length && place.order === "alike") {
    const byDoubt = button("Most doubted first", () => moveTo({ order: "doubt" }));
    return drawNothing(make("h2", {}, "No row is shown beside rows like it before it is decided"), make("p", {}, "Some of them were drawn at random, and must look like the others."), byDoubt);
  }
  drawNothing(
    make("h2", {}, "Nothing is left to decide here"),
    isInFile ? make("p", {}, "Download the verdicts, and give the file to who sent you this page.") : make("p", {}, "Write the decisions back with ", make("code", {}, `doubt apply ${audit.file} --verdicts ${audit.folder}`)),
    make("p", { class: "actions" }, ...(hasFilter() ? [button("Clear the filter", clearFilter)] : []), ...(skipped ? [button(`See the ${counted(skipped, "skipped row")}`, () => toggleFilter({ state: "skipped" }))] : []))
  );
}

// ---------------------------------------------------------------- what is said

function say(words) {
  byId("said").textContent = words;
}

function drawProgress() {
  const { decided, left, states } = progress;
  const done = progress.queued - left;
  byId("decided").textContent = `${grouped(decided)} decided`;
  byId("left").textContent = `${grouped(left)} left`;
  const bar = byId("bar-of-progress");
  sized(bar, "--share", progress.queued ? done / progress.queued : 1);
  bar.setAttribute("aria-valuemax", progress.queued);
  bar.setAttribute("aria-valuenow", done);
  byId("states").textContent = Object.entries(states).filter(([, n]) => n).map(([state, n]) => `${grouped(n)} ${state}`).join(" · ");
}

// ---------------------------------------------------------------- drawing the page

async function start() {
  document.addEventListener("keydown", onKey);
  try {
    audit = await ask("about");
  } catch (error) {
    return showTrouble(error, start);
  }
  hideTrouble();
  progress = audit.progress;
  document.title = `${audit.file} - doubt review`;
  byId("file").textContent = audit.file;
  readPlace();
  drawFilters();
  drawCommands();
  drawProgress();
  document.addEventListener("click", leaveButton);
  // also runs where the address was changed by hand
  addEventListener("popstate", () => {
    readPlace();
    openList();
  });
  fetchRules();
  await openList();
}

start();
