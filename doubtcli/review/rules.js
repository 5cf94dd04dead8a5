// Rules: what a filter shows, said so that a scan can ask it of every row. The dialog proposes conditions, counts the
// rows that a condition fires on while it is typed, and keeps the rule in the settings file.

const COUNT_TYPED_AFTER = 250; // ms after the last letter
const MOST_OF_NAME = 40; // letters of a name that follows from a condition
const WORDS_OF_LANGUAGE = new Set(["contains", "matches", "missing", "column", "and", "or", "not", "in"]);
const MOST_EXAMPLES = 12; // columns that are named

let ruleBook = { rules: [] };
let draft = null; // what was typed and not kept; `of` is the filter that it was made of
let trying = 0; // how many conditions were sent: only the answer to the last one is shown

const hasNewRules = () => ruleBook.rules.some(({ isNew }) => isNew);
const filterNow = () => JSON.stringify(place.filter);

const inNaturalOrder = new Intl.Collator(undefined, { numeric: true }).compare; // c2 before c10
const ruleLabels = () => audit.classes.filter(([, n]) => n).map(([name]) => name).sort(inNaturalOrder);

/** The draft to go on with: the one of these rows, or a new one, with the label that the filter says they should have. */
function takeDraft() {
  const { when = "", unlike, suggested } = place.filter;
  const isOfThese = draft && (when ? draft.when === when : draft.of === filterNow());
  const label = ruleLabels().find((name) => name === (unlike ?? suggested)) ?? "";
  if (!isOfThese) draft = { of: filterNow(), when, label, name: "", why: "" };
}

// ---------------------------------------------------------------- the dialog

async function makeRule() {
  takeDraft();
  const isNew = draft.when === "";
  openDialog("Make a rule", ...ruleParts());
  byId("rule-when").focus();
  tryRule();
  if (!isNew || !hasFilter()) return;
  const mine = draft;
  const box = byId("rule-proposals");
  box.replaceChildren(muted("Looking for conditions …"));
  const found = await ask("propose", { filter: place.filter }).catch((error) => ({ proposed: [], error }));
  if (mine !== draft || !box.isConnected) return;
  if (found.error) return box.replaceChildren(muted(whyTrouble(found.error)));
  drawProposals(box, found);
  if (found.when && draft.when === "") takeCondition(found.when);
}

function ruleParts() {
  const field = (id, words, input, ...more) => make("div", { class: "rule-field" }, make("label", { for: id }, words), input, ...more);
  const oninput = (part, then = () => {}) => (event) => {
    draft[part] = event.target.value;
    then();
  };
  const text = (id, part, more) => {
    const input = make("input", { id, class: "input", dir: "auto", autocomplete: "off", spellcheck: "false", ...more, oninput: oninput(part) });
    input.value = draft[part];
    return input;
  };
  const when = make("textarea", { id: "rule-when", class: "input code", rows: 2, spellcheck: "false", autocomplete: "off", maxlength: 2000, "aria-describedby": "rule-preview rule-trouble", oninput: oninput("when", trySoon) });
  when.value = draft.when;
  const none = make("option", { value: "", hidden: true }, "");
  const label = make("select", { id: "rule-label", class: "input", onchange: oninput("label", tryRule) }, none, ...ruleLabels().map((name) => make("option", { value: name }, name)));
  label.value = draft.label;
  const button = (words, onclick, attributes) => make("button", { type: "button", class: "chip quiet", onclick, ...attributes }, ...words);
  const form = make(
    "form",
    { id: "rule", oninput: hideRefusal, onsubmit: (event) => act(event, keepRule), onkeydown: (event) => event.key === "Enter" && event.target.id === "rule-when" && act(event, keepRule) },
    field("rule-when", "When", when, make("p", { id: "rule-trouble", class: "rule-trouble", role: "alert", hidden: true })),
    make("div", { id: "rule-proposals" }),
    howToWrite(),
    make("div", { class: "rule-pair" }, field("rule-label", "Label", label), field("rule-name", "Name", text("rule-name", "name", { maxlength: 60 }))),
    field("rule-why", "Why (optional)", text("rule-why", "why", { maxlength: 1000, placeholder: "Shown to whoever decides on a row" })),
    make("p", { id: "rule-preview", role: "status" }),
    make("p", { id: "rule-refusal", class: "rule-trouble", role: "alert", hidden: true }),
    make("p", { class: "actions" }, make("button", { id: "keep-rule", class: "chip" }, "Keep the rule ", make("kbd", {}, "Enter")), button(["Show them"], showDraft, { id: "show-contradicted", hidden: true }), button(["Cancel"], closeDialog))
  );
  return [muted("A rule says which label some rows have. Those with another label are doubted, from the next update or scan."), form];
}

