/**
 * The open conversation: rows in the log, the typing dots, and where the reader's eyes are.
 *
 * Only what is near the end is drawn; earlier pages are put above when the reader scrolls there, and
 * the browser skips the pages out of sight. New messages are appended, never redrawn with the rest.
 */

import { bubbleRow, effectOf, faceOf, placing } from "./bubble.js";
import { byId, element, rove } from "./element.js";
import { play } from "./effects.js";
import { shownFrom } from "./picture.js";

/** Messages in a page of the log. */
const PAGE = 60;

/** Pixels from the end within which the reader counts as being at the end. */
const NEAR = 60;

export class Thread {
  #store;
  #scroller = byId("scroller");
  #log = byId("messages");
  #rows = new Map();
  #faces = new Map();
  #drawnFrom = 0;
  #pinned = true;
  #scrollTop = 0;
  #ownMark = element("p", { class: "mark" });
  #agentMark = element("p", { class: "mark" });
  #shown = null;

  constructor(store) {
    this.#store = store;
    store.on("thread", () => this.#draw());
    store.on("message", (news) => (news.isNew ? this.#append(news.message) : this.#change(news.message)));
    store.on("typing", () => this.#drawTyping());
    store.on("background", () => this.#drawBackground());
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#log.addEventListener("click", (event) => this.#clicked(event));
    this.#log.addEventListener("keydown", (event) => this.#keyed(event));
    this.#log.addEventListener("focusin", (event) => this.#focused(event));
    byId("to-latest").addEventListener("click", () => this.toLatest());
    // Photos that arrive, a keyboard that slides in, words that wrap: the end stays the end.
    const watcher = new ResizeObserver(() => this.#pinned && this.#jumpToEnd());
    for (const node of [this.#scroller, this.#log, byId("typing-place")]) watcher.observe(node);
  }

  /** The message a row or anything in it belongs to. */
  messageAt(node) {
    return this.#store.thread.byId.get(node.closest(".row")?.dataset.id);
  }

  /** Put the focus on a message's bubble, drawing the pages up to it when needed. */
  goTo(messageId) {
    const index = this.#messages.findIndex((message) => message.id === messageId);
    if (index < 0) return;
    while (this.#drawnFrom > index) this.#drawEarlier();
    const bubble = this.#bubbleOf(messageId);
    bubble.scrollIntoView({ block: "center" });
    bubble.focus({ preventScroll: true });
    bubble.classList.add("found");
    bubble.addEventListener("animationend", () => bubble.classList.remove("found"), { once: true });
  }

  toLatest() {
    this.#pinned = true;
    this.#jumpToEnd();
  }

  get #messages() {
    return this.#store.thread.messages;
  }

  #bubbleOf(id) {
    return this.#rows.get(id)?.querySelector(".bubble");
  }

  #draw() {
    const another = this.#shown !== this.#store.key;
    this.#shown = this.#store.key;
    this.#log.replaceChildren();
    this.#rows.clear();
    this.#faces.clear();
    this.#drawnFrom = this.#messages.length;
    this.#drawEarlier();
    this.#drawMarks();
    this.#drawTyping();
    this.#drawBackground();
    this.#drawFirstWords();
    this.#makeReachable(this.#messages.at(-1)?.id);
    if (another) this.#pinned = true;
    if (this.#pinned) this.#jumpToEnd();
    if (another) this.#playUnseen();
  }

  /** An effect nobody was there to see is played when its conversation is opened, the latest one only. */
  #playUnseen() {
    const { unseen } = this.#store.thread;
    const latest = unseen ? this.#messages.slice(-unseen).findLast(effectOf) : null;
    if (latest) play(effectOf(latest), this.#bubbleOf(latest.id));
  }

  /** One more page above those drawn; what the reader looks at stays where it is. */
  #drawEarlier() {
    if (this.#drawnFrom === 0) return;
    const from = Math.max(0, this.#drawnFrom - PAGE);
    const page = element("div", { class: "page" });
    for (let index = from; index < this.#drawnFrom; index += 1) page.append(this.#row(index));
    this.#drawnFrom = from;
    const below = this.#scroller.scrollHeight - this.#scroller.scrollTop;
    this.#log.prepend(page);
    this.#scroller.scrollTop = this.#scroller.scrollHeight - below;
  }

  #row(index) {
    const [before, message, after] = [-1, 0, 1].map((step) => this.#messages[index + step]);
    const row = bubbleRow(message, placing(before, message, after), this.#store);
    this.#rows.set(message.id, row);
    this.#faces.set(message.id, faceOf(message));
    return row;
  }

  #append(message) {
    const before = this.#messages.at(-2);
    const row = this.#row(this.#messages.length - 1);
    row.classList.add("arriving");
    if (before && !row.classList.contains("first")) this.#rows.get(before.id)?.classList.remove("last");
    this.#lastPage().append(row);
    this.#drawMarks();
    this.#drawFirstWords();
    this.#makeReachable(message.id);
    if (this.#pinned || this.#store.isMine(message)) this.toLatest();
    else byId("to-latest").hidden = false;
    if (effectOf(message)) play(effectOf(message), row.querySelector(".bubble"));
  }

  #lastPage() {
    const page = this.#log.lastElementChild;
    if (page && page.childElementCount < PAGE) return page;
    const fresh = element("div", { class: "page" });
    this.#log.append(fresh);
    return fresh;
  }

  /** A message changed: its row is drawn anew where it shows, and else only the marks may differ. */
  #change(message) {
    if (this.#faces.get(message.id) !== faceOf(message)) this.#redraw(message);
    this.#drawMarks();
  }

  #redraw(message) {
    const old = this.#rows.get(message.id);
    if (!old) return;
    const hadFocus = old.contains(document.activeElement);
    const tabindex = old.querySelector(".bubble").tabIndex;
    const revealed = old.querySelector(".revealed") !== null;
    old.replaceWith(this.#row(this.#messages.indexOf(message)));
    const bubble = this.#bubbleOf(message.id);
    bubble.tabIndex = tabindex;
    bubble.classList.toggle("revealed", revealed);
    if (hadFocus) bubble.focus();
  }

  /** Delivered and Read stand under the person's last message, and under the agent's when it has the last word. */
  #drawMarks() {
    const own = this.#messages.findLast((message) => this.#store.isMine(message));
    this.#setMark(this.#ownMark, own);
    const latest = this.#messages.at(-1);
    this.#setMark(this.#agentMark, latest?.direction === "outbound" ? latest : null);
  }

  #setMark(mark, message) {
    const words = message ? markOf(message) : "";
    const row = words && this.#rows.get(message.id);
    if (!row) {
      mark.remove();
      return;
    }
    if (mark.textContent !== words) mark.textContent = words;
    if (mark.parentNode !== row) row.append(mark);
  }

  #drawTyping() {
    const place = byId("typing-place");
    if (!this.#store.thread.typing) place.replaceChildren();
    else if (!place.firstChild) {
      const three = [1, 2, 3].map(() => element("i"));
      const dots = element("span", { class: "dots", "aria-hidden": "true" }, ...three);
      const status = { role: "status", "aria-label": "Agent is typing", class: "typing" };
      place.append(element("div", status, dots));
    }
  }

  #drawBackground() {
    const { background } = this.#store.thread;
    byId("screen").classList.toggle("with-background", background !== null);
    byId("backdrop").style.backgroundImage = background ? `url(${JSON.stringify(shownFrom(background.url))})` : "";
  }

  #drawFirstWords() {
    const words = byId("first-words");
    words.hidden = this.#messages.length > 0;
    words.textContent = `Text ${this.#store.agentName} to begin.`;
  }

  #jumpToEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    byId("to-latest").hidden = true;
  }

  /** Only moving up lets go of the end: a photo that grows below an unmoved reader does not. */
  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const isNear = scrollHeight - scrollTop - clientHeight < NEAR;
    if (isNear) byId("to-latest").hidden = true;
    this.#pinned = isNear || (this.#pinned && scrollTop >= this.#scrollTop);
    this.#scrollTop = scrollTop;
    if (scrollTop < clientHeight) this.#drawEarlier();
  }

  #clicked(event) {
    const target = event.target.closest("[data-goto], [data-replay]");
    if (!target) return;
    if (target.dataset.goto) this.goTo(target.dataset.goto);
    else this.#replay(target.closest(".row").querySelector(".bubble"));
  }

  #replay(bubble) {
    bubble.classList.remove("revealed");
    play(bubble.dataset.effect, bubble);
  }

  #keyed(event) {
    if (!event.target.classList.contains("bubble")) return;
    if (event.key === "ArrowUp" && event.target === this.#log.querySelector(".bubble")) this.#drawEarlier();
    rove(event, [...this.#log.querySelectorAll(".bubble")]);
  }

  /** One bubble at a time is in the tab order: the last one the reader was on, else the newest. */
  #focused(event) {
    if (event.target.classList.contains("bubble")) this.#makeReachable(this.messageAt(event.target).id);
  }

  #makeReachable(id) {
    for (const bubble of this.#log.querySelectorAll('.bubble[tabindex="0"]')) bubble.tabIndex = -1;
    const bubble = this.#bubbleOf(id);
    if (bubble) bubble.tabIndex = 0;
  }
}

function markOf(message) {
  if (message.status === "failed") return "";
  if (message.status === "read") return "Read";
  if (message.channel !== "imessage") return message.direction === "inbound" ? "Sent as text message" : "";
  return message.status === "sent" || message.status === "queued" ? "Sent" : "Delivered";
}
