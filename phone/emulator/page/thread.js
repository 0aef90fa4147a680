/**
 * The open conversation: rows in the log, the typing dots, and where the reader's eyes are.
 *
 * Only what is near the end is drawn; earlier pages are put above when the reader scrolls there, and
 * the browser skips the pages out of sight. New messages are appended, never redrawn with the rest.
 */

import { bubbleRow, effectOf, faceOf } from "./bubble.js";
import { byId, element, rove } from "./element.js";
import { play, still } from "./effects.js";
import { showPhotos } from "./photo.js";
import { shownFrom } from "./picture.js";
import { carousel, placing } from "./placing.js";
import { separator } from "./time.js";

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
    store.on("clock", () => this.#tellDays());
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
    return this.#store.thread.byId.get(node.closest(".bubble")?.dataset.id);
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
    const row = this.#rows.get(id);
    return row && [...row.querySelectorAll(".bubble")].find((bubble) => bubble.dataset.id === id);
  }

  #draw() {
    const another = this.#shown !== this.#store.key;
    this.#shown = this.#store.key;
    if (another) still();
    this.#log.classList.toggle("in-group", this.#store.thread.isGroup);
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
    const [from] = carousel(this.#messages, Math.max(0, this.#drawnFrom - PAGE));
    const page = element("div", { class: "page" });
    for (let index = from; index < this.#drawnFrom; ) {
      const [, next] = carousel(this.#messages, index);
      page.append(this.#row(index));
      index = next;
    }
    this.#drawnFrom = from;
    const below = this.#scroller.scrollHeight - this.#scroller.scrollTop;
    this.#log.prepend(page);
    this.#scroller.scrollTop = this.#scroller.scrollHeight - below;
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

  #append(message) {
    const before = this.#rows.get(this.#messages.at(-2)?.id);
    const row = this.#row(this.#messages.length - 1);
    const isMore = row.querySelector(".carousel") !== null;
    row.classList.toggle("arriving", !isMore);
    if (before && !row.classList.contains("first")) before.classList.remove("last");
    if (isMore && before) before.replaceWith(row);
    else this.#lastPage().append(row);
    this.#drawMarks();
    this.#drawFirstWords();
    this.#makeReachable(message.id);
    if (this.#pinned || this.#store.isMine(message)) this.toLatest();
    else byId("to-latest").hidden = false;
    if (effectOf(message)) play(effectOf(message), this.#bubbleOf(message.id));
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
    if (this.#faces.get(message.id) !== faceOf(message, this.#store)) this.#redraw(message);
    this.#drawMarks();
  }

  #redraw(message) {
    const old = this.#rows.get(message.id);
    if (!old) return;
    const focused = old.contains(document.activeElement) ? this.messageAt(document.activeElement)?.id : null;
    const reachable = old.querySelector('.bubble[tabindex="0"]')?.dataset.id;
    const revealed = old.querySelector(".revealed") !== null;
    const scrolled = old.querySelector(".carousel")?.scrollLeft ?? 0;
    const row = this.#row(this.#messages.indexOf(message));
    old.replaceWith(row);
    if (revealed) row.querySelector(".bubble").classList.add("revealed");
    if (scrolled) row.querySelector(".carousel").scrollLeft = scrolled;
    if (reachable) this.#bubbleOf(reachable).tabIndex = 0;
    if (focused) this.#bubbleOf(focused).focus();
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

  /** Today has become yesterday: the days are named anew where they stand. */
  #tellDays() {
    for (const node of this.#log.querySelectorAll("time")) {
      const { day, time } = separator(new Date(node.dateTime));
      node.firstChild.textContent = day;
      node.lastChild.textContent = ` ${time}`;
    }
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
    const target = event.target.closest("[data-goto], [data-replay], .photo");
    if (!target) return;
    if (target.dataset.goto) this.goTo(target.dataset.goto);
    else if (target.matches(".photo")) this.#showPhoto(target);
    else this.#replay(target.closest(".row").querySelector(".bubble"));
  }

  /** Full screen, with all the photos of the conversation to leaf through. What ink hides stays hidden. */
  #showPhoto(button) {
    const bubble = button.closest(".bubble");
    if (bubble.matches(".effect-invisible:not(.revealed)")) {
      bubble.classList.add("revealed");
      return;
    }
    const opened = this.messageAt(button);
    const shown = this.#messages.filter((each) => each === opened || effectOf(each) !== "invisible");
    const photos = shown.flatMap((message) =>
      (message.media_urls ?? []).map((url, nth) => ({
        message,
        nth,
        address: shownFrom(url),
        sender: this.#store.whoWrote(message),
      })),
    );
    const nth = [...bubble.querySelectorAll(".photo, .file")].indexOf(button);
    const at = photos.findIndex((photo) => photo.message === opened && photo.nth === nth);
    showPhotos(photos, at, () => button.focus());
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
