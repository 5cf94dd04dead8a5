// The commands, each with its key: as keys, as buttons that are always in sight, and explained in a dialog.

const isCard = () => place.view === "card" && shown && !waits;

const canMove = () => place.view === "card" && listed.length > 1;

/** A command whose `isPossible` is false has a grey button, and its key does nothing; it `needs` what the page `can` do. */
const COMMANDS = [
  { key: "a", name: "Accept", words: "take the suggested label", run: accept, isPossible: () => isCard() && canAccept() },
  { key: "k", name: "Keep", words: "keep the label of the file", run: keep, isPossible: isCard },
  { key: "1–0", name: "Label", words: "pick the label with this digit" },
  { key: "/", name: "Find label", words: "pick a label by typing a part of it; in the list, search rows", run: find, isPossible: () => true },
  { key: " ", shown: "space", name: "Skip", words: "leave the row open, and go on", run: () => decide("skip"), isPossible: isCard },
  { key: "x", name: "Unusable", words: "no label fits, or the row is broken", run: () => decide("unusable"), isPossible: isCard },
  { key: "f", name: "Flag", words: "skip the row with a note", run: flag, isPossible: isCard },
  { key: "u", name: "Undo", words: "take back the last decision, also one for many rows", run: () => takeBack("undo"), isPossible: () => progress?.canUndo || unsaved.length > 0 },
  { key: "U", name: "Redo", words: "bring back what was taken back; also Ctrl+Shift+Z", run: () => takeBack("redo"), isPossible: () => progress?.canRedo },
  { key: "p", name: "Previous", words: "go to the row before, without deciding", run: () => move(-1), isPossible: canMove },
  { key: "n", name: "Next", words: "go to the next row, without deciding", run: () => move(1), isPossible: canMove },
  { key: "c", name: "Compare", words: "put a similar row beside this one; ← → and b choose what the next key decides, g the whole group, ↑ ↓ another row; Shift with a digit labels both", run: toggleCompare, isPossible: () => isCard() && shown.partners?.length > 0 },
  { key: "t", name: "Rule", words: "teach a rule: which label the rows of a filter have", needs: "rules", run: makeRule, isPossible: () => audit !== null },
  { key: "r", name: "Update", words: "rank the rows again by what you decided, and by new rules", needs: "update", run: updateOrder, isPossible: () => audit !== null && !isJudging },
  { key: "l", name: "List", words: "change between card and list", run: () => moveTo({ view: place.view === "card" ? "list" : "card" }), isPossible: () => true },
  { key: "m", name: "Map", words: "change between card and map", needs: "map", run: () => moveTo({ view: place.view === "map" ? "card" : "map" }), isPossible: () => true },
  { key: "?", name: "Keys", words: "show what each key does", run: showKeys, isPossible: () => true },
];

const commands = () => COMMANDS.filter(({ needs }) => !needs || can(needs));

const PAIR_KEYS = {
  ArrowLeft: () => setTarget("this"),
  ArrowRight: () => setTarget("other"),
  ArrowUp: () => movePartner(-1),
  ArrowDown: () => movePartner(1),
  b: () => setTarget("both"),
  g: () => setTarget("group"),
  Escape: toggleCompare,
};

function find() {
  if (isCard()) return findLabel(pickLabel);
  byId("where").open = true;
  byId("search").focus();
}

// ---------------------------------------------------------------- keys

const isTyping = ({ target }) => target instanceof HTMLInputElement && target.type !== "button";

const early = []; // keys that were pressed while a card was on its way: they are for that card
const MOST_EARLY = 20;

/** Whether a card is on its way; without a server it may never come. */
const isCardComing = () => place.view === "card" && byId("trouble").hidden && (waits || byId("card-view").getAttribute("aria-busy") === "true");

/** Does what the keys say that were pressed too early, until another card is waited for. */
function playEarlyKeys() {
  while (early.length && !isCardComing()) onKey(early.shift());
}

function forgetEarlyKeys() {
  early.length = 0;
}

