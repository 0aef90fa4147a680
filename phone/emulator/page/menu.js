/** What one can do to a bubble: tap back, answer in thread, copy. Opened by click, long press or key. */

import { TAPBACKS } from "./bubble.js";
import { byId, element } from "./element.js";
import { form, textField } from "./form.js";
import { attempt } from "./notices.js";

/** Milliseconds a finger rests on a bubble before the menu opens, and the pixels it may tremble meanwhile. */
const LONG_PRESS = 450;
const TREMBLE = 10;

const MORE_EMOJI = ["🔥", "🎉", "🙏", "😍", "😮", "💯"];

export class Menu {
  #store;
  #thread;
  #composer;
  #open = null;
  #bubble = null;
  #openedAt = 0;
  #press = null;
  #offers = [];

  constructor(store, thread, composer) {
    this.#store = store;
    this.#thread = thread;
    this.#composer = composer;
    const log = byId("messages");
    log.addEventListener("click", (event) => this.#clicked(event));
    log.addEventListener("contextmenu", (event) => this.#asked(event));
    log.addEventListener("keydown", (event) => this.#keyed(event));
    log.addEventListener("focusin", (event) => event.target.matches(".bubble:focus-visible") && reveal(event.target));
    log.addEventListener("pointerdown", (event) => this.#pressed(event));
    log.addEventListener("pointermove", (event) => this.#moved(event));
    for (const kind of ["pointerup", "pointercancel"]) log.addEventListener(kind, () => this.#letGo());
    byId("scroller").addEventListener("scroll", () => this.#scrolled(), { passive: true });
    document.addEventListener("pointerdown", (event) => this.#open?.contains(event.target) || this.close());
    store.on("thread", () => this.close());
  }

  /** Offer one more thing to do to a message: `act` gets it, `isFor` tells whether it is offered at all. */
  offer(name, act, isFor = () => true) {
    this.#offers.push({ name, act, isFor });
  }

  close() {
    this.#open?.remove();
    this.#open = null;
    this.#bubble?.classList.remove("lifted");
  }

  /** The bubble moves away under the menu. What was scrolled before it opened is told late, and is nothing. */
  #scrolled() {
    if (Math.abs(byId("scroller").scrollTop - this.#openedAt) > TREMBLE) this.close();
  }

  #clicked(event) {
    const bubble = event.target.closest(".bubble");
    const isOther = event.target.closest("a, button") || !getSelection().isCollapsed;
    if (bubble && !isOther && !reveal(bubble)) this.#show(bubble);
  }

  #asked(event) {
    const bubble = event.target.closest(".bubble");
    if (!bubble || event.target.closest("a")) return;
    event.preventDefault();
    this.#show(bubble);
  }

  #keyed(event) {
    const isBubble = event.target.classList.contains("bubble");
    if (!isBubble || !["Enter", " ", "ContextMenu"].includes(event.key)) return;
    event.preventDefault();
    if (!reveal(event.target)) this.#show(event.target);
  }

  #pressed(event) {
    const bubble = event.target.closest(".bubble");
    this.#letGo();
    if (!bubble || event.pointerType !== "touch") return;
    const { clientX: x, clientY: y } = event;
    this.#press = { x, y, timer: setTimeout(() => this.#show(bubble), LONG_PRESS) };
  }

  #moved({ clientX, clientY }) {
    if (this.#press && Math.hypot(clientX - this.#press.x, clientY - this.#press.y) > TREMBLE) this.#letGo();
  }

  #letGo() {
    clearTimeout(this.#press?.timer);
    this.#press = null;
  }

  #show(bubble) {
    this.close();
    const message = this.#thread.messageAt(bubble);
    this.#bubble = bubble;
    this.#openedAt = byId("scroller").scrollTop;
    this.#open = element(
      "div",
      { class: "menu", role: "menu", "aria-label": "Message" },
      this.#canTapBack(message) ? this.#tapbacks(message) : null,
      this.#canTapBack(message) ? item("Another emoji…", () => this.#done(() => this.#askEmoji(message))) : null,
      item("Reply", () => this.#done(() => this.#composer.replyTo(message))),
      message.body ? item("Copy", () => this.#done(() => copy(message.body))) : null,
      ...this.#offered(message),
    );
    this.#open.addEventListener("keydown", (event) => this.#walk(event));
    byId("screen").append(this.#open);
    bubble.classList.add("lifted");
    this.#place(bubble);
    this.#open.querySelector("[role^=menuitem]").focus();
  }

  #offered(message) {
    const fitting = this.#offers.filter(({ isFor }) => isFor(message));
    return fitting.map(({ name, act }) => item(name, () => this.#done(() => act(message))));
  }

  /** Tapbacks are iMessage's, and one does not tap back on oneself here. */
  #canTapBack(message) {
    return message.channel === "imessage" && !this.#store.isMine(message);
  }

  #tapbacks(message) {
    const mine = message.reactions?.find((each) => each.from_handle === this.#store.speaker)?.reaction;
    const choices = [...Object.entries(TAPBACKS), ...MORE_EMOJI.map((emoji) => [emoji, emoji])];
    const buttons = choices.map(([reaction, glyph]) =>
      element("button", {
        type: "button",
        role: "menuitemradio",
        "aria-checked": String(reaction === mine),
        "aria-label": reaction,
        tabindex: "-1",
        text: glyph,
        dataset: { rove: "" },
        on: { click: () => this.#done(() => attempt(() => this.#store.react(message.id, reaction))) },
      }),
    );
    return element("div", { class: "menu-tapbacks", role: "group", "aria-label": "Tapbacks" }, ...buttons);
  }

  #askEmoji(message) {
    const field = textField("emoji", "Any one emoji", { required: true, placeholder: "🦊" });
    form("Tap back", "Tap back", [field], ({ emoji }) => this.#store.react(message.id, emoji));
  }

  #done(act) {
    const bubble = this.#bubble;
    this.close();
    bubble.focus({ preventScroll: true });
    act();
  }

  /** Above the bubble, or below it where there is no room; never past the sides of the screen. */
  #place(bubble) {
    const [here, screen] = [bubble, byId("screen")].map((node) => node.getBoundingClientRect());
    const { offsetWidth: width, offsetHeight: height } = this.#open; // its size at rest, not as it grows
    const above = here.top - screen.top - height - 10;
    const lowest = screen.height - height - 12;
    const top = above > 56 ? above : Math.min(here.bottom - screen.top + 10, lowest);
    const left = Math.min(Math.max(here.left - screen.left, 12), screen.width - width - 12);
    this.#open.style.top = `${top}px`;
    this.#open.style.left = `${left}px`;
  }

  #walk(event) {
    const items = [...this.#open.querySelectorAll("[role^=menuitem]")];
    const here = items.indexOf(event.target);
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step) items.at((here + step) % items.length).focus();
    else if (event.key === "Home") items[0].focus();
    else if (event.key === "End") items.at(-1).focus();
    else if (event.key === "Escape" || event.key === "Tab") this.#done(() => {});
    else return;
    event.preventDefault();
  }
}

const item = (name, act) =>
  element("button", {
    type: "button",
    role: "menuitem",
    class: "menu-item",
    tabindex: "-1",
    text: name,
    on: { click: act },
  });

const copy = (text) => attempt(() => navigator.clipboard.writeText(text));

/** Show what invisible ink hides; true when it was hidden until now. */
function reveal(bubble) {
  if (bubble.dataset.effect !== "invisible" || bubble.classList.contains("revealed")) return false;
  bubble.classList.add("revealed");
  return true;
}
