/** One turn: a line that says how it went, and behind it everything that happened. */

import { turn } from "./calls.js";
import { copied } from "./copying.js";
import { element } from "./element.js";
import { entries } from "./timeline.js";

export class Turn {
  #head = element("button", { type: "button", class: "turn-head", "aria-expanded": "false" });
  #body = element("div", { class: "turn-body", hidden: true });
  #told = null;
  #loading = null;
  #isStale = false;
  #offers;
  #find;
  #findName;
  /** Whether the reader has opened it, rather than the page. */
  isRead = false;

  /** @param {{offers: function(): Object[], find: function(string)}} given what can be done with a turn */
  constructor(summary, { offers, find, findName }) {
    this.#offers = offers;
    this.#find = find;
    this.#findName = findName;
    this.summary = summary;
    this.node = element("li", { class: "turn", dataset: { turn: summary.turn_id } }, this.#head, this.#body);
    this.#head.addEventListener("click", () => {
      this.isRead = this.#body.hidden;
      if (this.#body.hidden) this.open();
      else this.close();
    });
    this.#draw();
  }

  /** Take what is known of it now. */
  update(summary) {
    this.summary = summary;
    this.#draw();
    if (!this.#body.hidden) this.#load();
    else this.#told = null;
  }

  open() {
    this.#head.setAttribute("aria-expanded", "true");
    this.#body.hidden = false;
    if (!this.#told) this.#load();
  }

  close() {
    this.isRead = false;
    this.#head.setAttribute("aria-expanded", "false");
    this.#body.hidden = true;
  }

  /** Open it and bring it into view, as the reader asked. */
  show() {
    this.isRead = true;
    this.open();
    this.node.scrollIntoView({ block: "start" });
    this.#head.focus({ preventScroll: true });
  }

  #draw() {
    const { state, outcome, reason, heard, said, tools, prompt_version: version, usage } = this.summary;
    this.node.classList.toggle("under-way", state === "running");
    const seconds = this.summary.first_bubble_seconds ?? this.summary.total_seconds;
    const figures = [
      state === "running" ? "" : `${seconds.toFixed(1)} s`,
      usage.requests ? `${usage.input_tokens + usage.output_tokens} tokens` : "",
      usage.cost_usd === null || !usage.requests ? "" : `$${usage.cost_usd.toFixed(4)}`,
      version ? `prompts ${version}` : "",
    ];
    const answer = said.join(" / ") || (tools.length ? tools.join(", ") : reason || "");
    // Its name is how it went; the words describe it. Were they its name, whatever somebody texts
    // ("send…") would pass for a button of the page, by voice and by script.
    const how = state === "running" ? "under way" : outcome;
    const told = [
      element("span", { class: "figures", text: figures.filter(Boolean).join(" · ") }),
      element("span", { class: "words", text: heard.filter(Boolean).join(" / ") || "–" }),
      element("span", { class: "words said", text: answer }),
    ];
    told.forEach((each, place) => (each.id = `turn-${this.summary.turn_id}-${place}`));
    this.#head.setAttribute("aria-label", how);
    this.#head.setAttribute("aria-describedby", told.map((each) => each.id).join(" "));
    this.#head.replaceChildren(element("span", { class: `outcome ${outcome}`, text: how }), ...told);
  }

  /** Load it whole; what changes meanwhile is loaded once more. */
  async #load() {
    if (this.#loading) {
      this.#isStale = true;
      return;
    }
    this.#loading = turn(this.summary.turn_id);
    try {
      this.#told = await this.#loading;
      this.#drawBody();
    } catch (trouble) {
      this.#body.replaceChildren(element("p", { class: "bad", role: "alert", text: trouble.message }));
    }
    this.#loading = null;
    if (this.#isStale) {
      this.#isStale = false;
      this.#load();
    }
  }

  #drawBody() {
    const opened = new Set([...this.#body.querySelectorAll("details[open]")].map((each) => each.dataset.key));
    const focused = this.#body.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    this.#body.replaceChildren(this.#actions(), entries(this.#told, opened));
    if (focused) this.#body.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }

  #actions() {
    const { record } = this.#told;
    const message = record.heard.find((each) => each.in_turn && each.message_id)?.message_id;
    const offered = this.summary.state === "running" ? [] : this.#offers();
    return element(
      "div",
      { class: "turn-actions", role: "group", "aria-label": "This turn" },
      message ? action(this.#findName, () => this.#find(message)) : null,
      copied("Copy as JSON", () => JSON.stringify(record, null, 2)),
      ...offered.map(({ name, act, text }) =>
        text ? copied(name, () => text(this.summary)) : action(name, () => act(this.summary, record)),
      ),
      element("span", { class: "turn-id", text: this.summary.turn_id }),
    );
  }
}

const action = (text, act) => element("button", { type: "button", class: "chip", text, dataset: { key: text }, on: { click: act } });
