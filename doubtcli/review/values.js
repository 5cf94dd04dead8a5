// The row itself: its texts, with the words that speak for a label lit up, and its other values.

const FIRST_LETTERS = 4_000; // of a long text, before "show all"

/** Control characters as the pictures that Unicode has of them, so that they are seen; places stay the same. */
const visible = (text) =>
  text.replace(/[\0-\x08\x0b\x0c\x0e-\x1f]/g, (letter) => String.fromCharCode(0x2400 + letter.charCodeAt(0)));

/** A text, cut into plain parts and marked ones. `marks` are `[start, end, class]`, in order. */
function markText(text, marks) {
  const parts = [];
  let at = 0;
  for (const [start, end, kind] of marks) {
    if (start < at || end > text.length) continue;
    parts.push(visible(text.slice(at, start)), make("mark", { class: kind }, visible(text.slice(start, end))));
    at = end;
  }
  return [...parts, visible(text.slice(at))].filter((part) => part !== "");
}

/** A text of the row; a long one is cut, in a box that scrolls, with a button that shows all of it. */
function textBox(text, marks = []) {
  if (text === null) return make("p", { class: "muted" }, "missing");
  const isLong = text.length > FIRST_LETTERS;
  const shown = isLong ? text.slice(0, FIRST_LETTERS) : text;
  const box = make("div", { class: isLong ? "prose long" : "prose", dir: "auto", tabindex: isLong && "0" }, ...markText(shown, marks));
  if (!isLong) return box;
  const all = { type: "button", class: "more", onclick: () => {
    box.replaceChildren(...markText(text, marks));
    button.remove();
  } };
  const button = make("button", all, `Show all ${grouped(text.length)} letters`);
  return make("div", {}, box, button);
}

const MARKS = ["for-given", "for-suggested"];

function textsPart(card) {
  return audit.columns.slice(0, audit.textColumns).flatMap((name, at) => {
    const marks = (card.marks ?? []).filter(([text]) => text === at).map(([, start, end, which]) => [start, end, MARKS[which]]);
    const isTitle = at < audit.textColumns - 1 && (card.values[at] ?? "").length < 100;
    const box = textBox(card.values[at], marks);
    if (isTitle) box.classList.add("title");
    return [make("h3", {}, make("bdi", {}, name)), box];
  });
}

/** What the two kinds of marks mean, where there are any. */
function marksLegend(card) {
  const kinds = new Set((card.marks ?? []).map(([, , , which]) => which));
  const codes = [card.given, card.suggested];
  const words = [1, 0].filter((which) => kinds.has(which)).map((which) => {
    return make("span", {}, make("mark", { class: MARKS[which] }, "words"), " that speak for ", labelBeside(codes[which], card));
  });
  return words.length ? make("p", { class: "marks-legend muted small" }, ...words) : null;
}

/** The pictures that the row names; of one that can't be shown, its path and why. */
function picturesPart({ index, pictures = [] }) {
  return pictures.map((picture) => {
    const { column, path, why } = picture;
    const words = make("figcaption", { class: "muted small" }, make("bdi", {}, column), ": ", make("bdi", { class: "path" }, visible(path)));
    const trouble = why || (addressOf(index, picture) ? "" : "it is left out of this page");
    if (trouble) return make("figure", { class: "picture none" }, words, make("p", { class: "small" }, `Not shown: ${trouble}.`));
    return make("figure", { class: "picture" }, pictureOf(index, picture), words);
  });
}

function pictureOf(row, picture) {
  const onerror = () => image.replaceWith(make("p", { class: "small" }, "Not shown: the browser can't draw it."));
  const image = make("img", { src: addressOf(row, picture), alt: picture.path, loading: "lazy", decoding: "async", onerror });
  return image;
}

/** Where the page gets a picture: from the server by its row and column, or from the page's own file. */
const addressOf = (row, { number, path }) => (isInFile ? pictureInFile(path) : `picture/${row}/${number}`);

/** The other columns: each a small box, and those with an unusual value marked and explained. */
function cellsPart(card) {
  const box = (name, at) => {
    const [value, unusual] = [card.values[audit.textColumns + at], card.unusual?.[name]];
    const shown = value === null ? "missing" : visible(value);
    return make(
      "div",
      { class: unusual ? "box unusual" : "box" },
      make("dt", {}, make("bdi", {}, name)),
      make("dd", { dir: "auto", class: value === null && "muted" }, shown),
      unusual ? make("dd", { class: "note" }, ...isolated(unusual)) : null
    );
  };
  const names = audit.columns.slice(audit.textColumns);
  if (!names.length) return null;
  return make("dl", { class: audit.textColumns ? "boxes" : "boxes wide" }, ...names.map(box));
}
