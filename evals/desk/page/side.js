/** Side by side: two branches of one conversation, a text box for both, and their answers compared. */

import { call } from "../../page/api.js";
import { byId, element, rove } from "../../page/element.js";
import { pairs, rows } from "./compare.js";
import { comparison } from "./comparison.js";
import { Far } from "./far.js";

/** Milliseconds between two looks at the turns: while an answer is awaited, and otherwise. */
const SOON = 400;
const LATER = 2000;

const SIDES = ["left", "right"];

class SideBySide {
  /** The two phones, by side. */
  #phones;
  #words = byId("words");
  #timer = null;
  #drawn = null;

  constructor(phones) {
    this.#phones = phones;
    for (const side of SIDES) this.#show(side);
    byId("tabs").addEventListener("keydown", (event) => {
      if (rove(event, [...byId("tabs").children], { back: "ArrowLeft", on: "ArrowRight" })) this.#select(document.activeElement.dataset.side);
    });
    this.#select("left");
    byId("both").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#words.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#send();
    });
    byId("both").hidden = false;
    this.#words.focus();
    this.#look();
  }

  #show(side) {
    const { branch, address } = this.#phones[side];
    const tab = element("button", {
      type: "button",
      role: "tab",
      id: `${side}-tab`,
      "aria-controls": `${side}-phone`,
      dataset: { rove: "", side },
      text: branch.name,
      on: { click: () => this.#select(side) },
    });
    const frame = element("iframe", { src: address, title: branch.name });
    const facts = [branch.prompts_folder, branch.model].filter(Boolean).join(" · ");
    byId("tabs").append(tab);
    byId("phones").append(
      element(
        "div",
        { class: "side-phone", id: `${side}-phone`, role: "tabpanel", "aria-labelledby": tab.id },
        element("h2", { text: branch.name }),
        element("p", { class: "side-facts", text: facts, title: facts }),
        frame,
      ),
    );
  }

  /** Where only one phone has room, this is the one. */
  #select(side) {
    for (const each of SIDES) {
      const isSelected = each === side;
      byId(`${each}-tab`).setAttribute("aria-selected", String(isSelected));
      byId(`${each}-tab`).tabIndex = isSelected ? 0 : -1;
      byId(`${each}-phone`).classList.toggle("away", !isSelected);
    }
  }

  async #send() {
    const body = this.#words.value.trim();
    if (!body) return;
    this.#words.value = "";
    byId("trouble").replaceChildren();
    const sent = await Promise.allSettled(SIDES.map((side) => this.#phones[side].write(body)));
    sent.forEach(({ reason }, at) => reason && warn(`${this.#phones[SIDES[at]].branch.name}: ${reason.message}`));
    if (sent.every(({ reason }) => reason) && !this.#words.value) this.#words.value = body;
    this.#look();
  }

  async #look() {
    clearTimeout(this.#timer);
    let isBusy = false;
    try {
      const [left, right] = await Promise.all(SIDES.map((side) => this.#phones[side].turns()));
      isBusy = [...left, ...right].some((turn) => turn.state !== "settled");
      this.#draw(pairs(left, right));
    } catch {
      // A phone that cannot be reached says so itself, in its frame.
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), isBusy ? SOON : LATER);
  }

  /** The newest pair comes first. What did not change is not drawn anew: one may be reading or selecting it. */
  #draw(found) {
    const facts = JSON.stringify(found.map(({ text, left, right }) => [text, rows(left, right), left.said, right.said]));
    if (facts === this.#drawn) return;
    this.#drawn = facts;
    byId("nothing-yet").hidden = found.length > 0;
    const names = SIDES.map((side) => this.#phones[side].branch.name);
    const tables = found.toReversed().map((pair) => comparison({ ...pair, caption: `“${pair.text}”`, names }));
    byId("answers").replaceChildren(...tables);
  }
}

function warn(text) {
  byId("trouble").append(element("p", { text }));
}

async function begin() {
  const asked = new URLSearchParams(location.search);
  const { branches } = await call("GET", "desk/branches");
  const phones = {};
  for (const side of SIDES) {
    const branch = branches.find((each) => each.id === asked.get(side));
    if (!branch) throw new Error(`There is no branch ${asked.get(side) ?? "named"} for the ${side}. Begin anew from the phone.`);
    phones[side] = new Far(branch);
  }
  new SideBySide(phones);
}

begin().catch((trouble) => warn(trouble.message));
