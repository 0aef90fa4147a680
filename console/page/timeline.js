/** What happened in a turn, one entry after the other, with the raw of each behind a click. */

import { copied } from "./copying.js";
import { element } from "./element.js";

/** Characters and lines of an entry's words that stand open; longer ones are behind a click. */
const SHORT = 280;
const FEW = 6;

/** The list of a turn's entries; `opened` has the keys of those whose rest was open. */
export function entries({ timeline }, opened) {
  const began = timeline.length ? Date.parse(timeline[0].at) : 0;
  return element("ol", { class: "timeline" }, ...timeline.map((entry, nth) => row(entry, nth, began, opened)));
}

function row(entry, nth, began, opened) {
  const key = `${nth}-${entry.kind}`;
  const seconds = (Date.parse(entry.at) - began) / 1000;
  return element(
    "li",
    { class: "entry", dataset: { kind: entry.kind, tone: entry.tone } },
    element("time", { datetime: entry.at, text: `+${seconds.toFixed(2)}`, title: entry.at }),
    element(
      "div",
      {},
      element("p", { class: "entry-title", text: entry.title }),
      entry.text ? words(entry, key, opened) : null,
      entry.raw || entry.curl ? behind(entry, key, opened) : null,
    ),
  );
}

function words({ kind, text }, key, opened) {
  const isDiff = kind === "memory";
  const body = isDiff ? diff(text) : element("p", { class: "entry-text", text });
  const isShort = text.length <= SHORT && text.split("\n").length <= FEW;
  if (isShort) return body;
  const lines = text.split("\n").length;
  return disclosure(`Show all (${lines} lines, ${text.length} characters)`, `${key}-text`, opened, body);
}

/** Lines that begin with a sign: what is gone and what is new, told by the sign and by the colour. */
const diff = (text) =>
  element(
    "ul",
    { class: "entry-diff" },
    ...text.split("\n").map((line) => element("li", { class: line.startsWith("+") ? "new" : "gone", text: line })),
  );

function behind({ raw, curl }, key, opened) {
  const json = JSON.stringify(raw, null, 2);
  const body = element(
    "div",
    {},
    element("pre", { tabindex: "0", text: json, "aria-label": "Raw" }),
    element(
      "p",
      { class: "turn-actions" },
      copied("Copy as JSON", () => json),
      curl ? copied("Copy as curl", () => curl) : null,
    ),
  );
  return disclosure("Raw", `${key}-raw`, opened, body);
}

const disclosure = (name, key, opened, body) =>
  element(
    "details",
    { dataset: { key }, open: opened.has(key) },
    element("summary", { text: name, dataset: { key: `${key}-summary` } }),
    body,
  );
