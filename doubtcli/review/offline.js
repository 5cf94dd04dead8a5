// The page in one file: it answers its own questions, from the data in it, and keeps what was decided in the
// browser. "Download verdicts" gives the lines that `doubt review` would have written.

const MOST_REPORTED = 50; // rows of a step whose states are in an answer
const BROWSER_KEEPS_NOTHING = "This browser keeps nothing for a page that is opened as a file: download the verdicts before you close it.";

const held = {
  data: null, // as `make_content` has it
  cards: new Map(), // row -> its card
  blind: new Set(), // rows whose cards show nothing that models say
  said: new Map(), // row -> [{ verdict, step }], what was said about it and not taken back
  steps: new Map(), // name -> the step, the oldest first
  done: [], // names of steps in effect, and of those that were taken back
  undone: [],
  isKept: true, // whether the browser keeps all steps
  nDownloaded: 0,
};

const OPEN_ROW = { label: "", status: "", why: "" };
const WITHDRAWN = { ...OPEN_ROW, status: "withdrawn" };
const decides = ({ label, status }) => label !== "" || status === "unusable";

/** Reads the data of the file, once, and takes up what the browser has kept. */
function openData() {
  if (held.data) return held.data;
  held.data = JSON.parse(byId("data").textContent);
  held.cards = new Map(held.data.cards.map((card) => [card.index, card]));
  held.blind = new Set(held.data.cards.filter(({ blind }) => blind).map(({ index }) => index));
  byId("progress").after(make("div", { id: "offline" }));
  takeUpSteps();
  drawDownload();
  addEventListener("storage", ({ key, newValue }) => {
    if (newValue && key.startsWith(keyOf(""))) hearStep(newValue);
  });
  addEventListener("beforeunload", (event) => {
    if (!held.isKept && held.steps.size > held.nDownloaded) event.preventDefault();
  });
  return held.data;
}

/** The answers that the server would give; a refusal where it would refuse. */
async function askFile(question, body) {
  const { about, map: points } = openData();
  const answers = {
    about: () => ({ ...about, progress: countProgress() }),
    list: () => Int32Array.from(listFiltered(body)),
    counts: () => countFiltered(body.filter ?? {}),
    cards: () => ({ cards: body.rows.map(cardInFile), pool: held.data.pool }),
    map: () => (body.seen ? { state: "same" } : new Int32Array(bytesIn(points).buffer)),
    mask: () => packPoints(1, new Set(listFiltered(body))),
    states: () => packPoints(8),
    decide: () => decideInFile(body),
    undo: () => takeBackInFile(body.name),
    redo: () => bringBackInFile(body.name),
    meters: describeMeters,
  };
  return answers[question]();
}

/** A picture as an address that has its content in it; "" for one that is not in the file. */
const pictureInFile = (path) => held.data.pictures[path] ?? "";

function cardInFile(row) {
  const card = held.cards.get(row);
  if (!card) throw new Refusal(400, "this row is not in the file");
  const partners = card.partners.map((one) => ({ ...one, ...describeState(one.index) }));
  return { ...card, ...describeState(row), partners };
}

// ---------------------------------------------------------------- what rows say

/** The row that is shown for a row and its equal rows. */
const headRow = (row) => held.data.rows[row].head;
const givenOf = (row) => held.data.rows[row].given;
const saidOn = (row) => held.said.get(headRow(row)) ?? [];

/** The last decision of some statements on a row; the last statement if there is no decision. */
const currentOf = (said) => (said.findLast(({ verdict }) => decides(verdict)) ?? said.at(-1))?.verdict ?? null;

function stateIn(row) {
  const verdict = currentOf(saidOn(row));
  if (!verdict) return "open";
  if (verdict.label) return verdict.label === held.data.about.classes[givenOf(headRow(row))][0] ? "kept" : "corrected";
  return { unusable: "unusable", skip: "skipped" }[verdict.status];
}