/** What can be written in a condition, with columns of this file. */
function howToWrite() {
  const names = audit.names.slice(0, MOST_EXAMPLES);
  const more = audit.names.length > names.length ? ", …" : "";
  const code = (...parts) => make("code", {}, make("bdi", {}, ...parts));
  const [first] = names;
  const line = (...parts) => make("li", {}, ...parts);
  const examples = [
    line("Columns: ", ...names.flatMap((name, at) => [at ? ", " : "", code(name)]), more),
    line(code(`contains(${first}, "word")`), " has a text in it, ", code(`matches(${first}, "^a.*z$")`), " fits a pattern, ", code(`missing(${first})`), " has no value"),
    line(code("== != < <= > >="), " compare with a number or a text, ", code(`in ["a", "b"]`), " with several"),
    line(code("and or not ( )"), " join conditions"),
  ];
  return make("details", { class: "small" }, make("summary", {}, "How to write a condition"), make("ul", { class: "notes muted" }, ...examples));
}

function drawProposals(box, { rows, proposed, when }) {
  const isLasso = Boolean(place.filter.region);
  const which = `the ${counted(rows, "row")} ${isLasso ? "in the lasso" : "of the filter"}`;
  if (!proposed.length) return box.replaceChildren(...(when ? [] : [muted(`Nothing was found that separates ${which} from the others. Type a condition.`)]));
  const others = (n) => (n ? `, and on ${counted(n, "other")}` : ", and on no other");
  const button = ([condition, inside, outside]) => {
    const attributes = { type: "button", class: "proposal", onclick: () => takeCondition(condition) };
    return make("li", {}, make("button", attributes, make("code", {}, make("bdi", {}, visible(condition))), make("span", { class: "muted small" }, `fires on ${grouped(inside)} of ${which}${others(outside)}`)));
  };
  box.replaceChildren(muted(`What separates ${which} from the others:`), make("ul", {}, ...proposed.map(button)));
}

function takeCondition(when) {
  draft.when = byId("rule-when").value = when;
  byId("rule-when").focus();
  tryRule();
}

// ---------------------------------------------------------------- what it fires on

let typing = 0;

function trySoon() {
  clearTimeout(typing);
  typing = setTimeout(tryRule, COUNT_TYPED_AFTER);
}

/** Counts the rows of the condition; the label is the commonest one of them until another is chosen. */
async function tryRule() {
  clearTimeout(typing);
  const mine = ++trying;
  const { when, label } = draft;
  byId("rule-name").value = chooseRuleName();
  if (!when.trim()) return drawPreview(null);
  const found = await ask("preview", { when, label }).catch((error) => ({ error }));
  if (mine !== trying || !byId("rule-preview")) return;
  if (found.error) return drawRuleTrouble(found.error);
  if (!label && found.commonest) byId("rule-label").value = found.commonest;
  drawPreview(found);
}

function drawPreview(found) {
  byId("rule-trouble").hidden = true;
  byId("rule-when").removeAttribute("aria-invalid");
  byId("rule-preview").textContent = found ? previewWords(found) : "";
  const show = byId("show-contradicted");
  show.hidden = !found?.contradicts;
  if (found?.contradicts) show.textContent = found.contradicts === 1 ? "Show that row" : `Show the ${grouped(found.contradicts)}`;
}

function previewWords({ fires, same, contradicts }) {
  if (!fires) return "Fires on no row.";
  const rows = `Fires on ${counted(fires, "row")}`;
  if (!contradicts) return `${rows}: ${fires === 1 ? "it has" : "all have"} this label.`;
  if (!same) return `${rows}: ${fires === 1 ? "it has another label" : "all have another label"}.`;
  return `${rows}: ${grouped(same)} ${same === 1 ? "has" : "have"} this label, ${grouped(contradicts)} ${contradicts === 1 ? "has" : "have"} another.`;
}

/** Says beside the condition what is wrong; all that was typed stays. */
function drawRuleTrouble(error) {
  drawPreview(null);
  byId("rule-trouble").textContent = whyTrouble(error);
  byId("rule-trouble").hidden = false;
  byId("rule-when").setAttribute("aria-invalid", "true");
}

