/** Trouble on demand: a small panel of what may go wrong next, and a clock to move forward. */

import { handset } from "./api.js";
import { byId, element } from "./element.js";
import { attempt } from "./notices.js";
import { clockTime, now, separator } from "./time.js";

const sending = (fault) => ({ method: "POST", path: "/v1/messages", ...fault });

/** What the agent's next sends may meet. */
const CALLS = [
  ["Slow answer", sending({ delay: 8 })],
  ["429 throttled", sending({ code: "RATE_LIMIT_EXCEEDED" })],
  ["500 after sending", sending({ status: 500, after_effect: true })],
  ["500 before", sending({ status: 500 })],
  ["Cut off", sending({ drop: true })],
  ["Carrier error", sending({ undelivered: "The carrier rejected the message." })],
];

/** What the next webhooks may meet. */
const WEBHOOKS = [
  ["Twice", { action: "duplicate" }],
  ["Out of order", { action: "reorder", seconds: 30 }],
  ["Late", { action: "delay", seconds: 30 }],
  ["Lost", { action: "drop" }],
  ["Wrong signature", { action: "bad_signature" }],
];

/** What stays until it is switched back: the label, the switch, and its value when there is trouble. */
const STANDING = [
  ["Webhook down", "webhook_down", true],
  ["No 10DLC registration", "sms_registered", false],
  ["Reply targets gone", "reply_targets_gone", true],
];

const STEPS = [
  ["+10 s", 10],
  ["+1 min", 60],
  ["+5 min", 300],
  ["+1 h", 3600],
  ["+1 day", 86_400],
];

/** Milliseconds in which several reasons to look become one look. */
const PAUSE = 100;

export class Trouble {
  #panel = byId("trouble-panel");
  #button = byId("trouble");
  #time = element("p", { class: "trouble-time" });
  #known = { calls: [], webhooks: [], switches: {} };
  #timer = null;

  constructor(store) {
    this.#button.addEventListener("click", () => (this.#panel.open ? this.#close() : this.#show()));
    this.#panel.addEventListener("keydown", (event) => event.key === "Escape" && this.#close());
    this.#build();
    store.on("connection", ({ up }) => up && this.#lookSoon());
    store.on("event", (event) => {
      if (event.fault || event.type === "webhook_fault") this.#lookSoon();
    });
    store.on("line", () => this.#tellTime());
    setInterval(() => this.#tellTime(), 1000);
  }

  #show() {
    this.#panel.show();
    this.#button.setAttribute("aria-expanded", "true");
    this.#lookSoon();
  }

  #close() {
    this.#panel.close();
    this.#button.setAttribute("aria-expanded", "false");
    this.#button.focus();
  }

  #build() {
    const close = { type: "button", class: "icon-button", "aria-label": "Close the panel", text: "×" };
    this.#panel.append(
      element(
        "header",
        {},
        element("h2", { text: "Trouble", id: "trouble-title" }),
        element("button", { type: "button", text: "Clear all", on: { click: () => this.#clear() } }),
        element("button", { ...close, on: { click: () => this.#close() } }),
      ),
      part("The agent’s next texts", CALLS.map(([name, fault]) => this.#once(name, "calls", fault))),
      part("The next webhooks", WEBHOOKS.map(([name, fault]) => this.#once(name, "webhooks", fault))),
      part("Until switched back", STANDING.map((each) => this.#standing(...each))),
      part("The clock", [this.#time, ...STEPS.map(([name, seconds]) => this.#step(name, seconds))]),
    );
  }

  /** A button that adds one more of a fault; how many are to come is part of its name. */
  #once(name, kind, fault) {
    const add = async () => {
      await this.#look();
      await this.#set(kind, [...this.#known[kind], { ...fault, times: 1 }]);
    };
    return element("button", {
      type: "button",
      class: "chip",
      text: name,
      dataset: { kind, name, fault: JSON.stringify(fault) },
      on: { click: () => attempt(add) },
    });
  }

  #standing(name, key, bad) {
    const change = ({ target }) => attempt(() => this.#switch({ [key]: target.checked ? bad : !bad }));
    const box = element("input", { type: "checkbox", dataset: { key, bad }, on: { change } });
    return element("label", { class: "tick" }, box, element("span", { text: name }));
  }

  #step(name, seconds) {
    const move = () => attempt(() => handset.moveClock(seconds));
    return element("button", { type: "button", class: "chip", text: name, on: { click: move } });
  }

  async #set(kind, faults) {
    await (kind === "calls" ? handset.setFaults(faults) : handset.setWebhookFaults(faults));
    await this.#look();
  }

  async #switch(changes) {
    await handset.setSwitches(changes);
    await this.#look();
  }

  #clear() {
    const good = Object.fromEntries(STANDING.map(([, key, bad]) => [key, !bad]));
    return attempt(async () => {
      await Promise.all([handset.setFaults([]), handset.setWebhookFaults([]), handset.setSwitches(good)]);
      await this.#look();
    });
  }

  #lookSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look().catch(() => {}), PAUSE);
  }

  async #look() {
    const [calls, webhooks, switches] = await Promise.all([
      handset.faults(),
      handset.webhookFaults(),
      handset.switches(),
    ]);
    this.#known = { calls, webhooks, switches };
    this.#draw();
  }

  #draw() {
    for (const chip of this.#panel.querySelectorAll("[data-fault]")) {
      const { kind, name, fault } = chip.dataset;
      const count = times(this.#known[kind].filter((each) => isSame(each, JSON.parse(fault))));
      chip.replaceChildren(name, ...(count ? [element("span", { class: "count", text: String(count) })] : []));
      chip.setAttribute("aria-label", count ? `${name}, ${count} to come` : name);
    }
    let standing = 0;
    for (const box of this.#panel.querySelectorAll("[data-key]")) {
      box.checked = String(this.#known.switches[box.dataset.key]) === box.dataset.bad;
      standing += box.checked;
    }
    const all = times([...this.#known.calls, ...this.#known.webhooks]) + standing;
    byId("trouble-count").hidden = all === 0;
    byId("trouble-count").textContent = String(all);
    this.#button.setAttribute("aria-label", all ? `Trouble, ${all} set` : "Trouble");
    this.#tellTime();
  }

  #tellTime() {
    if (!this.#panel.open) return;
    const { day } = separator(now());
    this.#time.textContent = `${day}, ${clockTime(now())}`;
  }
}

const part = (name, nodes) =>
  element("fieldset", {}, element("legend", { text: name }), element("div", { class: "chips" }, ...nodes));

const times = (faults) => faults.reduce((sum, fault) => sum + fault.times, 0);

const isSame = (one, wanted) => Object.entries(wanted).every(([name, value]) => one[name] === value);
