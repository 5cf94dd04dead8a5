// Small pieces that all parts of the report's page and of the review's page are made of. All values shown are
// written as text, never as markup. `audit` is set by the page: its labels, columns, reasons and annotators.

const RIGHT_TO_LEFT = /([\u0590-\u08ff\ufb1d-\ufefc]+(?:[ _-]+[\u0590-\u08ff\ufb1d-\ufefc]+)*)/;

const byId = (id) => document.getElementById(id);
const className = (code) => audit.classes[code][0];
const grouped = (number) => number.toLocaleString("en");
const counted = (number, one, many = `${one}s`) => `${grouped(number)} ${number === 1 ? one : many}`;
const score = (value) => (value >= 0.995 ? ">0.99" : value < 0.005 ? "<0.01" : value.toFixed(2)); // never 0 or 1: no model is certain
const percent = (share) => `${(100 * share).toFixed(share % 1 ? 1 : 0)}%`;
const total = (numbers) => numbers.reduce((sum, number) => sum + number, 0);
const folded = (text) => text.normalize("NFKC").toLowerCase();

/** An element with attributes, listeners (on…) and children; strings become text, never markup. */
function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

/** Sets a style's variable, such as a bar's length. */
function sized(node, name, value) {
  node.style.setProperty(name, value);
  return node;
}

/** A sentence, with each name in a right-to-left script kept in its place. */
const isolated = (text) => text.split(RIGHT_TO_LEFT).map((part, at) => (at % 2 ? make("bdi", {}, part) : part));

/** A sentence, with each flag of a command on one line. */
const worded = (text) =>
  text.split(/(--[a-z]+(?:-[a-z]+)*)/).map((part, at) => (at % 2 ? make("span", { class: "flag" }, part) : part));

/** A class's name, which may break after a mark between its words. */
function labelOf(code, kind = "") {
  const words = className(code).split(/(?<=[_./-])(?=\w)/);
  const broken = words.flatMap((word, at) => (at ? [make("wbr"), word] : [word]));
  return make("bdi", { class: `label ${kind}`, title: className(code) }, ...broken);
}

const meter = (share, kind = "") => sized(make("span", { class: `meter ${kind}` }), "--share", Math.min(share, 1));
const muted = (...children) => make("p", { class: "muted small" }, ...children);

/** A name, a bar and a figure, side by side. */
function measure(name, share, figure, kind = "") {
  return [make("span", { class: "name" }, name), meter(share, kind), make("span", { class: "figure" }, figure)];
}

const line = (...measured) => make("div", { class: "line" }, ...measure(...measured));