function describeState(row) {
  const verdict = currentOf(saidOn(row));
  const others = held.data.others[headRow(row)] ?? {};
  return { state: stateIn(row), verdict: verdict?.label ?? "", note: verdict?.why ?? "", version: saidOn(row).at(-1)?.step ?? "", others };
}

function countProgress() {
  const states = { kept: 0, corrected: 0, unusable: 0, skipped: 0 };
  for (const row of held.said.keys()) states[stateIn(row)]++;
  const { queue } = held.data;
  return {
    states,
    decided: states.kept + states.corrected + states.unusable,
    left: queue.filter((row) => stateIn(row) === "open").length,
    queued: queue.length,
    canUndo: held.done.length > 0,
    canRedo: held.undone.length > 0,
    provisional: false,
  };
}

/** How many doubted rows were wrong; rows whose cards hide what models say are not counted. */
function describeMeters() {
  const doubted = held.data.cards.filter((card) => card.tier === "doubted");
  const states = doubted.map(({ index }) => stateIn(index));
  const wrong = states.filter((state) => state === "corrected").length;
  return { checked: wrong + states.filter((state) => state === "kept").length, wrong, next: { rows: 0 }, drawn: 0, noise: held.data.noise };
}

// ---------------------------------------------------------------- filters

/** Whether a filter lets a card through; one that asks what models say lets no card through that hides it. */
function letsThrough(filter, card) {
  const { classes, reasons, annotators } = held.data.about;
  const [id, , given, values] = held.data.pool[card.place];
  if (card.blind && MODEL_PARTS.some((part) => filter[part] !== undefined)) return false;
  const answer = () => card.answers?.find(([who]) => annotators[who] === filter.annotator)?.[1] ?? given;
  const holds = {
    given: (name) => classes[given][0] === name,
    suggested: (name) => classes[card.suggested][0] === name,
    reason: (name) => card.speaks.some((at) => reasons[at].name === name),
    annotator: () => answer() !== given,
    tier: (name) => (card.tier ?? "neither") === name,
    state: (name) => stateIn(card.index) === name,
    least: (doubt) => card.doubt >= doubt,
    most: (doubt) => card.doubt <= doubt,
    text: (text) => [id, ...values].some((value) => (value ?? "").toLowerCase().includes(text.trim().toLowerCase())),
    region: () => isInRegion(filter.region, card.index),
  };
  const unknown = Object.keys(filter).find((part) => !holds[part]);
  if (unknown) throw new Refusal(400, `a page in one file can't filter by '${unknown}'`);
  return Object.entries(filter).every(([part, value]) => holds[part](value));
}

function isInRegion(text, row) {
  const at = map.points ? map.points.row.indexOf(row) : -1;
  const [name, corners] = text.split(":");
  if (map.points?.name !== name) throw new Refusal(400, "the region was drawn on another map");
  if (held.region?.text !== text) held.region = { text, inside: findInside(corners.split(",").map(Number), map.points) };
  return at >= 0 && held.region.inside[at] === 1;
}

/** The rows of a filter, in order; rows whose cards hide what models say have no place beside rows like them. */
function listFiltered({ filter = {}, order = "doubt" }) {
  const rows = order === "alike" ? held.data.alike : held.data.queue;
  return rows.filter((row) => letsThrough(filter, held.cards.get(row)));
}

