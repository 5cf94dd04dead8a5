// The labels to choose from: as buttons with digits, and in a dialog that finds them by typing.

const DIGITS = "1234567890";
const MOST_FOUND = 100; // labels that the dialog lists at once

/** The codes of all labels: likeliest first; in the file's order on a card that doesn't give a suggestion away. */
function orderLabels(card) {
  const likely = card.blind ? [] : (card.probs?.map(([code]) => code) ?? [card.suggested, card.given]);
  return [...new Set([...likely, ...audit.classes.keys()])];
}

function labelsPart(card, pick) {
  const probs = new Map(card.blind ? [] : card.probs);
  const button = (code, at) => {
    const share = probs.get(code);
    const isGiven = code === card.given;
    const kind = isGiven || code !== card.suggested ? "quiet" : "";
    const measured = share === undefined ? [] : [meter(share, kind), make("span", { class: "figure" }, score(share))];
    const name = make("span", { class: "name" }, labelBeside(code, card), isGiven ? make("small", { class: "muted" }, "given") : null);
    const isChosen = card.verdict === className(code);
    const attributes = { type: "button", class: "pick", "data-code": code, "aria-pressed": String(isChosen), onclick: () => pick(code) };
    return make("li", {}, make("button", attributes, make("kbd", {}, DIGITS[at]), name, ...measured));
  };
  const shown = orderLabels(card).slice(0, DIGITS.length);
  const find = { type: "button", class: "pick find", onclick: () => findLabel(pick) };
  const words = audit.classes.length > shown.length ? `Find one of ${grouped(audit.classes.length)} labels` : "Find a label";
  const buttons = [...shown.map(button), make("li", {}, make("button", find, make("kbd", {}, "/"), words))];
  return part(card.probs ? "Labels, by how likely models find them" : "Labels", make("ul", { class: "picks" }, ...buttons));
}

// ---------------------------------------------------------------- the dialog

/** Opens the one dialog with a title and some content; Escape closes it. */
function openDialog(title, ...content) {
  const close = make("button", { type: "button", class: "key", onclick: closeDialog }, "Close ", make("kbd", {}, "Esc"));
  const top = make("div", { class: "top" }, make("h2", { id: "dialog-title" }, title), close);
  byId("dialog").replaceChildren(top, ...content);
  byId("dialog").showModal();
}

const closeDialog = () => byId("dialog").close();

/** Labels whose names have all typed words; those that begin with them come first. */
function searchLabels(typed) {
  const words = folded(typed).split(/\s+/).filter(Boolean);
  const codes = [...audit.classes.keys()].filter((code) => words.every((word) => folded(className(code)).includes(word)));
  const begins = (code) => folded(className(code)).startsWith(words[0] ?? "");
  return [...codes.filter(begins), ...codes.filter((code) => !begins(code))];
}

function findLabel(pick) {
  const list = make("ul", { id: "found", role: "listbox", "aria-label": "Labels" });
  const note = muted();
  let codes = [];
  let active = 0;
  const choose = (code) => {
    closeDialog();
    pick(code);
  };
  const option = (code, at) => {
    const attributes = { role: "option", id: `option-${at}`, "aria-selected": String(at === active), onclick: () => choose(code) };
    return make("li", attributes, labelOf(code), make("span", { class: "figure" }, counted(audit.classes[code][1], "row")));
  };
  const draw = () => {
    list.replaceChildren(...codes.slice(0, MOST_FOUND).map(option));
    note.textContent = codes.length > MOST_FOUND ? `The first ${MOST_FOUND} of ${grouped(codes.length)} labels: type more to find others.` : "";
    if (!codes.length) note.textContent = "No label has these words.";
    input.setAttribute("aria-activedescendant", codes.length ? `option-${active}` : "");
    list.children[active]?.scrollIntoView({ block: "nearest" });
  };
  const search = () => {
    [codes, active] = [searchLabels(input.value), 0];
    draw();
  };
  const onkeydown = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const last = Math.min(codes.length, MOST_FOUND) - 1;
    if (event.key === "Enter" && codes.length) choose(codes[active]);
    if (event.key === "Enter" || step) event.preventDefault();
    if (!step) return;
    active = Math.max(0, Math.min(last, active + step));
    draw();
  };
  const role = { role: "combobox", "aria-expanded": "true", "aria-controls": "found", "aria-label": "Find a label" };
  const input = make("input", { ...role, id: "find", class: "input", dir: "auto", autocomplete: "off", spellcheck: "false", oninput: search, onkeydown });
  openDialog("Find a label", input, list, note);
  search();
  input.focus();
}
