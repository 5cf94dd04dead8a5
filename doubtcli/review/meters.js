// How the review goes, in figures; and the order that follows from what was decided.

const LOOK_AFTER = 1_500; // ms, while the file is judged again

let meters = null;
let isJudging = false;
let moved = null; // what the last new order changed

async function countMeters() {
  meters = await ask("meters").catch(() => meters);
  if (meters) drawMeters();
}

function drawMeters() {
  const { checked, wrong, next, noise, drawn } = meters;
  const fact = (name, ...words) => [make("dt", {}, name), make("dd", {}, ...words)];
  const facts = [
    ...(checked ? fact("Doubted rows so far", `${grouped(wrong)} of ${grouped(checked)} were wrong`) : []),
    ...(next.rows ? fact(`Next ${counted(next.rows, "row")}`, `${grouped(next.low)} to ${grouped(next.high)} wrong, by what is known so far`) : []),
    ...fact("Wrong labels in the file", ...noiseOf(noise, drawn)),
  ];
  byId("meters").replaceChildren(
    make("figcaption", {}, make("h2", {}, "So far")),
    make("dl", { class: "facts" }, ...facts),
    ...(progress.decided && can("update") ? [make("button", { type: "button", class: "more", onclick: updateOrder }, "Update the order by what was decided")] : []),
    ...(moved ? [make("p", { class: "small moved" }, ...movedWords())] : [])
  );
}

function noiseOf({ atLeast, rate, low, high, level, more }, drawn) {
  if (rate !== undefined) {
    const wait = more ? `; about ${grouped(more)} more drawn rows for ± 1 point` : "";
    return [`${percent(rate)} measured (${percent(low)} to ${percent(high)}, ${percent(level)} sure)${wait}`];
  }
  const bound = atLeast ? [`at least ${percent(atLeast)}, by models`] : ["not known"];
  return drawn ? [...bound, `; ${grouped(drawn)} more drawn rows measure it`] : bound;
}

function movedWords() {
  const { risen, fallen, provisional, why } = moved;
  if (why) return [`The file could not be judged again: ${why}`];
  const changes = [risen ? `${counted(risen, "row")} newly doubted` : "", fallen ? `${grouped(fallen)} no longer doubted` : ""].filter(Boolean);
  const words = changes.join(", ") || "the same rows are doubted";
  if (!provisional) return [make("b", {}, "Judged again: "), words];
  return [make("b", {}, "Provisional order: "), words, isJudging ? "; the file is being judged again" : ""];
}

/** Ranks the rows again by what was decided: at once, and again when the file was judged. */
async function updateOrder() {
  let found;
  try {
    found = await ask("update");
  } catch (error) {
    return showTrouble(error, updateOrder);
  }
  if (found.same) {
    say("Nothing has changed: no row is decided, and no rule is new.");
    return fetchRules();
  }
  moved = found;
  isJudging = moved.judging;
  say(`New order: ${movedWords().map((part) => part.textContent ?? part).join("")}`);
  follow();
  if (isJudging) setTimeout(lookForAudit, LOOK_AFTER);
}

async function lookForAudit() {
  const news = await ask("news").catch(() => ({ state: "running" }));
  if (news.state === "running") return setTimeout(lookForAudit, LOOK_AFTER);
  isJudging = false;
  // a new scan may have asked reasons that the one before could not
  if (news.state === "ready") audit = await ask("about").catch(() => audit);
  moved = news.state === "none" ? { ...moved, judging: false } : news;
  say(movedWords().map((part) => part.textContent ?? part).join(""));
  follow();
}

/** Shows the rows in their new order; the card in sight stays. */
function follow() {
  cards.clear();
  openList();
  countMeters();
  fetchRules();
}
