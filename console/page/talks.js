/** The conversations, newest first, found by words, by how a turn ended and by how they stand. */

import { element } from "./element.js";
import { operator } from "./operator.js";
import { listTime } from "./time.js";
import { readable } from "./words.js";

/** Milliseconds without a key until a search is made. */
const TYPED = 250;

const STANDINGS = [
  ["", "All"],
  ["waiting", "Waiting for a person"],
  ["taken_over", "Taken over"],
  ["unconfirmed", "Unconfirmed bubbles"],
  ["paused", "Agent paused"],
  ["opted_out", "Opted out"],
];

const OUTCOMES = ["", "answered", "reacted", "silent", "handed_over", "dropped", "failed"];

export class Talks {
  #search = element("input", {
    type: "search",
    placeholder: "Words, name or number",
    "aria-label": "Search conversations",
    autocomplete: "off",
    maxlength: "200",
  });
  #standing = chosen("How they stand", STANDINGS);
  #outcome = chosen("How a turn ended", OUTCOMES.map((name) => [name, name ? name.replace("_", " ") : "Any outcome"]));
  #list = element("ul", { class: "talk-list" });
  #more = element("button", { type: "button", class: "button wide", text: "Earlier conversations", hidden: true });
  #state = element("p", { class: "quiet talks-state", role: "status" });
  #next = null;
  #pages = 1;
  #key = null;
  #nth = 0;

  constructor() {
    let timer = null;
    this.#search.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.#begin(), TYPED);
    });
    for (const choice of [this.#standing, this.#outcome]) choice.addEventListener("change", () => this.#begin());
    this.#more.addEventListener("click", () => {
      this.#pages += 1;
      this.load();
    });
    this.nodes = [
      element("div", { class: "finding", role: "search" }, this.#search, this.#standing, this.#outcome),
      this.#state,
      element("div", { class: "talks-scroller" }, this.#list, this.#more),
    ];
    this.load();
  }

  /** Mark which one is open. */
  open(key) {
    this.#key = key;
    for (const link of this.#list.querySelectorAll("a")) mark(link, link.dataset.key === key);
  }

  /** Load what is shown anew, as many pages as the reader has asked for. */
  async load() {
    const nth = ++this.#nth;
    const asked = { words: this.#search.value.trim(), outcome: this.#outcome.value, standing: this.#standing.value };
    const rows = [];
    let before = null;
    try {
      for (let page = 0; page < this.#pages; page += 1) {
        const found = await operator.talks({ ...asked, before });
        rows.push(...found.conversations);
        before = found.next;
        if (before === null) break;
      }
    } catch (trouble) {
      if (nth === this.#nth) this.#state.textContent = trouble.message;
      return;
    }
    if (nth !== this.#nth) return; // something else is wanted by now
    this.#next = before;
    this.#draw(rows, Object.values(asked).some(Boolean));
  }

  #begin() {
    this.#pages = 1;
    this.load();
  }

  #draw(rows, isSearch) {
    const focused = this.#list.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    this.#list.replaceChildren(...rows.map((row) => element("li", {}, link(row, row.key === this.#key))));
    if (focused) this.#list.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    this.#more.hidden = this.#next === null;
    this.#state.textContent = rows.length ? "" : isSearch ? "No conversation is like that." : "Nobody has written yet.";
  }
}

function chosen(label, options) {
  return element(
    "select",
    { "aria-label": label },
    ...options.map(([value, text]) => element("option", { value, text })),
  );
}

function link(row, isOpen) {
  const node = element(
    "a",
    { class: "talk-row", href: `#/c/${encodeURIComponent(row.key)}`, dataset: { key: row.key } },
    element("span", { class: "talk-name", text: row.name || readable(row.participant) }),
    element("time", { datetime: row.at, text: listTime(new Date(row.at)) }),
    element("span", { class: "talk-preview", text: row.preview }),
    element("span", { class: "marks" }, ...marks(row)),
  );
  mark(node, isOpen);
  return node;
}

const mark = (node, isOpen) => (isOpen ? node.setAttribute("aria-current", "true") : node.removeAttribute("aria-current"));

/** What an operator has to know of a conversation before opening it. */
export function marks(row) {
  const found = [];
  const { takeover } = row;
  if (takeover && !takeover.claimed_by) found.push(["waits for a person", "danger"]);
  if (takeover?.claimed_by) found.push([`taken over by ${takeover.claimed_by}`, "strong"]);
  if (row.is_paused) found.push(["agent paused", "danger"]);
  if (row.opted_out) found.push(["opted out", ""]);
  if (row.unconfirmed) found.push([`${row.unconfirmed} unconfirmed`, "danger"]);
  if (row.is_running) found.push(["under way", "strong"]);
  else if (row.outcome && row.outcome !== "answered") found.push([row.outcome.replace("_", " "), row.outcome === "failed" ? "danger" : ""]);
  return found.map(([text, kind]) => element("span", { class: `mark ${kind}`, text }));
}
