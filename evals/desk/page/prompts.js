/** The Prompts panel: the prompt files as plain text, what an edit changes, and which version answered. */

import { call } from "../../page/api.js";
import { element } from "../../page/element.js";
import { diff, hunks } from "./diff.js";
import { Edits } from "./edits.js";

/** Milliseconds between two looks at the files while the panel is open. */
const LOOK_EVERY = 2000;

const FIRST = "instructions.md";

const SIGNS = { same: " ", gone: "−", new: "+" };
const TAGS = { same: "div", gone: "del", new: "ins" };

export function beside({ store }) {
  document.head.append(element("link", { rel: "stylesheet", href: "desk/page/prompts.css" }));
  const button = element("button", {
    type: "button",
    class: "tool",
    id: "prompts",
    "aria-expanded": "false",
    "aria-controls": "prompts-panel",
    text: "Prompts",
  });
  document.getElementById("tools").append(button);
  new Panel(store, button);
}

class Panel {
  #store;
  #button;
  #edits = new Edits();
  #chosen = FIRST;
  #timer = null;
  /** The conversation whose newest answer is told, and the version that gave it. */
  #answered = { conversation: null, version: null };

  #title = element("h2", { id: "prompts-title", text: "Prompts" });
  #versions = element("p", { class: "prompts-versions" });
  #folder = element("p", { class: "prompts-folder" });
  #list = element("ul", { class: "prompts-files", "aria-label": "Prompt files" });
  #fixed = element("ul", { class: "prompts-files", "aria-label": "Fixed texts" });
  #fixedCount = element("summary");
  #folded = element("details", { class: "prompts-fixed" }, this.#fixedCount, this.#fixed);
  #label = element("label", { for: "prompt-text" });
  #origin = element("span", { class: "prompts-origin" });
  #box = element("textarea", { id: "prompt-text", spellcheck: "false", autocapitalize: "off", autocomplete: "off" });
  #trouble = element("div", { class: "prompts-trouble", role: "alert" });
  #changes = element("div", {
    class: "prompts-changes",
    role: "group",
    "aria-label": "Changes against disk",
    tabindex: "0",
  });
  #said = element("p", { class: "prompts-said", role: "status" });
  #save = element("button", { type: "button", class: "main", text: "Save", title: "Save (Ctrl+S)" });
  #revert = element("button", { type: "button", text: "Revert" });
  #panel;
  /** Whether the turn inspector gave its place to this panel, and is to have it back. */
  #hasItsPlace = false;

  constructor(store, button) {
    this.#store = store;
    this.#button = button;
    this.#build();
    button.addEventListener("click", () => (this.#panel.hidden ? this.#open() : this.#close()));
    store.on("thread", () => this.#panel.hidden || this.#tellAnswered());
    this.#panel.addEventListener("keydown", (event) => this.#keyed(event));
    this.#box.addEventListener("input", () => this.#edited());
    this.#save.addEventListener("click", () => this.#saveEdit());
    this.#revert.addEventListener("click", () => this.#dropEdit(`${this.#chosen} is as on disk again.`));
    addEventListener("beforeunload", (event) => this.#edits.isAnyEdited && event.preventDefault());
    new MutationObserver(() => isInspecting() && this.#hide()).observe(document.body, {
      attributeFilter: ["data-inspector"],
    });
  }

  #build() {
    const close = element("button", { type: "button", class: "icon-button", "aria-label": "Close prompts", text: "×" });
    close.addEventListener("click", () => this.#close());
    this.#panel = element(
      "aside",
      { class: "prompts", id: "prompts-panel", "aria-labelledby": "prompts-title", hidden: true },
      element("header", {}, this.#title, close),
      this.#versions,
      this.#folder,
      this.#list,
      this.#folded,
      element("p", { class: "prompts-name" }, this.#label, this.#origin),
      this.#box,
      this.#trouble,
      this.#changes,
      element("footer", {}, this.#said, this.#revert, this.#save),
    );
    document.body.append(this.#panel);
  }

  /** There is room for one thing beside the phone: this, or the turn inspector. */
  async #open() {
    this.#hasItsPlace = isInspecting();
    if (this.#hasItsPlace) inspectorButton().click();
    this.#panel.hidden = false;
    this.#button.setAttribute("aria-expanded", "true");
    await this.#look();
    this.#box.focus();
  }

  #hide() {
    clearTimeout(this.#timer);
    this.#panel.hidden = true;
    this.#button.setAttribute("aria-expanded", "false");
  }

  #close() {
    this.#hide();
    if (this.#hasItsPlace && !isInspecting()) inspectorButton().click();
    this.#button.focus();
  }

  #keyed(event) {
    if (event.key === "Escape") this.#close();
    if (event.key.toLowerCase() !== "s" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    if (this.#edits.isEdited(this.#chosen)) this.#saveEdit();
    else this.#say("There is nothing to save.");
  }

  /** Look at the files now, and again and again while the panel is open. */
  async #look() {
    clearTimeout(this.#timer);
    try {
      await this.#edits.look();
      this.#clear("look");
      this.#draw();
      await this.#tellAnswered();
    } catch (refusal) {
      this.#warn(refusal.message, "look");
    }
    clearTimeout(this.#timer);
    if (!this.#panel.hidden) this.#timer = setTimeout(() => this.#look(), LOOK_EVERY);
  }

  /** Which version of the prompts the newest answer of the open conversation came from. */
  async #tellAnswered() {
    const conversation = this.#store.thread.id;
    if (this.#answered.conversation !== conversation) this.#answered = { conversation, version: null };
    if (conversation) {
      const asked = `console/api/turns?conversation=${encodeURIComponent(conversation)}&limit=1`;
      const told = await call("GET", asked).catch(() => ({})); // no turn yet, or no console here
      const version = told.turns?.[0]?.prompt_version;
      if (version && this.#answered.conversation === conversation) this.#answered.version = version;
    }
    this.#drawVersions();
  }

  #draw() {
    const { names } = this.#edits;
    if (!names.includes(this.#chosen)) this.#choose(names.includes(FIRST) ? FIRST : names[0]);
    this.#folder.textContent = this.#edits.folder;
    this.#drawVersions();
    this.#drawList(names);
    this.#drawFile();
  }

  #drawVersions() {
    const code = (version) => element("code", { text: version });
    const told = [];
    if (this.#edits.version) told.push("Version ", code(this.#edits.version));
    if (this.#answered.version) told.push(" · last answered under ", code(this.#answered.version));
    // Drawn anew only when something changed: a selection in it is kept.
    const next = element("p", {}, ...told);
    if (next.textContent !== this.#versions.textContent) this.#versions.replaceChildren(...next.childNodes);
  }

  /** What the model reads lies open; the texts that are sent as they stand, of which there are many, are folded. */
  #drawList(names) {
    const isSent = (name) => Boolean(this.#edits.file(name)?.is_sent);
    const fixed = names.filter(isSent);
    this.#fixedCount.textContent = `Sent as they stand, without a model (${fixed.length})`;
    this.#folded.hidden = fixed.length === 0;
    if (isSent(this.#chosen)) this.#folded.open = true;
    this.#drawNames(this.#list, names.filter((name) => !isSent(name)));
    this.#drawNames(this.#fixed, fixed);
  }

  #drawNames(list, names) {
    const drawn = [...list.querySelectorAll("button")].map((each) => each.dataset.name);
    if (drawn.join("/") !== names.join("/")) {
      list.replaceChildren(...names.map((name) => element("li", {}, this.#fileButton(name))));
    }
    for (const button of list.querySelectorAll("button")) {
      const { name } = button.dataset;
      const isEdited = this.#edits.isEdited(name);
      const [wasChosen, isChosen] = [button.hasAttribute("aria-current"), name === this.#chosen];
      if (isChosen) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
      if (isChosen && !wasChosen) button.scrollIntoView({ block: "nearest", inline: "center" });
      const words = isEdited ? `${name}, edited` : name;
      if (button.textContent !== words) button.textContent = words;
    }
  }

  #fileButton(name) {
    const choose = () => {
      this.#choose(name);
      this.#draw();
    };
    return element("button", { type: "button", class: "chip", dataset: { name }, on: { click: choose } });
  }

  #choose(name) {
    this.#chosen = name;
    this.#box.value = this.#edits.text(name);
    this.#box.setSelectionRange(0, 0);
    this.#box.scrollTop = 0;
    this.#clear();
    this.#say("");
  }

  /** The text box takes what is on disk as long as nothing is edited. */
  #drawFile() {
    const name = this.#chosen;
    const file = this.#edits.file(name);
    this.#label.textContent = name;
    this.#origin.textContent = file === null ? "not on disk" : file.is_own ? "" : "shipped; saving makes your own";
    const text = this.#edits.text(name);
    if (this.#box.value !== text) {
      const { selectionStart, selectionEnd, scrollTop } = this.#box;
      this.#box.value = text;
      this.#box.setSelectionRange(selectionStart, selectionEnd);
      this.#box.scrollTop = scrollTop;
    }
    this.#box.readOnly = Boolean(file?.trouble);
    if (file?.trouble) this.#warn(file.trouble, "file");
    else this.#clear("file");
    if (this.#edits.isOvertaken(name)) this.#say(`${name} changed on disk while you edit it.`);
    this.#drawEdit();
  }

  #drawEdit() {
    const name = this.#chosen;
    const isEdited = this.#edits.isEdited(name);
    for (const button of [this.#save, this.#revert]) {
      if (!isEdited && button === document.activeElement) this.#box.focus();
      button.disabled = !isEdited;
    }
    this.#changes.hidden = !isEdited;
    const lines = (text) => text.split("\n");
    const way = isEdited ? diff(lines(this.#edits.onDisk(name)), lines(this.#edits.text(name))) : [];
    const drawn = hunks(way).map(changedLine);
    const words = drawn.map((node) => node.textContent).join("\n");
    if (this.#changes.dataset.words === words) return;
    this.#changes.dataset.words = words;
    this.#changes.replaceChildren(...drawn);
  }

  #edited() {
    this.#edits.edit(this.#chosen, this.#box.value);
    this.#clear();
    this.#say("");
    this.#drawList(this.#edits.names);
    this.#drawEdit();
  }

  async #saveEdit() {
    const name = this.#chosen;
    if (!this.#edits.isEdited(name)) return;
    const before = this.#edits.version;
    this.#clear();
    try {
      await this.#edits.save(name);
    } catch (refusal) {
      if (refusal.status === 409) await this.#overtaken(name);
      else this.#warn(refusal.message, "save");
      return;
    }
    this.#draw();
    const { version } = this.#edits;
    const now = version === before ? `The version is still ${version}.` : `Version ${before} is now ${version}.`;
    this.#say(`Saved ${name}. ${now}`);
  }

  #dropEdit(words) {
    this.#edits.drop(this.#chosen);
    this.#clear();
    this.#draw();
    this.#say(words);
    this.#box.focus();
  }

  /** Somebody else wrote the file: say so, and let the reader decide whose text stays. */
  async #overtaken(name) {
    await this.#look();
    if (name !== this.#chosen || !this.#edits.isEdited(name)) return;
    const gone = this.#edits.file(name) === null;
    const words = gone
      ? `${name} was deleted while you edited it. It was not saved.`
      : `${name} changed on disk while you edited it. It was not saved; the changes below are against the new text.`;
    const theirs = element("button", { type: "button", text: "Take theirs" });
    const mine = element("button", { type: "button", text: "Keep mine" });
    theirs.addEventListener("click", () => this.#dropEdit(`${name} is as on disk.`));
    mine.addEventListener("click", () => {
      this.#edits.keep(name);
      this.#box.focus();
      this.#saveEdit();
    });
    this.#warn(words, "save");
    this.#trouble.append(theirs, mine);
  }

  /** Say what is wrong with the `look` at the files, with the `file` or with the attempt to `save` it. */
  #warn(words, about) {
    this.#trouble.dataset.about = about;
    if (this.#trouble.textContent !== words) this.#trouble.replaceChildren(element("p", { text: words }));
  }

  /** Take back what was said about this; about everything when left out. */
  #clear(about = this.#trouble.dataset.about) {
    if (this.#trouble.dataset.about === about) this.#trouble.replaceChildren();
  }

  #say(words) {
    if (this.#said.textContent !== words) this.#said.textContent = words;
  }
}

const isInspecting = () => document.body.dataset.inspector === "shown";
const inspectorButton = () => document.querySelector("#tools [aria-controls='inspector']");

/** A line of the difference; what it is stands in front as a sign. */
function changedLine({ kind, item, count }) {
  if (kind === "skipped") {
    return element("div", { class: "skipped", text: count === 1 ? "… 1 line" : `… ${count} lines` });
  }
  return element(TAGS[kind], { class: kind }, element("span", { class: "sign", text: SIGNS[kind] }), item);
}
