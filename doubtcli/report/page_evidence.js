// The evidence for one row.

const part = (title, ...children) => make("section", {}, make("h3", {}, title), ...children);

/** A label in a row's evidence, styled by whether it is the row's given label, its suggested one, or another. */
function labelBeside(code, row) {
  if (code === row.suggested && code !== row.given) return labelOf(code, "suggested");
  return labelOf(code, code === row.given ? "" : "other");
}

/** A row in one line: its texts, or in a table without texts its columns with their names. */
function excerptOf(values) {
  const texts = values.slice(0, audit.textColumns).filter(Boolean);
  const named = (value, at) => [make("span", { class: "muted" }, make("bdi", {}, audit.columns[at]), " "), make("bdi", {}, value)];
  const parts = audit.textColumns
    ? texts.map((text) => [text])
    : values.flatMap((value, at) => (value === null ? [] : [named(value, at)]));
  const joined = parts.flatMap((part, at) => (at ? [" · ", ...part] : part));
  return make("p", { class: "excerpt", dir: "auto" }, ...(joined.length || !audit.textColumns ? joined : ["(no text)"]));
}

/** Where a row is in the file; "" for an id that is not to be shown. */
const placeOf = (id, row) => muted(...(id ? [make("bdi", {}, id), " · "] : []), `row ${grouped(row)}`);

/** The row's id and number; of equal rows how many there are, and the numbers of the first. */
function placesOf({ id, row, equal }) {
  if (!equal) return placeOf(id, row);
  const [named, n] = equal;
  const numbers = named.map(([, number]) => grouped(number)).join(", ");
  const more = n > named.length ? ` and ${grouped(n - named.length)} more` : "";
  return muted(`${counted(n, "equal row")}, decided together: rows ${numbers}${more}`);
}

function valuesPart(row) {
  if (!audit.columns.length) return null;
  const value = (name, at) => [
    make("dt", {}, make("bdi", {}, name)),
    make("dd", { dir: "auto", class: row.values[at] === null && "muted" }, row.values[at] ?? "missing"),
  ];
  const values = audit.columns.map(value);
  const texts = make("dl", {}, ...values.slice(0, audit.textColumns).flat());
  const others = make("dl", { class: "pairs-list" }, ...values.slice(audit.textColumns).flat());
  return part("This row", texts, others);
}

function probsPart(row) {
  if (!row.probs) return null;
  const lines = row.probs.map(([code, share]) => {
    const isGiven = code === row.given;
    const name = make("span", {}, labelBeside(code, row), isGiven ? make("small", { class: "muted" }, " given") : "");
    return line(name, share, score(share), isGiven || code !== row.suggested ? "quiet" : "");
  });
  const n = audit.classes.length - row.probs.length;
  const rest = score(1 - total(row.probs.map(([, share]) => share)));
  const others = n ? `${counted(n, "other class", "other classes")}: ${rest}. ` : "";
  const spread = row.doubtSd === null ? "" : `, ± ${score(row.doubtSd)} between repeats`; // null with one repeat
  const doubt = `Doubt ${score(row.doubt)}${spread}.`;
  return part("Probability of each label", make("div", { class: "lines" }, ...lines), muted(others, doubt));
}

/** Another row in short: its label, a remark, and an excerpt. */
function mention(place, row, about) {
  const [id, number, given, values] = row.pool[place];
  const head = make("p", { class: "small" }, labelBeside(given, row), make("span", { class: "muted" }, about));
  return make("li", {}, head, excerptOf(values), placeOf(id, number));
}

function nearPart(row) {
  if (!row.near) return null;
  const tally = row.tally.flatMap(([code, n], at) => [at ? ", " : "", `${n} `, labelBeside(code, row)]);
  const n = total(row.tally.map(([, count]) => count));
  const distance = (far) => (far === null ? "" : ` at distance ${far.toFixed(2)}`);
  const list = row.near.map(([place, far]) => mention(place, row, distance(far)));
  const head = make("p", { class: "small" }, `Labels of the ${n} nearest: `, ...tally);
  return part("Nearest rows", head, make("ol", { class: "mentions" }, ...list));
}

function duplicatesPart(row) {
  if (!row.duplicates) return null;
  const [places, n] = row.duplicates;
  const list = places.map((place) => {
    const [id, number, given] = row.pool[place];
    return make("li", {}, labelBeside(given, row), " ", placeOf(id, number));
  });
  const more = n > places.length ? [muted(`and ${counted(n - places.length, "more row")}`)] : [];
  return part("Rows with the same input", make("ul", { class: "mentions brief" }, ...list), ...more);
}

function answersPart(row) {
  if (!row.answers) return null;
  const answer = ([annotator, code]) => [
    make("dt", {}, make("bdi", {}, audit.annotators[annotator])),
    make("dd", {}, labelBeside(code, row)),
  ];
  return part("Annotators", make("dl", { class: "pairs-list" }, ...row.answers.flatMap(answer)));
}

function reasonsPart(row) {
  const scored = audit.reasons.map((reason, place) => ({ ...reason, value: row.scores[place] }));
  scored.sort((a, b) => (b.value ?? -1) - (a.value ?? -1));
  const item = ({ name, because, value, isContext }) => {
    if (value === null) return make("li", { class: "muted small" }, `${name}: no score for this row`);
    const words = isContext ? `context: ${because}` : because;
    return make("li", {}, line(name, value, score(value), isContext ? "quiet" : ""), muted(words));
  };
  return part("What each reason says", make("ul", { class: "scores" }, ...scored.map(item)));
}
