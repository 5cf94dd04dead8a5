// The page: its summary, keys, and the order in which it is drawn. The other page_*.js come before it in one script.

const SHOWN_NOTES = 3; // the others are folded
const SCALE_ENDS = [0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 1];

// ---------------------------------------------------------------- the summary

function drawHead() {
  const { labelled, unlabelled, unusable, kept, corrected, doubted, contradicted } = audit.counts;
  byId("file").textContent = audit.file;
  byId("headline").append(
    make("em", {}, doubted ? grouped(doubted) : "None"),
    ` of ${counted(labelled, "label")} ${doubted > 1 ? "are" : "is"} doubted`
  );
  const facts = [
    ...(doubted ? [`${percent(doubted / labelled)} of the labelled rows`] : []),
    ...(contradicted ? [`${grouped(contradicted)} more contradicted`] : []),
    ...(audit.areClasses === false ? [] : [counted(audit.classes.length, "class", "classes")]),
    ...(unlabelled ? [`${counted(unlabelled, "row")} without a label, set aside`] : []),
    ...(unusable ? [`${counted(unusable, "row")} judged unusable, set aside`] : []),
    ...(kept + corrected ? [`${counted(kept + corrected, "verdict")}: ${grouped(kept)} kept, ${grouped(corrected)} corrected`] : []),
  ];
  byId("counts").textContent = facts.join(" · ");
  byId("precision").append(...worded(audit.precision));
  byId("power").append(...worded(audit.power));
  byId("noise").append(...worded(audit.noise.sentence));
  byId("skill").append(...worded(audit.skill));
}

/**
 * What is surely wrong as a solid part, what is contradicted beyond it as a hatched one, and what people measured as
 * a line with a point in it, on a scale from 0 to the next round end.
 */
function drawShares({ atLeast, contradicted, rate, low, high }) {
  if (atLeast === undefined) return;
  const end = SCALE_ENDS.find((candidate) => candidate >= Math.max(atLeast, contradicted ?? 0, high ?? 0) * 1.1) ?? 1;
  const part = (name, from, to) => sized(sized(make("span", { class: name }), "--from", from / end), "--to", to / end);
  const parts = [
    ["solid", 0, atLeast, `at least ${percent(atLeast)} wrong`],
    ["hatched", atLeast, Math.max(atLeast, contradicted ?? 0), contradicted === undefined ? "" : `${percent(contradicted)} contradicted`],
    ["measured", low, high, rate === undefined ? "" : `${percent(rate)} measured (${percent(low)} to ${percent(high)})`],
  ].filter(([, from, to, words]) => words && to > from);
  const point = rate === undefined ? [] : [sized(make("span", { class: "point" }), "--at", rate / end)];
  const ticks = [0, end / 2, end].map((at) => make("span", {}, `${Number((100 * at).toFixed(1))}%`));
  byId("shares").append(
    make("div", { class: "scale", "aria-hidden": "true" }, ...parts.map((one) => part(...one)), ...point),
    make("div", { class: "ticks", "aria-hidden": "true" }, ...ticks),
    make("ul", { class: "legend" }, ...parts.map(([name, , , words]) => make("li", {}, make("span", { class: `swatch ${name}` }), words)))
  );
}

function drawFacts() {
  const notes = audit.notes.map((note) => make("li", {}, ...worded(note)));
  const more = notes.splice(SHOWN_NOTES);
  byId("notes").append(...notes);
  if (more.length) {
    byId("more-notes").firstElementChild.append(counted(more.length, "more note"));
    byId("more-notes").append(make("ul", {}, ...more));
  } else byId("more-notes").remove();
  const used = ([name, role, isUsed, why]) => {
    const head = make("th", { scope: "row" }, make("bdi", {}, name));
    return make("tr", {}, head, make("td", {}, isUsed ? role : `left out (${role})`), make("td", {}, why));
  };
  byId("columns").append(make("table", { class: "plain" }, ...audit.roles.map(used)));
  const voices = audit.voices.map((voice) => make("li", {}, voice));
  const models = audit.modelNames.length ? [make("li", {}, `models: ${audit.modelNames.join(", ")}`)] : [];
  const skipped = audit.skipped.map(([name, why]) => make("li", {}, make("b", {}, name), ` was skipped: ${why}`));
  byId("method").append(make("ul", {}, ...voices, ...models, ...skipped));
}

// ---------------------------------------------------------------- keys, and small screens

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || byId("pairs").open) return;
  if (event.key === "Escape") close();
  if (event.target instanceof HTMLInputElement) return;
  if (event.key === "j") step(1);
  if (event.key === "k") step(-1);
  if (event.key === "/") {
    event.preventDefault();
    byId("search").focus();
  }
}

/** On a small screen what is above the rows is folded, so that the rows are in sight. */
function foldParts() {
  const small = matchMedia("(max-width: 70rem)");
  const openAll = (isOpen) => document.querySelectorAll(".foldable").forEach((part) => (part.open = isOpen));
  const fit = () => openAll(!small.matches);
  fit();
  small.addEventListener("change", fit);
  addEventListener("beforeprint", () => openAll(true));
  addEventListener("afterprint", fit);
}

// ---------------------------------------------------------------- drawing the page

drawHead();
drawShares(audit.noise);
drawFacts();
drawHistogram();
if (rows.length) {
  if (audit.areClasses === false) {
    for (const id of ["matrix", "classes"]) byId(id).remove();
  } else {
    drawMatrix();
    drawClasses();
  }
  drawReasons();
  drawTable();
  render();
  byId("search").addEventListener("input", () => {
    render();
    showRows();
  });
  byId("reset").addEventListener("click", reset);
  document.addEventListener("keydown", onKey);
} else {
  document.body.classList.add("nothing-doubted");
}
foldParts();