/** How many rows there are of each kind, each kind counted without its own part of the filter. */
function countFiltered(filter) {
  const { about, cards: all, pool } = held.data;
  const without = (...parts) => {
    const rest = Object.fromEntries(Object.entries(filter).filter(([part]) => !parts.includes(part)));
    return all.filter((card) => letsThrough(rest, card));
  };
  const shownOf = (some) => some.filter(({ blind }) => !blind);
  const pairs = new Map();
  for (const { place: at, suggested } of shownOf(without("given", "suggested"))) {
    const pair = `${pool[at][2]} ${suggested}`;
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
  }
  const tally = (names, some, namesOf) => {
    const found = Object.fromEntries(names.map((name) => [name, 0]));
    for (const card of some) for (const name of namesOf(card)) found[name]++;
    return found;
  };
  const given = new Map();
  for (const { place: at } of without("given")) given.set(pool[at][2], (given.get(pool[at][2]) ?? 0) + 1);
  const reasons = about.reasons.map(({ name }) => name);
  const differing = ({ answers = [], place: at }) => answers.filter(([, code]) => code !== pool[at][2]).map(([who]) => about.annotators[who]);
  return {
    matrix: [...pairs].map(([pair, n]) => [...pair.split(" ").map(Number), n]),
    given: [...given].sort(([a], [b]) => a - b),
    reasons: tally(reasons, shownOf(without("reason")), ({ speaks }) => speaks.map((at) => reasons[at])),
    tiers: tally(["doubted", "contradicted", "neither"], shownOf(without("tier")), ({ tier }) => [tier ?? "neither"]),
    states: tally(held.data.states, without("state"), ({ index }) => [stateIn(index)]),
    annotators: tally(about.annotators, shownOf(without("annotator")), differing),
  };
}

// ---------------------------------------------------------------- the map

const bytesIn = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** A bit for each point, whether its row is among some; or a byte, what became of its row. */
function packPoints(bits, rows) {
  const { row } = map.points;
  const packed = new Uint8Array(Math.ceil((row.length * bits) / 64) * 8);
  row.forEach((one, at) => {
    if (bits === 8) packed[at] = held.data.states.indexOf(stateIn(one));
    else if (rows.has(one)) packed[at >> 3] |= 1 << (at & 7);
  });
  return new Int32Array(packed.buffer);
}

// ---------------------------------------------------------------- steps

/** Says something about some rows, or about all that a filter lets through, as the server does. */
function decideInFile({ name, rows, filter, n, action, label = "", why = "", versions = {} }) {
  if (held.steps.has(name)) return report(held.steps.get(name).rows);
  const named = filter ? listFiltered({ filter }) : [...new Set(rows.map(headRow))];
  if (filter && n !== named.length) throw new Refusal(409, `the filter has ${grouped(named.length)} rows by now: look again`);
  const open = filter ? named.filter((row) => !held.blind.has(row) || stateIn(row) !== "open") : named;
  if (named.length && !open.length) throw new Refusal(400, "rows whose cards hide what models say are decided one by one");
  for (const [row, version] of Object.entries(versions)) checkVersion(Number(row), version);
  const suggestion = (row) => held.cards.get(row)?.suggested ?? givenOf(row);
  const chosen = action === "accept" ? open.filter((row) => suggestion(row) !== givenOf(row)) : open;
  if (!chosen.length) throw new Refusal(400, action === "accept" ? "no other label is suggested" : "no row was named");
  const { classes } = held.data.about;
  const labels = { keep: (row) => classes[givenOf(row)][0], accept: (row) => classes[suggestion(row)][0], label: () => label };
  const answer = (row) => (labels[action] ? { label: labels[action](row), status: "", why } : { label: "", status: action, why });
  return write(name, new Map(chosen.map((row) => [row, answer(row)])));
}

function checkVersion(row, version) {
  if (describeState(row).version === version) return;
  const verdict = currentOf(saidOn(row));
  if (!verdict) throw new Refusal(409, "another window took back what was said about this row");
  throw new Refusal(409, `another window said '${verdict.label || verdict.status}' about this row since it was shown`);
}

function takeBackInFile(name) {
  const last = held.done.at(-1);
  if (held.steps.has(name)) return report(held.steps.get(name).rows);
  if (!last) return report([]);
  const before = (row) => currentOf(saidOn(row).filter(({ step }) => step !== last)) ?? WITHDRAWN;
  return write(name, new Map(rowsOf(last).map((row) => [row, before(row)])), { undoes: last });
}

