// The rows of the filter as a list, each in two lines; a click on one opens its card.

const PAGE = 40; // rows that are asked for at once

let nListed = 0; // rows that are drawn

async function drawList() {
  nListed = 0;
  byId("rows").tBodies[0].replaceChildren();
  await addRows();
}

async function addRows() {
  const some = [...listed.slice(nListed, nListed + PAGE)];
  const of = listed;
  if (some.length) await loadCards(some.filter((row) => !cards.has(row)));
  if (of !== listed) return; // the filter has changed meanwhile
  byId("rows").tBodies[0].append(...some.map((row) => lineOf(cards.get(row))));
  nListed += some.length;
  const more = { type: "button", class: "chip", onclick: addRows };
  const left = listed.length - nListed;
  byId("more-rows").replaceChildren(
    ...(listed.length ? [] : ["No row matches."]),
    ...(left ? [make("button", more, `Show ${grouped(Math.min(PAGE, left))} more of ${grouped(left)}`)] : [])
  );
}

const cell = (name, ...children) => make("td", { role: "cell", class: name }, ...children);

/** The first picture of a row that can be shown, small. */
function thumbOf({ index, pictures = [] }) {
  const first = pictures.find((one) => !one.why && addressOf(index, one));
  return first && make("span", { class: "thumb" }, pictureOf(index, first));
}

function lineOf(card) {
  const open = () => getSelection().isCollapsed && moveTo({ view: "card", row: card.index });
  const button = make("button", { type: "button", class: "open", "aria-label": `Open row ${card.id}` });
  const known = card.blind
    ? [cell("doubt", button), cell("given", labelOf(card.given)), cell("suggestion", make("span", { class: "muted" }, "not shown"))]
    : [
        cell("doubt", button, make("span", { class: "figure" }, score(card.doubt)), meter(card.doubt, card.tier === "doubted" ? "" : "quiet")),
        cell("given", labelOf(card.given)),
        cell("suggestion", card.suggested === card.given ? make("span", { class: "muted" }, "no better label") : labelOf(card.suggested, card.tier === "doubted" ? "suggested" : "suggested weak")),
        cell("why", make("p", { dir: "auto" }, ...isolated(card.why))),
      ];
  const state = card.state === "open" ? [] : [make("span", { class: `state ${card.state}` }, ...stateWords(card))];
  const where = state.length ? make("p", {}, ...state) : placesOf(card);
  return make("tr", { class: card.index === place.row ? "row opened" : "row", role: "row", onclick: open }, ...known, cell("text", thumbOf(card), excerptOf(card.values)), cell("place", where));
}
