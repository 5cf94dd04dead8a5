// What the person decides, and what becomes of it.

const canAccept = () => !shown.blind && shown.suggested !== shown.given;

function keep() {
  if (isCard()) decide("keep");
}

/** Takes the suggested label; beside a partner, for the rows that are chosen. */
function accept() {
  if (!isCard() || !canAccept()) return;
  if (compared && compared.target !== "this") pickLabel(shown.suggested);
  else decide("accept");
}

function pickLabel(code) {
  if (isCard()) decide("label", { label: className(code) });
}

/** Decides on the row in sight, or the rows that are compared, and goes on before the server has answered. */
function decide(action, { label = "", why = "" } = {}) {
  const decided = targetRows(shown);
  const rows = decided.map(({ index }) => index);
  const versions = Object.fromEntries(decided.map(({ index, version }) => [index, version]));
  for (const row of rows) {
    if (pending[row]) nPending -= 1;
    pending[row] = 0;
    notices.delete(row);
  }
  const from = shown.index;
  const words = describeStep(decided, action, label, why);
  say(`Saving: ${words}`);
  const name = save("decide", { rows, action, label, why, versions }, words, {
    onSaved: (answer) => {
      settle(answer);
      if (rows.length > 1 || rows[0] !== from) forgetOthers();
      say(`Saved: ${words}`);
    },
    onRefused: ({ status, message }) => askAgain(from, rows, status, message),
  });
  // the server's version of a row is the name of the last step on it
  for (const card of decided) Object.assign(card, { version: name, isSaving: true });
  if (rows.includes(from)) goOn();
  else setTarget("this");
}

/** A row's id, if the file has ids; else its number. */
const nameOf = ({ id, row }) => id || `row ${grouped(row)}`;

function describeStep(decided, action, label, why) {
  const who = decided.length > 1 ? counted(decided.length, "row") : nameOf(decided[0]);
  const suggested = className(shown.blind ? shown.given : shown.suggested);
  const what = { keep: "kept", accept: suggested, label, unusable: "unusable", skip: why ? "flagged" : "skipped" }[action];
  return `${who}: ${what}`;
}

/** Cards of other rows may show a row that was decided, or one that is equal to it. */
function forgetOthers() {
  for (const row of cards.keys()) if (row !== place.row) cards.delete(row);
  if (shown) loadAhead();
}

/** The decision was refused, as another window was faster: the row is shown again, with what was said. */
async function askAgain(from, rows, status, message) {
  forgetEarlyKeys();
  for (const row of rows) {
    cards.delete(row);
    pending[row] = 1;
    nPending += 1;
  }
  notices.set(from, status === 409 ? `Not saved: ${message}. What do you say?` : `Not saved: ${message}`);
  say("Not saved: see the row.");
  if (place.view === "card") await showRow(from);
}

/** Takes over what became of rows, as the server says. */
function settle(answer) {
  progress = answer.progress;
  for (const [index, state] of Object.entries(answer.rows)) {
    const row = Number(index);
    const isOpen = Number(state.state === "open");
    if (listed.includes(row) && pending[row] !== isOpen && !place.filter.state) {
      nPending += isOpen - pending[row];
      pending[row] = isOpen;
    }
    const card = cards.get(row);
    const known = [card, ...[...cards.values()].map(({ partners }) => partners.find((one) => one.index === row))];
    for (const one of known) if (one) Object.assign(one, state, { isSaving: false });
    if (card?.blind || isOpen) cards.delete(row);
  }
  const isInSight = ({ index }) => String(index) in answer.rows;
  if (shown && [shown, ...shown.partners].some(isInSight)) drawCard(shown);
  drawProgress();
  drawBulk();
  updateCommands();
  countSoon();
}

function takeBack(question) {
  if (waits) return;
  waits = true;
  updateCommands();
  const [done, nothing] = question === "undo" ? ["Taken back", "There is nothing to take back."] : ["Brought back", "There is nothing to bring back."];
  save(question, {}, question, {
    onSaved: (answer) => {
      waits = false;
      shown = null;
      settle(answer);
      say(answer.n ? `${done}: ${counted(answer.n, "row")}` : nothing);
      const rows = Object.keys(answer.rows).map(Number);
      if (answer.n === 1 && question === "undo") moveBack(rows[0]);
      else if (answer.n > 1) openAgain();
      else drawView();
    },
    onRefused: ({ message }) => {
      waits = false;
      forgetEarlyKeys();
      say(`Not done: ${message}`);
      updateCommands();
    },
  });
}

function moveBack(row) {
  place.view = "card";
  place.row = row;
  if (listed.includes(row)) drawView();
  else showRow(row);
}

function openAgain() {
  cards.clear();
  openList();
}
