// Two rows side by side, with what differs between them marked; one key decides either, both, or a whole group.

const MOST_WORDS = 1_500; // of a text that is compared word by word
const ALIKE = 0.4; // share of words in common from which on the differing ones are marked, and below which the common ones are
const SHORTEST = 4; // letters of a common word that is marked

let compared = null; // { at: which partner, target: "this" | "other" | "both" | "group" }

const partnerOf = (card) => card.partners[compared.at];
const groupOf = (card) => [card, ...card.partners.filter(({ kind }) => kind !== "near")];

/** The rows that a decision is for. */
function targetRows(card) {
  if (!compared) return [card];
  const other = partnerOf(card);
  return { this: [card], other: [other], both: [card, other], group: groupOf(card) }[compared.target];
}

function comparePart(card) {
  if (compared || !card.partners?.length) return null;
  const [first] = card.partners;
  const attributes = { type: "button", class: "pick find", onclick: toggleCompare };
  const name = make("span", {}, `Compare with ${KINDS[first.kind]}: `, labelBeside(first.given, card));
  return make("section", {}, make("button", attributes, make("kbd", {}, "c"), name));
}

function toggleCompare() {
  if (!compared && !shown?.partners?.length) return say("This row has no similar row to compare it with.");
  compared = compared ? null : { at: 0, target: "this" };
  drawCard(shown);
}

function setTarget(target) {
  compared.target = target;
  drawCard(shown);
}

function movePartner(by) {
  const n = shown.partners.length;
  compared.at = (compared.at + by + n) % n;
  drawCard(shown);
}

// ---------------------------------------------------------------- drawing

const KINDS = { "the same": "the same input", "nearly the same": "nearly the same input", near: "a similar row" };

function pairParts(card) {
  const other = partnerOf(card);
  const [left, right] = compareRows(card.values, other.values);
  const sides = make("div", { class: "pair" }, sideOf(card, left, "this"), sideOf(other, right, "other"));
  const marked = [left, right].flat(2).filter((part) => part instanceof Element).map(({ className: kind }) => kind);
  const words = { differs: " differs", common: " in both" };
  const legend = [...new Set(marked)].map((kind) => make("span", {}, make("mark", { class: kind }, "marked"), words[kind]));
  return [noticeOf(card), chooserOf(card, other), targetsOf(card), sides, make("p", { class: "marks-legend muted small" }, ...legend)].filter(Boolean);
}

function chooserOf(card, other) {
  const n = card.partners.length;
  const words = make("span", {}, "beside ", make("b", {}, KINDS[other.kind]), n > 1 ? `, ${compared.at + 1} of ${n}` : "");
  const button = (text, key, onclick) => make("button", { type: "button", class: "key", onclick }, `${text} `, make("kbd", {}, key));
  const moves = n > 1 ? [button("Previous", "↑", () => movePartner(-1)), button("Next", "↓", () => movePartner(1))] : [];
  return make("p", { class: "chooser" }, words, ...moves, button("Close", "c", toggleCompare));
}

/** The buttons that say which rows the next key decides. */
function targetsOf(card) {
  const n = groupOf(card).length;
  const targets = [["this", "This row", "←"], ["other", "Other row", "→"], ["both", "Both", "b"], ...(n > 2 ? [["group", `All ${n} of the group`, "g"]] : [])];
  const button = ([target, words, key]) => {
    const attributes = { type: "button", "aria-pressed": String(compared.target === target), onclick: () => setTarget(target) };
    return make("button", attributes, words, " ", make("kbd", {}, key));
  };
  return make("div", { class: "targets" }, make("span", { class: "muted" }, "A key decides"), make("span", { class: "segments" }, ...targets.map(button)), make("span", { class: "muted small keyboard" }, "Shift + digit: both"));
}

