/** Two phones' turns, paired by the texts they answer, and what differs between the two of a pair. */

import { diff } from "./diff.js";

/**
 * The turns that answer the same text, oldest first.
 *
 * One phone may have answered two texts together and the other each by itself: then the first one's
 * turn stands in two pairs. Turns from before the two phones parted are the same on both, and left out.
 *
 * @param {Object[]} left summaries of the console, newest first
 * @param {Object[]} right
 * @returns {{text: string, left: Object, right: Object}[]}
 */
export function pairs(left, right) {
  const known = new Set(left.map((turn) => turn.turn_id));
  const shared = new Set(right.map((turn) => turn.turn_id).filter((id) => known.has(id)));
  const [ours, theirs] = [heard(left, shared), heard(right, shared)];
  let [i, j] = [0, 0];
  const found = [];
  for (const { kind, item } of diff(ours.map((one) => one.text), theirs.map((one) => one.text))) {
    if (kind === "same") found.push({ text: item, left: ours[i].turn, right: theirs[j].turn });
    if (kind !== "new") i += 1;
    if (kind !== "gone") j += 1;
  }
  return found;
}

const heard = (turns, shared) =>
  turns
    .filter((turn) => !shared.has(turn.turn_id))
    .toReversed()
    .flatMap((turn) => turn.heard.map((text) => ({ text, turn })));

const wordsOf = (turn) => turn.said.join("\n\n").match(/\S+|\n+/g) ?? [];
const countWords = (turn) => wordsOf(turn).filter((word) => word.trim()).length;
const listed = (items) => (items.length ? items.join(", ") : "none");

/** What is compared: its name, how it is read off a turn, and how it is written. */
const MEASURES = [
  ["Outcome", (turn) => (turn.state === "settled" ? turn.outcome : "under way")],
  ["Tools", (turn) => listed(turn.tools)],
  ["Bubbles", (turn) => turn.said.length, whole],
  ["Words", countWords, whole],
  ["Tokens in", (turn) => turn.usage.input_tokens, whole],
  ["Tokens out", (turn) => turn.usage.output_tokens, whole],
  ["First bubble", (turn) => hundredths(turn.first_bubble_seconds), seconds],
  ["In all", (turn) => (turn.state === "settled" ? hundredths(turn.total_seconds) : null), seconds],
  ["Cost", (turn) => asNumber(turn.usage.cost_usd), dollars],
  ["Prompts", (turn) => turn.prompt_version],
  ["Model", (turn) => turn.model],
];

/**
 * The rows of a comparison.
 *
 * @returns {{name: string, left: string, right: string, difference: string}[]} an empty difference where there is none
 */
export function rows(left, right) {
  return MEASURES.map(([name, read, write]) => {
    const [one, other] = [read(left) ?? null, read(right) ?? null];
    return { name, left: written(one, write), right: written(other, write), difference: difference(one, other, write) };
  });
}

function difference(one, other, write) {
  if (written(one, write) === written(other, write)) return "";
  if (!write || one === null || other === null) return "differs";
  const more = other - one;
  return `${more < 0 ? "−" : "+"}${write(Math.abs(more))}`;
}

/**
 * The words of both replies; runs that only one of them has are marked.
 *
 * @returns {{left: {isMarked: boolean, text: string}[], right: {isMarked: boolean, text: string}[], count: number}}
 *   `count`: how many words differ
 */
export function replies(left, right) {
  const way = diff(wordsOf(left), wordsOf(right));
  const count = way.filter(({ kind, item }) => kind !== "same" && item.trim()).length;
  return { left: runs(way, "gone"), right: runs(way, "new"), count };
}

function runs(way, marked) {
  const found = [];
  for (const { kind, item } of way) {
    if (kind !== "same" && kind !== marked) continue;
    const isMarked = kind === marked && item.trim() !== "";
    if (found.at(-1)?.isMarked === isMarked) found.at(-1).words.push(item);
    else found.push({ isMarked, words: [item] });
  }
  return found.map(({ isMarked, words }) => ({ isMarked, text: words.join(" ").replace(/ ?(\n+) ?/g, "$1") }));
}

const written = (value, write = String) => (value === null ? "–" : write(value));
/** Rounded before they are compared: the difference is that of the figures one reads. */
const hundredths = (value) => (value === null ? null : Math.round(value * 100) / 100);
const asNumber = (value) => (value === null ? null : Number(value));

function whole(value) {
  return value.toLocaleString("en");
}

function seconds(value) {
  return `${value.toFixed(2)} s`;
}

function dollars(value) {
  return value === 0 ? "$0" : `$${value.toPrecision(3)}`;
}
