// What the page asks of the server; and the steps that the server has not acknowledged yet.

const RETRY_AFTER = 4_000; // ms
const NO_SUCH_PAGE = 404;
const TROUBLES = 500; // of an answer with this status or a higher one, the same request may succeed later

/** An answer that is a refusal: `status` is its code, and the message says why. */
class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const isInFile = byId("data") !== null; // the page is one file, which has the answers in it

/** Whether the page can do something: a page in one file can't do all of it, and doesn't offer the rest. */
const can = (what) => !audit?.without?.includes(what);

/** The answer to a question: an object, or the numbers of rows. */
const ask = (question, body = {}) => (isInFile ? askFile : askServer)(question, body);

async function askServer(question, body) {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`api/${question}`, { method: "POST", headers, body: JSON.stringify(body) });
  if (!response.ok) {
    const { error } = await response.json().catch(() => ({ error: `the server failed (${response.status})` }));
    throw new Refusal(response.status, error);
  }
  const isNumbers = response.headers.get("content-type") === "application/octet-stream";
  return isNumbers ? new Int32Array(await response.arrayBuffer()) : response.json();
}

/** The server was started again: it has another token, and refuses this page as it does any other. */
const isOtherServer = (error) => error instanceof Refusal && error.status === NO_SUCH_PAGE;
const isTrouble = (error) => !(error instanceof Refusal) || error.status >= TROUBLES || isOtherServer(error);

// ---------------------------------------------------------------- steps

const unsaved = []; // the oldest first; each has a name, so that the server does none of them twice
let isSending = false;
let retrying = 0;

/** Sends a step, after those before it, and gives its name. It is sent again until the server has answered. */
function save(question, body, words, { onSaved, onRefused }) {
  const name = crypto.randomUUID();
  unsaved.push({ question, body: { ...body, name }, words, onSaved, onRefused });
  sendSteps();
  return name;
}

async function sendSteps() {
  if (isSending) return;
  isSending = true;
  clearTimeout(retrying);
  while (unsaved.length) {
    const [{ question, body, onSaved, onRefused }] = unsaved;
    let answer, refusal;
    try {
      answer = await ask(question, body);
    } catch (error) {
      if (isTrouble(error)) {
        retrying = setTimeout(sendSteps, RETRY_AFTER);
        showTrouble(error);
        break;
      }
      refusal = error;
    }
    unsaved.shift();
    hideTrouble();
    if (refusal) onRefused(refusal);
    else onSaved(answer);
  }
  isSending = false;
}

/** Why a question has no answer, in words. */
function whyTrouble(error) {
  if (isOtherServer(error)) return "doubt review was started again, at another address: open that, and decide these rows there";
  return error instanceof Refusal ? error.message : "the server does not answer. Is doubt review still running?";
}

/** Says plainly what is not saved, or that a row can't be had. */
function showTrouble(error, again = sendSteps) {
  const what = unsaved.length
    ? `Not saved: ${counted(unsaved.length, "step")} (${unsaved.map(({ words }) => words).join("; ")})`
    : "Nothing was lost, but the page can't go on";
  const retry = { type: "button", class: "chip", id: "retry", onclick: again };
  const button = make("button", retry, "Try again ", make("kbd", {}, "r"));
  byId("trouble").replaceChildren(make("p", {}, make("b", {}, what), `: ${whyTrouble(error)}`), button);
  byId("trouble").hidden = false;
}

function hideTrouble() {
  byId("trouble").hidden = unsaved.length === 0;
}

addEventListener("beforeunload", (event) => {
  if (unsaved.length) event.preventDefault();
});