function sideOf(row, values, side) {
  const isTarget = compared.target === side || compared.target === "both" || (compared.target === "group" && (side === "this" || row.kind !== "near"));
  const value = (name, at) => [
    make("dt", {}, make("bdi", {}, name)),
    make("dd", { dir: "auto", class: row.values[at] === null && "muted" }, ...values[at]),
  ];
  const shownValues = audit.columns.map(value);
  const [texts, others] = [shownValues.slice(0, audit.textColumns), shownValues.slice(audit.textColumns)];
  return make(
    "section",
    { class: isTarget ? "side target" : "side" },
    make("div", { class: "row-head" }, placesOf(row), stateOf(row)),
    make("p", { class: "large" }, labelBeside(row.given, shown)),
    ...picturesPart(row),
    texts.length ? make("dl", {}, ...texts.flat()) : null,
    others.length ? make("dl", { class: "pairs-list" }, ...others.flat()) : null
  );
}

// ---------------------------------------------------------------- what differs

/** For two rows, each value as parts, of which those that differ (or, in unlike texts, agree) are marked. */
function compareRows(left, right) {
  const pairs = left.map((value, at) => compareValues(value, right[at], at < audit.textColumns));
  return [pairs.map(([one]) => one), pairs.map(([, other]) => other)];
}

function compareValues(left, right, isText) {
  const plain = (value) => [value === null ? "missing" : visible(value.slice(0, FIRST_LETTERS))];
  const whole = (value) => [make("mark", { class: "differs" }, ...plain(value))];
  if (left === right) return [plain(left), plain(right)];
  if (!isText || left === null || right === null) return [whole(left), whole(right)];
  const [a, b] = [splitWords(left), splitWords(right)];
  const [inBothA, inBothB] = findCommon(a, b);
  const share = (2 * total(inBothA)) / Math.max(1, a.length + b.length);
  return share >= ALIKE
    ? [markWords(a, inBothA, 0, "differs"), markWords(b, inBothB, 0, "differs")]
    : [markWords(a, isLongIn(a, b), 1, "common"), markWords(b, isLongIn(b, a), 1, "common")];
}

/** Words, each with the spaces and marks after it. */
const splitWords = (text) => (text.slice(0, FIRST_LETTERS).match(/[\p{L}\p{N}_]+[^\p{L}\p{N}_]*|[^\p{L}\p{N}_]+/gu) ?? []).slice(0, MOST_WORDS);

const bare = (word) => folded(word.replace(/[^\p{L}\p{N}_]+$/u, ""));

function isLongIn(words, others) {
  const known = new Set(others.map(bare));
  return words.map((word) => Number(bare(word).length >= SHORTEST && known.has(bare(word))));
}

/** For each word of two texts whether it is part of their longest common sequence: 1 or 0. */
function findCommon(a, b) {
  const width = b.length + 1;
  const [x, y] = [a.map(bare), b.map(bare)];
  const longest = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      longest[i * width + j] =
        x[i] === y[j] ? longest[(i + 1) * width + j + 1] + 1 : Math.max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
    }
  }
  const [inA, inB] = [a.map(() => 0), b.map(() => 0)];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (x[i] === y[j]) [inA[i++], inB[j++]] = [1, 1];
    else if (longest[(i + 1) * width + j] >= longest[i * width + j + 1]) i++;
    else j++;
  }
  return [inA, inB];
}

/** Words as parts, with the ones whose flag has the wanted value marked, neighbours together. */
function markWords(words, flags, wanted, kind) {
  const parts = [];
  words.forEach((word, at) => {
    const isMarked = flags[at] === wanted;
    if (parts.length && parts.at(-1).isMarked === isMarked) parts.at(-1).text += word;
    else parts.push({ text: word, isMarked });
  });
  return parts.flatMap(({ text, isMarked }) => {
    if (!isMarked) return [visible(text)];
    const inner = text.trimEnd();
    return [make("mark", { class: kind }, visible(inner)), text.slice(inner.length)];
  });
}