/** A name of letters and digits that follows from a condition: contains(text, "http") gives text-http. */
function nameFrom(when) {
  const words = folded(when).match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  const telling = new Set(words.filter((word) => !WORDS_OF_LANGUAGE.has(word)));
  return [...telling].join("-").slice(0, MOST_OF_NAME).replace(/-$/, "");
}

/** The name that was typed, or else one that no rule has yet. */
function chooseRuleName() {
  if (draft.name.trim() || !draft.when.trim()) return draft.name.trim();
  const taken = new Set(ruleBook.rules.map((rule) => rule.name));
  const base = nameFrom(draft.when) || "rule";
  let number = 1;
  while (taken.has(number === 1 ? base : `${base}-${number}`)) number++;
  return number === 1 ? base : `${base}-${number}`;
}

// ---------------------------------------------------------------- what becomes of it

/** Shows the rows that the draft contradicts; the draft is there when the dialog is opened again. */
function showDraft() {
  draft.label = byId("rule-label").value;
  closeDialog();
  showContradicted(draft.when, draft.label);
  say("The rule is not kept yet: t opens it again.");
}

function showContradicted(when, unlike) {
  place.filter = { when, unlike };
  moveTo({ scope: "all", row: null });
}

/** Says why a rule was not kept: beside the condition where that is at fault, else beside the button. */
async function refuseRule(error) {
  await tryRule();
  if (!byId("rule-trouble")?.hidden) return;
  byId("rule-refusal").textContent = whyTrouble(error);
  byId("rule-refusal").hidden = false;
}

function hideRefusal() {
  byId("rule-refusal").hidden = true;
}

async function keepRule() {
  const rule = { name: chooseRuleName(), when: draft.when.trim(), label: byId("rule-label").value, why: draft.why.trim() };
  const button = byId("keep-rule");
  button.disabled = true;
  try {
    ruleBook = await ask("keep-rule", rule);
  } catch (error) {
    return await refuseRule(error);
  } finally {
    button.disabled = false;
  }
  draft = null;
  closeDialog();
  drawRules();
  updateCommands();
  if (ruleBook.rules.find(({ name }) => name === rule.name)?.contradicts) showContradicted(rule.when, rule.label);
  say(`Kept in ${ruleBook.file}. The next update or scan uses it as the reason rule-conflict.`);
}

// ---------------------------------------------------------------- the rules that are kept

async function fetchRules() {
  if (!can("rules")) return;
  ruleBook = await ask("rules").catch(() => ruleBook);
  drawRules();
  updateCommands();
}

function drawRules() {
  if (!can("rules")) return;
  const more = (words, onclick) => make("button", { type: "button", class: "more", onclick }, words);
  byId("rules").replaceChildren(
    make("figcaption", {}, make("h2", {}, "Rules")),
    make("div", { class: "lines" }, ...ruleBook.rules.map(ruleLine)),
    ...(ruleBook.trouble ? [make("p", { class: "small moved" }, ruleBook.trouble)] : []),
    ...(hasNewRules() ? [more("Judge the file again with the new rules", updateOrder)] : []),
    more("Make a rule …", makeRule)
  );
}

/** A rule: a click shows the rows that contradict it. */
function ruleLine({ name, when, label, why, fires, contradicts, trouble }) {
  const parts = { when, unlike: label };
  const title = [`When ${when}: ${label}.`, why].filter(Boolean).join(" ");
  const words = make("span", { class: "name" }, bdi(name), make("small", { class: "muted" }, "→ ", bdi(label)));
  if (trouble) return make("p", { class: "rule-line", title }, words, make("small", { class: "muted" }, `can't be asked of this file: ${trouble}`));
  const figure = contradicts ? `${grouped(contradicts)} of ${grouped(fires)}` : grouped(fires);
  const meaning = `contradicts ${grouped(contradicts)} of ${counted(fires, "row")}`;
  const onclick = () => (isFiltered(parts) ? setFilter({ when: null, unlike: null }) : showContradicted(when, label));
  const attributes = { type: "button", class: "line rule-line", title: `${title} It ${meaning}.`, disabled: !contradicts && !isFiltered(parts), "aria-pressed": String(isFiltered(parts)), "aria-label": `${name}: ${meaning}`, onclick };
  return make("button", attributes, words, make("span", { class: "figure" }, figure));
}
