/** Recording: from one message to another becomes a scenario file. */

import { call } from "../../page/api.js";
import { byId, element } from "../../page/element.js";
import { form, textField } from "../../page/form.js";
import { attempt, notice } from "../../page/notices.js";

const STYLE = "desk/page/record.css";

const ELSEWHERE = "Recording in another conversation.";

/** @param {{store: Store, menu: Menu}} phone */
export function beside({ store, menu }) {
  document.head.append(element("link", { rel: "stylesheet", href: STYLE }));
  new Recording(store, menu);
}

class Recording {
  #store;
  #bar = element("div", { class: "recording", role: "status", "aria-label": "Recording", hidden: true });
  #words = element("p");
  /** The message it begins with, and the conversation that is in. */
  #first = null;
  #conversation = null;
  /** The message up to which the range is marked. */
  #last = null;

  constructor(store, menu) {
    this.#store = store;
    const stop = { type: "button", text: "Give up", on: { click: () => this.#end() } };
    this.#bar.append(this.#words, element("button", stop));
    byId("composer").prepend(this.#bar);
    menu.offer("Record from here", (message) => this.#begin(message));
    menu.offer(
      "Record to here",
      (message) => this.#ask(message),
      () => this.#isHere(),
    );
    document.addEventListener("keydown", (event) => this.#keyed(event));
    store.on("thread", () => this.#mark());
    // Pages of a long thread are drawn as one scrolls: what is in the range is marked as it comes.
    new MutationObserver(() => this.#first && this.#mark()).observe(byId("messages"), { childList: true, subtree: true });
    byId("messages").addEventListener("pointerover", (event) => this.#reach(event));
    byId("messages").addEventListener("focusin", (event) => this.#reach(event));
  }

  #isHere() {
    return this.#first !== null && this.#conversation === this.#store.thread.id;
  }

  #begin(message) {
    this.#first = message.id;
    this.#conversation = this.#store.thread.id;
    this.#bar.hidden = false;
    this.#mark(message.id);
  }

  #end() {
    this.#first = this.#conversation = null;
    this.#bar.hidden = true;
    this.#mark();
  }

  /** Escape gives up, unless it closes something that lies on top. */
  #keyed(event) {
    const isTaken = event.defaultPrevented || document.querySelector("dialog[open], .menu");
    if (event.key === "Escape" && this.#first !== null && !isTaken) this.#end();
  }

  /** While one looks for the end, the range goes as far as the bubble one is at. */
  #reach(event) {
    const id = event.target.closest(".bubble")?.dataset.id;
    if (id && this.#isHere() && !document.querySelector(".menu, dialog[open]")) this.#mark(id);
  }

  /** Mark the bubbles of the range: from the first to this one, or as far as it went before. */
  #mark(last = this.#last) {
    this.#last = last;
    const range = this.#isHere() ? this.#range(last) : new Set();
    const words = this.#isHere() ? `Recording ${counted(range.size)}. End with “Record to here”.` : ELSEWHERE;
    if (this.#words.textContent !== words) this.#words.textContent = words;
    for (const bubble of byId("messages").querySelectorAll(".bubble")) {
      const isIn = range.has(bubble.dataset.id);
      if (bubble.classList.contains("recorded") !== isIn) bubble.classList.toggle("recorded", isIn);
    }
  }

  #range(last) {
    const ids = this.#store.thread.messages.map((message) => message.id);
    const ends = [ids.indexOf(this.#first), ids.indexOf(last)].filter((at) => at >= 0);
    return new Set(ids.slice(Math.min(...ends), Math.max(...ends) + 1));
  }

  #ask(message) {
    this.#mark(message.id);
    const hint = `${counted(this.#range(message.id).size)}, and the whole of the turns they belong to.`;
    const name = textField("name", "Name of the scenario", { required: true, maxlength: 200 });
    form("Record a scenario", "Record", [element("p", { class: "hint", text: hint }), name], async ({ name }) => {
      const written = await call("POST", "desk/scenarios", {
        conversation_id: this.#conversation,
        first_message_id: this.#first,
        last_message_id: message.id,
        name,
      });
      this.#end();
      show(written);
    });
  }
}

const counted = (count) => (count === 1 ? "1 message" : `${count} messages`);

/** The file that was written, and its text to be copied. */
function show({ file, text }) {
  const copy = () =>
    attempt(async () => {
      await navigator.clipboard.writeText(text);
      notice("Copied.");
    });
  const dialog = element(
    "dialog",
    { class: "sheet scenario", "aria-labelledby": "scenario-title" },
    element("h2", { text: "Recorded", id: "scenario-title" }),
    element("p", {}, "Written to ", element("code", { text: file }), ". Edit there what is expected."),
    element("pre", { tabindex: "0", role: "region", "aria-label": "The scenario", text }),
    element(
      "div",
      { class: "sheet-buttons" },
      element("button", { type: "button", text: "Copy", on: { click: copy } }),
      element("button", { type: "button", class: "main", text: "Done", on: { click: () => dialog.close() } }),
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
