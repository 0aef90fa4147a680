/** The open conversation: its messages, the typing dots, the background, and where the reader's eyes are. */

import { effectOf } from "./bubble.js";
import { byId, element, rove } from "./element.js";
import { play, still } from "./effects.js";
import { Pages } from "./pages.js";
import { showPhotos } from "./photo.js";
import { shownFrom } from "./picture.js";
import { separator } from "./time.js";

/** Pixels from the end within which the reader counts as being at the end. */
const NEAR = 60;

export class Thread {
  #store;
  #scroller = byId("scroller");
  #log = byId("messages");
  #pages;
  #pinned = true;
  #scrollTop = 0;
  #ownMark = element("p", { class: "mark" });
  #agentMark = element("p", { class: "mark" });
  #shown = null;
  /** The message whose bubble the Tab key leads to. */
  #reachable = null;

  constructor(store) {
    this.#store = store;
    this.#pages = new Pages(store, this.#log, this.#scroller);
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
    if (!this.#pages.row(messageId)) {
      this.#pinned = false;
      this.#pages.begin(index);
      this.#drawMarks();
    }
    const bubble = this.#pages.bubble(messageId);
    bubble.scrollIntoView({ block: "center" });
    bubble.focus({ preventScroll: true });
    bubble.classList.add("found");
    bubble.addEventListener("animationend", () => bubble.classList.remove("found"), { once: true });
  }

  toLatest() {
    this.#pinned = true;
    if (!this.#pages.atEnd) {
      this.#pages.begin();
      this.#drawMarks();
      this.#makeReachable(this.#messages.at(-1)?.id);
    }
    this.#jumpToEnd();
  }

  get #messages() {
    return this.#store.thread.messages;
  }

  #draw() {
    const another = this.#shown !== this.#store.key;
    this.#shown = this.#store.key;
    if (another) still();
    this.#log.classList.toggle("in-group", this.#store.thread.isGroup);
    this.#pages.begin();
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
    if (latest) play(effectOf(latest), this.#pages.bubble(latest.id));
  }

  #append(message) {
    const isFollowed = this.#pinned || this.#store.isMine(message);
    const row = this.#pages.append(isFollowed);
    this.#drawMarks();
    this.#drawFirstWords();
    if (row) this.#makeReachable(message.id);
    if (isFollowed && row) this.#pinned = true; // the end is shown once this frame's rows are all there
    else if (isFollowed) this.toLatest();
    else byId("to-latest").hidden = false;
    if (row && effectOf(message)) play(effectOf(message), this.#pages.bubble(message.id));
  }

  #change(message) {
    this.#pages.change(message);
    this.#drawMarks();
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
    const row = words && this.#pages.row(message.id);
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
    this.#scrollTop = this.#scroller.scrollTop;
    this.#pages.takeGoneAbove();
    byId("to-latest").hidden = true;
  }

  /**
   * Only a reader who moves up lets go of the end: a photo that grows below does not, nor do pages that are
   * taken away above, after which everything stands higher.
   */
  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const below = scrollHeight - scrollTop - clientHeight;
    const isNear = below < NEAR && this.#pages.atEnd;
    if (isNear) byId("to-latest").hidden = true;
    this.#pinned = isNear || (this.#pinned && scrollTop >= this.#scrollTop - this.#pages.takeGoneAbove());
    this.#scrollTop = scrollTop;
    if (this.#pinned && !isNear) return this.#jumpToEnd();
    if (scrollTop < clientHeight) this.#pages.earlier();
    else if (below < clientHeight) this.#pages.later();
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
    const drawn = [...this.#log.querySelectorAll(".bubble")];
    if (event.key === "ArrowUp" && event.target === drawn[0]) this.#pages.earlier();
    if (event.key === "ArrowDown" && event.target === drawn.at(-1)) this.#pages.later();
    rove(event, [...this.#log.querySelectorAll(".bubble")]);
  }

  /** One bubble at a time is in the tab order: the last one the reader was on, else the newest. */
  #focused(event) {
    if (event.target.classList.contains("bubble")) this.#makeReachable(this.messageAt(event.target).id);
  }

  #makeReachable(id) {
    if (this.#reachable) {
      const before = this.#pages.bubble(this.#reachable);
      if (before) before.tabIndex = -1;
    }
    this.#reachable = id;
    const bubble = this.#pages.bubble(id);
    if (bubble) bubble.tabIndex = 0;
  }
}

function markOf(message) {
  if (message.status === "failed") return "";
  if (message.status === "read") return "Read";
  if (message.channel !== "imessage") return message.direction === "inbound" ? "Sent as text message" : "";
  return message.status === "sent" || message.status === "queued" ? "Sent" : "Delivered";
}
