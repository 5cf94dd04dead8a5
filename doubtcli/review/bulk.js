// One decision for all open rows that a filter lets through, after a question that names their number.

function drawBulk() {
  const n = nPending;
  if (!hasFilter()) return byId("bulk").replaceChildren();
  const rows = counted(n, "row");
  const button = (words, onclick) => make("button", { type: "button", class: "chip quiet", onclick }, words);
  const rule = can("rules") ? [button("Make a rule …", makeRule)] : [];
  if (n < 2) return byId("bulk").replaceChildren(...rule);
  byId("bulk").replaceChildren(
    button(`Keep all ${grouped(n)}`, () => confirmBulk(`Keep the given label of ${rows}?`, `Keep ${rows}`, "keep")),
    button(`Accept all ${grouped(n)}`, () => confirmBulk(`Accept the suggested label of ${rows}?`, `Accept ${rows}`, "accept")),
    button(`Label all ${grouped(n)} …`, () => findLabel((code) => confirmBulk(`Label ${rows} ${className(code)}?`, `Label ${rows}`, "label", className(code)))),
    ...rule
  );
}

function confirmBulk(question, words, action, label = "") {
  const cancel = make("button", { type: "button", class: "chip quiet", onclick: closeDialog }, "Cancel");
  const go = make("button", { type: "button", class: "chip", id: "confirm", onclick: () => {
    closeDialog();
    decideAll(action, label, words);
  } }, words);
  const parts = describeFilter().map((one) => one.words).join(", ");
  const which = place.filter.state ? "All rows of the filter" : "The rows of the filter that are still open";
  const about = make("p", {}, `${which} (`, make("bdi", {}, parts), "). One undo takes all of it back.");
  openDialog(question, about, make("p", { class: "actions" }, go, cancel));
  go.focus();
}

function decideAll(action, label, words) {
  const body = { filter: openFilter(), scope: place.scope, n: nPending, action, label };
  waits = true;
  save("decide", body, words, {
    onSaved: (answer) => {
      waits = false;
      settle(answer);
      cards.clear();
      say(`Saved: ${counted(answer.n, "row")} ${{ keep: "kept", accept: "accepted", label: `labelled ${label}`, unusable: "called unusable" }[action]}. u takes all of them back.`);
      openList();
    },
    onRefused: ({ message }) => {
      waits = false;
      say(`Nothing was decided: ${message}.`);
      openList();
    },
  });
}