function onKey(event) {
  if (byId("dialog").open || isTyping(event)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const isRedo = (event.ctrlKey || event.metaKey) && event.shiftKey && event.key.toLowerCase() === "z";
  if (isRedo) return act(event, () => takeBack("redo"));
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.key === "r" && !byId("trouble").hidden) return act(event, () => byId("retry").click());
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1] ?? (DIGITS.includes(event.key) ? event.key : null);
  const ofPair = compared ? PAIR_KEYS[event.key] : null;
  const command = commands().find(({ key }) => key === event.key) ?? commands().find(({ key }) => key === event.key.toLowerCase() && !event.shiftKey);
  // a focused button is pressed by space and Enter, as everywhere
  if (event.key === " " && event.target instanceof HTMLButtonElement) return;
  if ((digit || ofPair || command?.run) && isCardComing()) return act(event, () => early.length < MOST_EARLY && early.push(event));
  if (digit && isCard()) return act(event, () => pickDigit(digit, event.shiftKey));
  if (ofPair && isCard()) return act(event, ofPair);
  if (command?.run && command.isPossible()) act(event, command.run);
}

/** A button that was clicked gives the focus up, so that space skips a row; one that a key pressed keeps it. */
function leaveButton(event) {
  if (event.detail && !byId("dialog").open) event.target.closest("button")?.blur();
}

function act(event, run) {
  event.preventDefault();
  run();
}

/** Picks the label that has a digit; with Shift beside a partner, for both rows. */
function pickDigit(digit, isForBoth) {
  const code = orderLabels(shown)[DIGITS.indexOf(digit)];
  if (code === undefined || DIGITS.indexOf(digit) >= audit.classes.length) return;
  if (isForBoth && compared) compared.target = "both";
  pickLabel(code);
}

// ---------------------------------------------------------------- buttons and the dialog

const shownKey = ({ key, shown: words }) => words ?? (key === "U" ? "⇧u" : key);

function drawCommands() {
  const nDigits = Math.min(audit.classes.length, DIGITS.length);
  const button = (command) => {
    const { key, name, words, run, isPossible } = command;
    if (!run) return make("span", { class: "command keyboard", title: words }, make("kbd", {}, `1–${nDigits === 10 ? 0 : nDigits}`), name);
    const attributes = { type: "button", class: "command", "data-key": key, title: words, "aria-keyshortcuts": key === " " ? "Space" : key, disabled: !isPossible(), onclick: run };
    return make("button", attributes, make("kbd", {}, shownKey(command)), name);
  };
  byId("commands").replaceChildren(...commands().map(button));
}

function updateCommands() {
  for (const button of byId("commands").querySelectorAll("button")) {
    const command = COMMANDS.find(({ key }) => key === button.dataset.key);
    if (command.key === "l") button.lastChild.nodeValue = place.view === "card" ? "List" : "Card";
    button.disabled = !command.isPossible();
  }
}

function showKeys() {
  const line = (command) => [make("dt", {}, make("kbd", {}, shownKey(command))), make("dd", {}, make("b", {}, command.name), `: ${command.words}`)];
  openDialog("Keys", make("dl", { class: "keys-list" }, ...commands().flatMap(line)), muted("Every decision is saved at once, and every one can be taken back, also tomorrow."));
}

/** Asks for a note, and leaves the row open with it. */
function flag() {
  const done = () => {
    closeDialog();
    decide("skip", { why: input.value.trim() });
  };
  const onkeydown = (event) => event.key === "Enter" && act(event, done);
  const input = make("input", { class: "input", id: "note", dir: "auto", "aria-label": "Note", maxlength: "1000", autocomplete: "off", onkeydown });
  const go = make("button", { type: "button", class: "chip", onclick: done }, "Flag ", make("kbd", {}, "Enter"));
  openDialog("Flag this row", make("p", { class: "muted" }, "The row stays open; the note is kept with it."), input, make("p", { class: "actions" }, go));
  input.value = shown.note;
  input.focus();
}
