// One row with all that is needed to decide on it.

const BLIND = "Some of the first rows are drawn at random, to measure how many labels are wrong. So that they look like the others, the first cards don't show what the models say.";

const notices = new Map(); // row -> why it is asked again
let explained = null; // the row whose card explains why the first cards show less

function drawCard(card) {
  byId("card-view").setAttribute("aria-busy", "false");
  byId("card-view").classList.toggle("compares", Boolean(compared));
  byId("card").replaceChildren(...(compared ? pairParts(card) : cardParts(card)));
  byId("beside").replaceChildren(...besideParts(card));
}

function cardParts(card) {
  return [
    headOf(card),
    noticeOf(card),
    platesOf(card),
    doubtOf(card),
    make("section", { class: "values" }, ...picturesPart(card), ...textsPart(card), marksLegend(card), cellsPart(card)),
  ].filter(Boolean);
}

function besideParts(card) {
  const evidence = [nearPart, duplicatesPart, answersPart].map((maker) => maker(card));
  return [labelsPart(card, pickLabel), comparePart(card), ...evidence, card.scores ? reasonsPart(card) : null].filter(Boolean);
}

// ---------------------------------------------------------------- the head

function headOf(card) {
  return make("div", { class: "row-head" }, placesOf(card), stateOf(card));
}

/** What became of the row, by this person and by others. */
function stateOf(card) {
  const others = Object.entries(card.others).map(([who, said]) =>
    make("span", { class: "said" }, make("bdi", {}, who), " says ", make("bdi", {}, said))
  );
  const saving = card.isSaving ? [make("span", { class: "state" }, "not saved yet")] : [];
  const own = card.isSaving || card.state === "open" ? saving : [make("span", { class: `state ${card.state}` }, ...stateWords(card))];
  return make("p", { class: "states small" }, ...own, ...others);
}

function stateWords({ state, verdict, note }) {
  const words = { kept: "kept", corrected: "corrected to ", unusable: "unusable", skipped: note ? "flagged" : "skipped" }[state];
  const label = state === "corrected" ? [make("bdi", {}, verdict)] : [];
  return [words, ...label, ...(note ? [": ", make("bdi", {}, note)] : [])];
}

function noticeOf(card) {
  const why = notices.get(card.index);
  if (why) return make("p", { class: "notice", role: "alert" }, why);
  if (!card.blind || (explained !== null && explained !== card.index)) return null;
  explained = card.index;
  return make("p", { class: "notice" }, BLIND);
}

// ---------------------------------------------------------------- given against suggested

/** A label as a large button that decides for it. */
function plate(title, content, { key, words, run, kind = "" }) {
  const attributes = { type: "button", class: `plate ${kind}`, onclick: run };
  const action = make("span", { class: "do" }, make("kbd", {}, key), ` ${words}`);
  return make("button", attributes, make("span", { class: "plate-head muted small" }, ...title), content, action);
}

/** What a label is, and how likely models find it. */
function titleOf(words, card, code) {
  const share = card.probs?.find(([known]) => known === code)?.[1];
  const figure = share === undefined ? null : make("span", { title: "Probability by models that never saw the row" }, score(share));
  return [make("span", {}, words), figure];
}

function platesOf(card) {
  const title = titleOf("In the file", card, card.given);
  const given = plate(title, make("span", { class: "large" }, labelOf(card.given)), { key: "k", words: "Keep", run: keep });
  return make("div", { class: "plates" }, given, suggestionOf(card));
}

function suggestionOf(card) {
  const blank = (words) => make("div", { class: "plate blank muted" }, make("span", { class: "small" }, "Suggested"), words);
  if (card.blind) return blank("not shown on this card");
  if (card.suggested === card.given) return blank("no better label");
  const kind = card.tier === "doubted" ? "suggested" : "suggested weak";
  const name = make("span", { class: "large" }, labelOf(card.suggested, kind));
  return plate(titleOf("Suggested", card, card.suggested), name, { key: "a", words: "Accept", run: accept, kind: "advised" });
}

/** How much the label is doubted, and why. */
function doubtOf(card) {
  if (card.blind) return null;
  const figure = make("span", {}, "Doubt ", make("b", {}, score(card.doubt)));
  const spread = card.doubtSd === null ? "" : `± ${score(card.doubtSd)} between repeats`;
  const bar = meter(card.doubt, card.tier === "doubted" ? "" : "quiet");
  const tier = make("span", { class: "muted small" }, [card.tier, spread].filter(Boolean).join(", "));
  const why = card.why ? make("p", { class: "why", dir: "auto" }, ...isolated(card.why)) : null;
  return make("section", { class: "doubting" }, make("div", { class: "measure" }, figure, bar, tier), why);
}

// ---------------------------------------------------------------- nothing to show

function drawNothing(...words) {
  byId("card-view").setAttribute("aria-busy", "false");
  byId("card").replaceChildren(make("div", { class: "nothing" }, ...words));
  byId("beside").replaceChildren();
}
