/** A burst on a timer: several texts, one after the other, while one looks on or elsewhere. */

import { byId, element } from "./element.js";
import { form, textField, textLines } from "./form.js";
import { notice } from "./notices.js";

const EMPTY = "Write at least one text, each on a line of its own.";
const RUNNING = "A burst is on its way; stop it first.";

export class Burst {
  #store;
  #timer = null;

  constructor(store) {
    this.#store = store;
    byId("burst").addEventListener("click", () => this.#ask());
    byId("stop-burst").addEventListener("click", () => this.#end());
  }

  #ask() {
    const fields = [
      textLines("texts", "Texts, one on each line", { value: "", rows: 5 }),
      textField("pause", "Seconds between them", { type: "number", value: "2", min: "0", max: "3600", step: "0.1" }),
    ];
    form("Burst", "Send", fields, ({ texts, pause }) => {
      const bodies = texts.split("\n").map((text) => text.trim()).filter(Boolean);
      if (bodies.length === 0) throw new Error(EMPTY);
      if (this.#timer !== null) throw new Error(RUNNING);
      this.#begin(bodies, Number(pause) * 1000);
    });
  }

  /** They go to whom, as whom and on the channel chosen now, wherever one looks meanwhile. */
  #begin(bodies, pause) {
    const pen = this.#store.pen();
    const name = this.#store.thread.isGroup ? this.#store.thread.groupName || "Group" : this.#store.nameOf(pen.speaker);
    const send = async (nth) => {
      this.#tell(name, nth, bodies.length);
      try {
        await this.#store.write(pen, { body: bodies[nth] });
      } catch (refusal) {
        notice(refusal.message);
        this.#end();
      }
      if (this.#timer === null) return;
      if (nth + 1 === bodies.length) this.#end();
      else this.#timer = setTimeout(send, pause, nth + 1);
    };
    this.#timer = setTimeout(send, 0, 0);
  }

  #end() {
    clearTimeout(this.#timer);
    this.#timer = null;
    byId("bursting").hidden = true;
  }

  #tell(name, nth, count) {
    byId("bursting").hidden = false;
    byId("bursting-words").replaceChildren(
      element("b", { text: `${nth + 1} of ${count}` }),
      ` texts in ${name}’s conversation`,
    );
  }
}
