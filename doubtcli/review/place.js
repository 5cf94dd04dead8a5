// Where the person is: the filter, the order, the rows, the view and the row. The page's address holds all of it,
// so that a reload stays there and the browser's button goes back.

const VIEWS = ["card", "list", "map"];
const views = () => VIEWS.filter((view) => view !== "map" || can("map"));
const NUMBERS = ["least", "most"];
const FILTERS = ["given", "suggested", "reason", "annotator", "tier", "state", "text", "region", "when", "unlike", ...NUMBERS];

const WORDS = { least: "doubt from", most: "doubt to", text: "contains", state: "decision", annotator: "another label by", when: "when", unlike: "label is not" };

const place = { filter: {}, order: "doubt", scope: "queue", view: "card", colour: "given", row: null };

function readPlace() {
  const found = new URLSearchParams(location.hash.slice(1));
  const known = FILTERS.filter((part) => found.get(part));
  place.filter = Object.fromEntries(
    known.map((part) => [part, NUMBERS.includes(part) ? Number(found.get(part)) : found.get(part)])
  );
  place.order = found.get("order") === "alike" && can("alike") ? "alike" : "doubt";
  place.scope = found.get("scope") === "all" && can("all") ? "all" : "queue";
  place.view = views().includes(found.get("view")) ? found.get("view") : "card";
  place.colour = found.get("colour") in COLOURS ? found.get("colour") : "given";
  const row = Number(found.get("row") ?? NaN);
  place.row = Number.isInteger(row) ? row : null;
}

/** Writes the place to the address; as a new one, to which the browser's button goes back, or in place of the last. */
function writePlace({ isNew = false } = {}) {
  const parts = new URLSearchParams(place.filter);
  if (place.order !== "doubt") parts.set("order", place.order);
  if (place.scope !== "queue") parts.set("scope", place.scope);
  if (place.view !== "card") parts.set("view", place.view);
  if (place.colour !== "given") parts.set("colour", place.colour);
  if (place.row !== null) parts.set("row", place.row);
  const address = `#${parts}`;
  // an address that stays is not written: while the browser goes back, that would stop it
  if (isNew || address !== location.hash) history[isNew ? "pushState" : "replaceState"](null, "", address);
}

const hasFilter = () => Object.keys(place.filter).length > 0;

/** The filter in words, part by part. */
const describeFilter = () =>
  Object.entries(place.filter).map(([part, value]) => {
    if (part === "region") return { part, words: "in the lasso on the map" };
    return { part, words: `${WORDS[part] ?? part}: ${NUMBERS.includes(part) ? value.toFixed(2) : value}` };
  });

/** The filter for rows that a bulk step decides: those that are still open, unless it asks for another state. */
const openFilter = () => ({ state: "open", ...place.filter });