function bringBackInFile(name) {
  const last = held.undone.at(-1);
  if (held.steps.has(name)) return report(held.steps.get(name).rows);
  if (!last) return report([]);
  return write(name, new Map(changesOf(held.steps.get(last))), { redoes: last });
}

/** A step: what was said about which rows, each named as the lines name it. */
function write(name, changes, links = {}) {
  const lines = [...changes].map(([row, verdict]) => ({ row: seenRow(row), verdict }));
  const step = { name, time: nextTime(), ...links, lines };
  takeEffect(step);
  keepStep(step);
  drawDownload();
  return report([...changes.keys()]);
}

const seenRow = (row) => {
  const { id, given, hash, equal } = held.data.rows[row];
  return { id, given: held.data.about.classes[given][0], hash, equal };
};

let lastTime = 0;

/** The time now in microseconds, later than that of every step before. */
function nextTime() {
  lastTime = Math.max(Date.now() * 1000, lastTime + 1);
  return lastTime;
}

/** The rows of a step that this page has, with what was said about each. */
function changesOf({ lines }) {
  return lines.flatMap(({ row: { id, hash }, verdict }) => {
    const row = rowsById().get(id);
    return row !== undefined && held.data.rows[row].hash === hash ? [[row, verdict]] : [];
  });
}

const rowsOf = (name) => held.steps.get(name).rows;

function rowsById() {
  held.byId ??= new Map(Object.entries(held.data.rows).map(([row, { id }]) => [id, Number(row)]));
  return held.byId;
}

/** Lets a step take effect, as `Session._follow` does. */
function takeEffect(step) {
  const changes = changesOf(step);
  step.rows = changes.map(([row]) => row);
  held.steps.set(step.name, step);
  lastTime = Math.max(lastTime, step.time);
  if (held.done.includes(step.undoes)) {
    held.done = held.done.filter((name) => name !== step.undoes);
    held.undone.push(step.undoes);
    for (const row of rowsOf(step.undoes)) held.said.set(row, saidOn(row).filter((one) => one.step !== step.undoes));
  } else {
    const isBack = held.undone.includes(step.redoes);
    held.undone = isBack ? held.undone.filter((name) => name !== step.redoes) : [];
    const said = step.redoes ?? step.name;
    held.done.push(said);
    for (const [row, verdict] of changes) held.said.set(row, [...saidOn(row), { verdict, step: said }]);
  }
  for (const row of step.rows) if (!saidOn(row).length) held.said.delete(row);
}

const report = (rows) => ({ rows: Object.fromEntries(rows.slice(0, MOST_REPORTED).map((row) => [row, describeState(row)])), n: rows.length, progress: countProgress() });

// ---------------------------------------------------------------- what the browser keeps

const keyOf = (name) => `doubt review ${held.data.key} ${name}`;
const downloadedKey = () => `doubt review downloaded ${held.data.key}`;
const NAME_KEY = "doubt review name";

function keepStep({ rows, ...step }) {
  remember(keyOf(step.name), JSON.stringify(step));
}

function takeUpSteps() {
  try {
    localStorage.setItem(NAME_KEY, readName() ?? ""); // fails where nothing is kept
    const keys = Array.from({ length: localStorage.length }, (_, at) => localStorage.key(at));
    const found = keys.filter((key) => key.startsWith(keyOf(""))).map((key) => JSON.parse(localStorage.getItem(key)));
    held.nDownloaded = Number(localStorage.getItem(downloadedKey()));
    for (const step of found.sort((a, b) => a.time - b.time)) takeEffect(step);
  } catch {
    held.isKept = false;
  }
}

/** A step of another window of this page. */
function hearStep(text) {
  const step = JSON.parse(text);
  if (held.steps.has(step.name)) return;
  takeEffect(step);
  drawDownload();
  settle(report(step.rows));
}

// ---------------------------------------------------------------- the download

