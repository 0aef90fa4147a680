/** The list of conversations: who, the last words, how many unread. */

import { avatar } from "./avatar.js";
import { byId, element, rove } from "./element.js";
import { attempt } from "./notices.js";
import { listTime } from "./time.js";

export class Conversations {
  #store;
  #list = byId("conversation-list");
  #opened;

  /** @param {function()} opened called when the reader chose a conversation */
  constructor(store, opened) {
    this.#store = store;
    this.#opened = opened;
    store.on("list", () => this.#draw());
    this.#list.addEventListener("click", (event) => this.#choose(event.target.closest("button")));
    document.addEventListener("keydown", (event) => this.#stepped(event));
    this.#list.addEventListener("keydown", (event) => event.altKey || rove(event, [...this.#list.querySelectorAll("button")]));
  }

  /** Alt and an arrow lead to the neighbour in the list from wherever one is. */
  #stepped(event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step || !event.altKey || document.querySelector("dialog:modal")) return;
    event.preventDefault();
    const rows = [...this.#list.querySelectorAll("button")];
    this.#choose(rows[rows.findIndex((row) => row.dataset.key === this.#store.key) + step]);
  }

  focus() {
    (this.#list.querySelector("[aria-current]") ?? this.#list.querySelector("button"))?.focus();
  }

  async #choose(row) {
    if (!row) return;
    await attempt(() => this.#store.open(row.dataset.key));
    this.#opened();
  }

  #draw() {
    const focused = document.activeElement?.closest("#conversation-list button")?.dataset.key;
    const entries = this.#store.entries();
    this.#list.replaceChildren(...entries.map((entry, nth) => element("li", {}, this.#row(entry, `words-${nth}`))));
    if (focused) this.#list.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    this.#drawUnread(entries.reduce((sum, entry) => sum + entry.unread, 0));
  }

  /** The last words describe the row and are no part of its name: it stays the same button whatever is said. */
  #row({ key, name, tint, preview, at, unread }, wordsId) {
    return element(
      "button",
      {
        type: "button",
        class: "conversation",
        "aria-current": key === this.#store.key && "true",
        "aria-label": unread ? `${name}, ${unread} unread` : name,
        "aria-describedby": wordsId,
        dataset: { key, rove: "" },
      },
      avatar(name, tint),
      element("span", { class: "name", text: name }),
      at ? element("time", { datetime: at, text: listTime(new Date(at)) }) : null,
      element("span", { class: "preview", id: wordsId, text: preview }),
      unread ? element("span", { class: "count", text: String(unread) }) : null,
    );
  }

  #drawUnread(unread) {
    const count = byId("back-unread");
    count.hidden = unread === 0;
    count.textContent = String(unread);
    const back = "Back to conversations";
    byId("back").setAttribute("aria-label", unread ? `${back}, ${unread} unread` : back);
    document.title = unread ? `(${unread}) Messages` : "Messages";
  }
}
