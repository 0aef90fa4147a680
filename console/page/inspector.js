/** The turns of the open conversation, newest first, each of them one that can be opened and read. */

import { follow, turns } from "./calls.js";
import { element } from "./element.js";
import { Turn } from "./turn.js";

/** Milliseconds without a key until a search is made. */
const TYPED = 250;

const PAGE = 20;

/** Turns that stay in the list while new ones come; earlier ones are a click away. */
const KEPT = 40;

export class Inspector {
  /** Of which conversation; null while nobody has written in it, undefined before the first one is open. */
  #conversation;
  #source = null;
  #turns = new Map();
  #list = element("ol", { class: "turns" });
  #search = element("input", {
    type: "search",
    placeholder: "Search",
    "aria-label": "Search turns",
    autocomplete: "off",
    maxlength: "200",
  });
  #more = element("button", { type: "button", class: "more", text: "Earlier turns", hidden: true });
  #state = element("p", { class: "inspector-state", role: "status" });
  #timer = null;
  #wanted = 0;
  #given;
  /** What others offer to do with a turn: `{name, act(summary)}`. */
  offers = [];

  /**
   * @param {{close: HTMLElement, find: function(string), findName: string}} given the button that closes it, and
   *   how a message is shown in the thread, with what that is called
   */
  constructor({ close, find, findName = "Find on the phone" }) {
    this.#given = { offers: () => this.offers, find, findName };
    this.node = element(
      "aside",
      { class: "inspector", id: "inspector", "aria-label": "Turn inspector" },
      element("header", {}, element("h2", { text: "Turns" }), this.#search, close),
      this.#state,
      element("div", { class: "turns-scroller", tabindex: "-1" }, this.#list, this.#more),
    );
    this.#search.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#load(), TYPED);
    });
    this.#more.addEventListener("click", () => this.#loadMore());
  }

  /** Show another conversation's turns; null while there is none. */
  follow(conversation) {
    if (conversation === this.#conversation) return;
    this.#conversation = conversation;
    this.again();
  }

  /** Load and follow anew: another conversation, or the server has come back. */
  again() {
    this.#source?.close();
    this.#turns.clear();
    this.#list.replaceChildren();
    this.#load();
    if (!this.#conversation) return;
    this.#source = follow(this.#conversation, (summary) => this.#heard(summary));
  }

  /** Open the turn a message belongs to, as one that was heard or as one that was said. */
  async showTurnOf(messageId) {
    this.#search.value = "";
    await this.#load();
    while (!this.#withMessage(messageId) && !this.#more.hidden) await this.#loadMore();
    const turn = this.#withMessage(messageId);
    if (turn) turn.show();
    else this.#say("No turn has dealt with this message.");
  }

  #withMessage(messageId) {
    return [...this.#turns.values()].find((turn) => turn.summary.message_ids.includes(messageId));
  }

  async #load() {
    const [nth, conversation] = [++this.#wanted, this.#conversation];
    const search = this.#search.value.trim() || null;
    const found = await this.#ask({ conversation, search });
    if (nth !== this.#wanted || !found) return; // something else is wanted by now
    this.#more.hidden = found.length < PAGE;
    this.#list.replaceChildren();
    const known = this.#turns;
    this.#turns = new Map();
    for (const summary of found) this.#add(summary, known.get(summary.turn_id));
    if (found.length === 0) this.#say(search ? `No turn has “${search}” in it.` : "No turns yet. Text the agent.");
    else if (!search) this.#turns.values().next().value.open();
  }

  async #loadMore() {
    const last = [...this.#turns.values()].at(-1).summary;
    const search = this.#search.value.trim() || null;
    const found = (await this.#ask({ conversation: this.#conversation, search, before: last.started_at })) ?? [];
    for (const summary of found) this.#add(summary);
    this.#more.hidden = found.length < PAGE;
  }

  async #ask(wanted) {
    if (!wanted.conversation) return [];
    try {
      const found = await turns({ ...wanted, limit: PAGE });
      this.#say("");
      return found;
    } catch (trouble) {
      this.#say(trouble.message);
      return null;
    }
  }

  #add(summary, known = null) {
    const turn = known ?? new Turn(summary, this.#given);
    turn.update(summary);
    this.#turns.set(summary.turn_id, turn);
    this.#list.append(turn.node);
    return turn;
  }

  /** A turn has begun, gone on or ended. A new one is opened unless the reader looks at another. */
  #heard(summary) {
    const known = this.#turns.get(summary.turn_id);
    if (known) {
      known.update(summary);
      return;
    }
    if (this.#search.value.trim()) return; // the search says what is shown
    const before = [...this.#turns.values()];
    const turn = new Turn(summary, this.#given);
    this.#turns = new Map([[summary.turn_id, turn], ...this.#turns]);
    this.#list.prepend(turn.node);
    this.#letGo();
    this.#say("");
    if (!before.some((other) => other.isRead)) {
      before.forEach((other) => other.close());
      turn.open();
    }
  }

  /** Hours of texting leave no more behind than one looks at. */
  #letGo() {
    for (const [id, turn] of [...this.#turns].slice(KEPT)) {
      this.#turns.delete(id);
      turn.node.remove();
      this.#more.hidden = false;
    }
  }

  #say(text) {
    this.#state.textContent = text;
    this.#state.hidden = text === "";
  }
}