/** Which of the first rows were drawn at random: scrambled in the file, so that nobody reads it by accident. */
function unseal() {
  let state = parseInt(held.data.key.slice(0, 8), 16) || 1;
  const bytes = bytesIn(held.data.sealed).map((byte) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return byte ^ (state >>> 24);
  });
  return JSON.parse(new TextDecoder().decode(bytes));
}

/** All steps as `doubt review` writes them: a line for each row, in the order of time. */
function renderSteps(annotator) {
  const drawn = unseal();
  const render = (line) => `{${Object.entries(line).map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`).join(", ")}}\n`;
  const renderLine = (step, { row, verdict }) => ({
    doubt_id: row.id,
    given_label: row.given,
    verdict: verdict.label,
    verdict_status: verdict.status,
    annotator,
    time: new Date(Math.floor(step.time / 1000)).toISOString().replace("Z", `${String(step.time % 1000).padStart(3, "0")}+00:00`),
    why: verdict.why,
    doubt_equal_rows: row.equal,
    doubt_stratum: drawn[row.id]?.[0] ?? "",
    doubt_inclusion: drawn[row.id]?.[1] ?? "",
    doubt_row_hash: row.hash,
    review_step: step.name,
    review_rows: step.lines.length,
    ...(step.undoes ? { review_undoes: step.undoes } : {}),
    ...(step.redoes ? { review_redoes: step.redoes } : {}),
  });
  const steps = [...held.steps.values()].sort((a, b) => a.time - b.time);
  return steps.flatMap((step) => step.lines.map((one) => render(renderLine(step, one)))).join("");
}

/** The button that gives the verdicts, and what is to be known about keeping them. */
function drawDownload() {
  const n = held.steps.size;
  const words = n > held.nDownloaded ? `Download verdicts (${counted(n - held.nDownloaded, "new step")})` : "Download verdicts";
  const button = make("button", { type: "button", class: "chip", id: "download", disabled: n === 0, onclick: askName }, words);
  const notes = [...(held.isKept ? [] : [BROWSER_KEEPS_NOTHING]), ...held.data.notes];
  byId("offline").replaceChildren(button, ...notes.map((note) => make("p", { class: "small" }, note)));
}

let person = null; // who decides; asked for once

function askName() {
  person ??= readName();
  if (person) return download(person);
  const done = () => {
    const name = input.value.trim();
    if (!name) return input.focus();
    closeDialog();
    person = name;
    remember(NAME_KEY, name);
    download(name);
  };
  const onkeydown = (event) => event.key === "Enter" && act(event, done);
  const input = make("input", { class: "input", id: "name", dir: "auto", "aria-label": "Your name", maxlength: "100", autocomplete: "off", onkeydown });
  const go = make("button", { type: "button", class: "chip", id: "confirm", onclick: done }, "Download ", make("kbd", {}, "Enter"));
  openDialog("Your name", make("p", { class: "muted" }, "It is kept with each verdict, so that it is known who decided what."), input, make("p", { class: "actions" }, go));
  input.value = held.data.person;
  input.select();
}

/** Keeps something for the next time, where the browser keeps anything. */
function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    held.isKept = false;
  }
}

function readName() {
  try {
    return localStorage.getItem(NAME_KEY);
  } catch {
    return null;
  }
}

function download(name) {
  const stamp = new Date().toISOString().slice(0, 19).replaceAll("-", "").replace("T", "-").replaceAll(":", "");
  const safe = name.replace(/[^\p{L}\p{N}_.-]+/gu, "-").replace(/^[-.]+|[-.]+$/g, "").slice(0, 40) || "somebody";
  const address = URL.createObjectURL(new Blob([renderSteps(name)], { type: "application/jsonl" }));
  make("a", { href: address, download: `${safe}-${stamp}.jsonl` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
  held.nDownloaded = held.steps.size;
  remember(downloadedKey(), held.nDownloaded);
  drawDownload();
  say(`Downloaded: ${counted(held.steps.size, "step")} by ${name}.`);
}
