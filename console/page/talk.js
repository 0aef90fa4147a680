/** One conversation: what was written and said, who holds it, and what an operator can do in it. */

import { bubble } from "./bubble.js";
import { element } from "./element.js";
import { form, textField } from "./form.js";
import { Inspector } from "./inspector.js";
import { askToSendAgain } from "./ledgers.js";
import { operator } from "./operator.js";
import { mayAct, mayRule } from "./rights.js";
import { marks } from "./talks.js";
import { separator } from "./time.js";
import { readable } from "./words.js";

/** Characters an operator may write at once, as the server has it. */
const LONGEST = 1600;

/** Pixels from the end within which a reader follows what comes. */
const NEAR = 80;

export class Talk {
  #key = null;
  #told = null;
  #earlier = [];
  #before = null;
  #nth = 0;
  #refresh;
  #draft = { id: operator.newId(), text: null };

  #given = {
    again: (one) => askToSendAgain(one, this.#refresh),
    inspect: (one) => this.#inspect(one),
    picture: (name) => {
      const key = this.#key;
      return { key: `${key} ${name}`, load: () => operator.pictureOf(key, name) };
    },
  };

  #title = element("h2", { tabindex: "-1" });
  #about = element("p", { class: "quiet about" });
  #marks = element("p", { class: "marks" });
  #acts = element("div", { class: "acts", role: "group", "aria-label": "This conversation" });
  #more = button("Earlier messages", "", () => this.#loadEarlier());
  #log = element("div", { class: "log", role: "log", "aria-label": "Messages", tabindex: "0" });
  #words = element("textarea", { rows: "2", maxlength: String(LONGEST), "aria-label": "Write as a person", placeholder: "Write as a person" });
  #trouble = element("p", { class: "trouble", role: "alert" });
  #composer = element(
    "form",
    { class: "writing" },
    this.#words,
    element("button", { type: "submit", class: "button main", text: "Send" }),
  );
  #hint = element("p", { class: "quiet hint" });
  #empty = element("p", { class: "quiet nothing", text: "Choose a conversation." });
  #whole = element(
    "div",
    { class: "talk-whole", hidden: true },
    element(
      "header",
      { class: "talk-head" },
      element("a", { class: "back", href: "#/conversations", text: "‹ Conversations" }),
      element("div", { class: "talk-title" }, this.#title, this.#about, this.#marks),
      this.#acts,
    ),
    this.#log,
    element("footer", { class: "talk-foot" }, this.#trouble, this.#hint, this.#composer),
  );
  #toggle = button("Inspector", "", () => this.#showInspector(document.body.dataset.inspector !== "shown"));

  /** @param {{refresh: function()}} given what is to be drawn anew when something was done */
  constructor({ refresh }) {
    this.#refresh = refresh;
    this.nodes = [this.#empty, this.#whole];
    const close = button("×", "icon-button inspector-close", () => {
      this.#showInspector(false);
      this.#toggle.focus();
    });
    close.setAttribute("aria-label", "Close the inspector");
    this.inspector = new Inspector({ close, find: (id) => this.#find(id), findName: "Find in the thread" });
    this.inspector.node.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close.click();
    });
    this.#toggle.setAttribute("aria-controls", "inspector");
    this.#composer.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#write();
    });
    this.#words.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.#composer.requestSubmit();
      }
    });
    this.#showInspector(matchMedia("(min-width: 1100px)").matches);
  }

  /** Show another conversation; null for none. */
  open(key) {
    if (key === this.#key) return;
    this.#key = key;
    this.#told = null;
    this.#earlier = [];
    this.#before = null;
    this.#words.value = "";
    this.#trouble.textContent = "";
    this.#whole.hidden = true;
    this.#empty.hidden = false;
    this.#empty.textContent = key ? "Loading…" : "Choose a conversation.";
    this.inspector.follow(null);
    if (key) this.load({ isNew: true });
  }

  /** Draw it anew: what its reader may do is known now. */
  drawAgain() {
    if (this.#told) this.#draw(false);
  }

  /** Load it anew. */
  async load({ isNew = false } = {}) {
    if (!this.#key) return;
    const [key, nth] = [this.#key, ++this.#nth];
    try {
      const told = await operator.thread(key);
      if (key !== this.#key || nth !== this.#nth) return; // another is wanted by now
      this.#told = told;
      if (this.#earlier.length === 0) this.#before = told.before;
      this.#draw(isNew);
    } catch (trouble) {
      if (key !== this.#key) return;
      if (this.#told) this.#trouble.textContent = trouble.message;
      else this.#empty.textContent = trouble.message;
    }
  }

  async #loadEarlier() {
    const key = this.#key;
    const told = await operator.thread(key, this.#before);
    if (key !== this.#key) return;
    const height = this.#log.scrollHeight;
    this.#earlier = [...told.entries, ...this.#earlier];
    this.#before = told.before;
    this.#draw(false);
    this.#log.scrollTop += this.#log.scrollHeight - height;
  }

  #draw(isNew) {
    const { conversation } = this.#told;
    this.#empty.hidden = true;
    this.#whole.hidden = false;
    this.#title.textContent = conversation.name || readable(conversation.participant);
    const who = conversation.is_group ? "Group" : readable(conversation.participant);
    this.#about.textContent = `${who} · ${conversation.channel} · our ${readable(conversation.our_number)}`;
    this.#marks.replaceChildren(...marks(conversation));
    this.#drawActs(conversation);
    this.#drawLog(isNew);
    this.#drawWriting(conversation);
    this.inspector.follow(document.body.dataset.inspector === "shown" ? conversation.conversation_id : null);
    if (isNew && document.body.dataset.view === "talk") this.#title.focus({ preventScroll: true });
  }

  #drawActs({ takeover, is_paused: isPaused, opted_out: isOut, is_group: isGroup }) {
    const focused = this.#acts.contains(document.activeElement);
    const isHeld = Boolean(takeover?.claimed_by);
    const acts = [
      ...(mayAct() ? this.#operatorsActs({ takeover, isHeld, isPaused, isOut, isGroup }) : []),
      mayRule() ? element("a", { class: "button", href: operator.exportOf(this.#key), download: true, text: "Export" }) : null,
      mayRule() && this.#told.may_erase ? button("Erase…", "danger", () => this.#askToErase()) : null,
      this.#toggle,
    ];
    this.#acts.replaceChildren(...acts.filter(Boolean));
    if (focused && !this.#acts.contains(document.activeElement)) this.#acts.firstElementChild.focus();
  }

  #operatorsActs({ takeover, isHeld, isPaused, isOut, isGroup }) {
    return [
      isHeld
        ? button("Hand back", "main", () => this.#do(operator.handBack))
        : button("Take over", "main", () => this.#do(operator.takeOver)),
      takeover && !isHeld ? button("Leave it to the agent", "", () => this.#do(operator.handBack)) : null,
      isPaused
        ? button("Let the agent speak", "", () => this.#do(operator.resume))
        : button("Pause the agent here", "danger", () => this.#do(operator.pause)),
      isOut || isGroup ? null : button("Opt out…", "", () => this.#askToOptOut()),
    ];
  }

  #drawLog(isNew) {
    const isNear = this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < NEAR;
    const focused = this.#log.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const nodes = [];
    let day = null;
    for (const entry of [...this.#earlier, ...this.#told.entries]) {
      const at = new Date(entry.at);
      if (day !== at.toDateString()) nodes.push(element("p", { class: "day", text: separator(at).day }));
      day = at.toDateString();
      nodes.push(bubble(entry, this.#given));
    }
    const more = this.#before === null ? [] : [element("p", { class: "day" }, this.#more)];
    this.#log.replaceChildren(...more, ...nodes);
    if (focused) this.#log.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    if (isNew || isNear) this.#log.scrollTop = this.#log.scrollHeight;
  }

  #drawWriting({ takeover, opted_out: isOut }) {
    const isHeld = Boolean(takeover?.claimed_by);
    const mayWrite = isHeld && !isOut && mayAct();
    this.#composer.hidden = !mayWrite;
    this.#hint.hidden = mayWrite;
    this.#hint.textContent = !mayAct()
      ? "You are logged in as a viewer: you read, and change nothing."
      : isOut
      ? "They asked not to be texted. Only they can undo that, with START."
      : "Take over to write here. The agent is silent then, and later reads what you wrote as a colleague's words.";
  }

  async #do(act) {
    this.#trouble.textContent = "";
    try {
      await act(this.#key);
    } catch (trouble) {
      this.#trouble.textContent = trouble.message;
    }
    await this.#refresh();
  }

  async #write() {
    const text = this.#words.value.trim();
    if (!text) return;
    this.#trouble.textContent = "";
    if (this.#draft.text !== text) this.#draft = { id: operator.newId(), text };
    try {
      await operator.write(this.#key, text, this.#draft.id);
      this.#words.value = "";
      this.#draft = { id: operator.newId(), text: null };
    } catch (trouble) {
      this.#trouble.textContent = trouble.message;
    }
    await this.load();
  }

  #askToOptOut() {
    const { participant } = this.#told.conversation;
    const words = `Nothing is sent to ${readable(participant)} any more, from none of our numbers. Only they can undo it, with START.`;
    form("Record that they asked us to stop?", "Opt out", [element("p", { class: "hint", text: words })], async () => {
      await operator.optOut(participant);
      await this.#refresh();
    });
  }

  #askToErase() {
    const { participant, is_group: isGroup } = this.#told.conversation;
    const words =
      "Their conversations go whole, here and our memory at AgentPhone; in groups a mark stands for their words. " +
      `It cannot be undone. Write ${isGroup ? "the group's id" : participant} to go on.`;
    const fields = [element("p", { class: "hint", text: words }), textField("handle", "Whom", { required: true })];
    form("Erase this person?", "Erase", fields, async ({ handle }) => {
      await operator.erase(this.#key, handle);
      location.hash = "#/conversations";
      await this.#refresh();
    });
  }

  #showInspector(isShown) {
    document.body.dataset.inspector = isShown ? "shown" : "hidden";
    this.#toggle.setAttribute("aria-expanded", String(isShown));
    const id = this.#told?.conversation.conversation_id ?? null;
    this.inspector.follow(isShown ? id : null);
  }

  async #inspect(entry) {
    this.#showInspector(true);
    await this.inspector.showTurnOf(entry.message_id);
  }

  #find(messageId) {
    if (!matchMedia("(min-width: 1100px)").matches) this.#showInspector(false);
    const node = this.#log.querySelector(`[data-message="${CSS.escape(messageId)}"]`);
    node?.scrollIntoView({ block: "center" });
    node?.classList.add("found");
    setTimeout(() => node?.classList.remove("found"), 1500);
  }
}

function button(text, kind, act) {
  return element("button", { type: "button", class: kind.includes("icon-button") ? kind : `button ${kind}`, text, on: { click: act } });
}
