/** The prompt files as they are on disk, and the edits of them that are not saved yet. */

import { call } from "../../page/api.js";

/** What a text box makes of a text: it knows one kind of line end. */
const boxed = (text) => (text ?? "").replace(/\r\n?/g, "\n");

/** A text with the line ends its file has. */
const ended = (text, file) => (/\r\n/.test(file?.text ?? "") && !/[^\r]\n/.test(file.text) ? text.replace(/\n/g, "\r\n") : text);

export class Edits {
  folder = "";
  version = null;

  /** name → the file on disk, as the desk tells it; an edited file that is gone from there has none. */
  #files = new Map();
  /** name → {text, began}: the text as edited, and the file the edit began from. */
  #drafts = new Map();
  /** Counts the saves: what was asked before a save must not undo what the save told. */
  #saves = 0;

  get names() {
    return [...new Set([...this.#files.keys(), ...this.#drafts.keys()])].sort();
  }

  get isAnyEdited() {
    return this.#drafts.size > 0;
  }

  /** Ask for the files as they are now. Raises `Refusal`. */
  async look() {
    const before = this.#saves;
    const told = await call("GET", "desk/prompts");
    if (before !== this.#saves) return;
    this.folder = told.folder;
    this.version = told.version;
    this.#files = new Map(told.files.map((file) => [file.name, file]));
    for (const name of [...this.#drafts.keys()]) this.#forgetIfSame(name);
  }

  file(name) {
    return this.#files.get(name) ?? null;
  }

  /** What is to stand in the text box. */
  text(name) {
    return this.#drafts.get(name)?.text ?? this.onDisk(name);
  }

  onDisk(name) {
    return boxed(this.file(name)?.text);
  }

  isEdited(name) {
    return this.#drafts.has(name);
  }

  /** Whether somebody else wrote the file since the edit began. */
  isOvertaken(name) {
    const began = this.#drafts.get(name)?.began;
    return began !== undefined && began?.sha256 !== this.file(name)?.sha256;
  }

  edit(name, text) {
    const began = this.#drafts.has(name) ? this.#drafts.get(name).began : this.file(name);
    this.#drafts.set(name, { text, began });
    this.#forgetIfSame(name);
  }

  /** Put the edit away: what is on disk counts. */
  drop(name) {
    this.#drafts.delete(name);
  }

  /** Let the edit count as one of what is on disk now, so that it can be saved over it. */
  keep(name) {
    const draft = this.#drafts.get(name);
    if (draft) draft.began = this.file(name);
  }

  /** Write the edit to disk. Raises `Refusal`: 409 when the file is another than the edit began from. */
  async save(name) {
    const { text, began } = this.#drafts.get(name);
    const body = { text: ended(text, began), was: began?.sha256 ?? null };
    const { version, ...file } = await call("PUT", `desk/prompts/${encodeURIComponent(name)}`, body);
    this.#saves += 1;
    this.version = version;
    this.#files.set(name, file);
    const draft = this.#drafts.get(name);
    if (draft) draft.began = file; // one may have typed on while it was on its way
    this.#forgetIfSame(name);
  }

  #forgetIfSame(name) {
    if (this.#drafts.get(name)?.text === this.onDisk(name) && this.file(name)) this.#drafts.delete(name);
  }
}
