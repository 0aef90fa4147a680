/**
 * The part of a long conversation that is drawn: a few pages of rows around the reader.
 *
 * Pages are put before and after as the reader comes near the edge, and the farthest ones are taken
 * away again, so that ten thousand messages cost no more than some hundred.
 */

import { bubbleRow, faceOf } from "./bubble.js";
import { element } from "./element.js";
import { carousel, placing } from "./placing.js";

/** Messages in a page, and how many pages are drawn at most. */
const PAGE = 60;
const MOST = 5;

export class Pages {
  #store;
  #log;
  #scroller;
  /** What is drawn, in order: {node, from, to}, the indices of its messages. */
  #pages = [];
  #rows = new Map();
  #faces = new Map();
  /** Pixels taken away above the reader that nobody has asked for yet. */
  #goneAbove = 0;

  constructor(store, log, scroller) {
    this.#store = store;
    this.#log = log;
    this.#scroller = scroller;
  }

  /** Whether the newest message is drawn. */
  get atEnd() {
    return this.#to === this.#messages.length;
  }

  /** The row of a message, or undefined when it is not drawn. */
  row(id) {
    return this.#rows.get(id);
  }

  bubble(id) {
    const row = this.#rows.get(id);
    return row && [...row.querySelectorAll(".bubble")].find((bubble) => bubble.dataset.id === id);
  }

  /** Begin anew at the end, or around the message at an index. */
  begin(around = this.#messages.length) {
    this.#pages = [];
    this.#log.replaceChildren();
    this.#rows.clear();
    this.#faces.clear();
    const [middle] = around < this.#messages.length ? carousel(this.#messages, around) : [around];
    this.#add(Math.max(0, middle - PAGE), middle, "prepend");
    this.#add(middle, middle + PAGE, "append");
  }

  /** One more page above; what the reader looks at stays where it is. */
  earlier() {
    if (this.#from === 0) return;
    this.#keepingPlace(this.#pages[0].node, () => this.#add(Math.max(0, this.#from - PAGE), this.#from, "prepend"));
    if (this.#pages.length > MOST) this.#remove(this.#pages.pop());
  }

  /** One more page below. */
  later() {
    if (this.atEnd) return;
    this.#add(this.#to, this.#to + PAGE, "append");
    this.#keepingPlace(this.#pages.at(-1).node, () => this.#trim());
  }

  /** How many pixels were taken away above since this was last asked: so far the rest may have moved up. */
  takeGoneAbove() {
    const gone = this.#goneAbove;
    this.#goneAbove = 0;
    return gone;
  }

  /** Take away the farthest pages above. */
  #trim() {
    while (this.#pages.length > MOST) {
      const page = this.#pages.shift();
      this.#goneAbove += page.node.offsetHeight;
      this.#remove(page);
    }
  }

  /**
   * Draw the newest message; its row, or null when the reader is too far away for it to be drawn.
   *
   * @param {boolean} isFollowed whether the reader is at the end
   */
  append(isFollowed) {
    const index = this.#messages.length - 1;
    if (this.#to !== index) return null;
    const last = this.#pages.at(-1);
    const isFull = !last || last.to - last.from >= PAGE;
    if (isFull && !isFollowed && this.#pages.length >= MOST) return null;
    const before = this.#rows.get(this.#messages[index - 1]?.id);
    const row = this.#row(index);
    const isMore = before && carousel(this.#messages, index)[0] < index;
    row.classList.toggle("arriving", !isMore);
    if (before && !row.classList.contains("first")) before.classList.remove("last");
    if (isMore) before.replaceWith(row);
    else if (isFull) this.#add(index, index + 1, "append", [row]);
    else last.node.append(row);
    this.#pages.at(-1).to = index + 1;
    if (isFollowed) this.#trim();
    return row;
  }

  /** Draw a message anew if it is drawn and looks otherwise now. */
  change(message) {
    const old = this.#rows.get(message.id);
    if (!old || this.#faces.get(message.id) === faceOf(message, this.#store)) return;
    const active = old.contains(document.activeElement) ? document.activeElement.closest(".bubble") : null;
    const reachable = old.querySelector('.bubble[tabindex="0"]')?.dataset.id;
    const revealed = old.querySelector(".revealed") !== null;
    const scrolled = old.querySelector(".carousel")?.scrollLeft ?? 0;
    const row = this.#row(this.#messages.indexOf(message));
    old.replaceWith(row);
    if (revealed) row.querySelector(".bubble").classList.add("revealed");
    if (scrolled) row.querySelector(".carousel").scrollLeft = scrolled;
    if (reachable) this.bubble(reachable).tabIndex = 0;
    if (active) this.bubble(active.dataset.id).focus();
  }

  get #messages() {
    return this.#store.thread.messages;
  }

  get #from() {
    return this.#pages[0]?.from ?? this.#messages.length;
  }

  get #to() {
    return this.#pages.at(-1)?.to ?? 0;
  }

  /** A page of the messages between two indices, made wider where it would cut a carousel. */
  #add(from, to, where, rows = null) {
    to = Math.min(to, this.#messages.length);
    if (from >= to) return;
    [from] = carousel(this.#messages, from);
    if (where === "append") [, to] = carousel(this.#messages, to - 1);
    const node = element("div", { class: "page" }, ...(rows ?? this.#rowsOf(from, to)));
    this.#log[where](node);
    this.#pages[where === "append" ? "push" : "unshift"]({ node, from, to });
  }

  #rowsOf(from, to) {
    const rows = [];
    for (let index = from; index < to; [, index] = carousel(this.#messages, index)) rows.push(this.#row(index));
    return rows;
  }

  #remove({ node, from, to }) {
    node.remove();
    for (const { id } of this.#messages.slice(from, to)) {
      this.#rows.delete(id);
      this.#faces.delete(id);
    }
  }

  /** Change what is drawn so that a node that stays is seen to stay. */
  #keepingPlace(node, act) {
    const before = node.getBoundingClientRect().top;
    act();
    this.#scroller.scrollTop += node.getBoundingClientRect().top - before;
  }

  /** The row of the message at an index, with the others of its carousel. */
  #row(index) {
    const [from, to] = carousel(this.#messages, index);
    const shown = this.#messages.slice(from, to);
    const place = placing(this.#messages[from - 1], shown, this.#messages[to]);
    const row = bubbleRow(shown, place, this.#store);
    for (const message of shown) {
      this.#rows.set(message.id, row);
      this.#faces.set(message.id, faceOf(message, this.#store));
    }
    return row;
  }
}
