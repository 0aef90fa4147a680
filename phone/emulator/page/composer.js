/** Where one writes: the words, photos on their way, the message answered, and the channel. */

import { byId, element } from "./element.js";
import { attempt, notice } from "./notices.js";
import { isPhoto, shownFrom } from "./picture.js";

/** Pixels: the tallest the field grows before it scrolls. */
const TALLEST = 132;

export class Composer {
  #store;
  #words = byId("words");
  #photos = [];
  #replyTo = null;
  #drafts = new Map();
  #shown = null;

  constructor(store) {
    this.#store = store;
    store.on("thread", () => this.#draw());
    store.on("begun", ({ to }) => {
      this.#shown = to;
    });
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#words.addEventListener("keydown", (event) => this.#keyed(event));
    this.#words.addEventListener("input", () => this.#fit());
    byId("channel").addEventListener("change", (event) => this.#switch(event.target.value));
    byId("speaker").addEventListener("change", (event) => this.#speakAs(event.target.value));
    byId("cancel-reply").addEventListener("click", () => this.replyTo(null));
    this.#takePhotos();
  }

  focus() {
    this.#words.focus();
    this.#fit(); // what was out of sight had no height
  }

  /** Put words into the field, to be changed or sent. */
  draft(words) {
    this.#words.value = words;
    this.focus();
  }

  /** Answer this message in thread with the next one; null is an ordinary message again. */
  replyTo(message) {
    this.#replyTo = message;
    byId("replying").hidden = message === null;
    if (message) {
      byId("replying-to").textContent = `Replying to ${this.#store.whoWrote(message)}`;
      byId("replying-text").textContent = message.body || "Photo";
    }
    this.focus();
  }

  #draw() {
    if (this.#shown !== this.#store.key) this.#turnTo(this.#store.key);
    this.#drawSpeakers();
    this.#drawChannel();
    this.#fit();
  }

  /** Each conversation keeps the words begun in it; a reply and photos are put away. */
  #turnTo(key) {
    // Words typed before any conversation was there are meant for the first.
    this.#drafts.set(this.#shown ?? key, this.#words.value);
    this.#words.value = this.#drafts.get(key) ?? "";
    this.#shown = key;
    this.#replyTo = null;
    byId("replying").hidden = true;
    this.#setPhotos([]);
  }

  /** In a group one writes as any member; a phone of one's own has one name. */
  #drawSpeakers() {
    const select = byId("speaker");
    const own = { handle: this.#store.speaker };
    const members = this.#store.thread.isGroup ? this.#store.members : [own];
    select.replaceChildren(
      ...members.map(({ handle }) => element("option", { value: handle, text: this.#store.nameOf(handle) })),
    );
    select.value = this.#store.speaker;
    select.disabled = members.length < 2;
  }

  #drawChannel() {
    const { channel } = this.#store;
    for (const radio of byId("channel").querySelectorAll("input")) {
      radio.checked = radio.value === channel;
      radio.disabled = !this.#store.canUse(radio.value);
    }
    this.#words.placeholder = channel === "imessage" ? "iMessage" : "Text Message · SMS";
    byId("composer").dataset.channel = channel;
  }

  #switch(channel) {
    this.#store.switchChannel(channel);
    this.#drawChannel();
  }

  #speakAs(handle) {
    this.#store.speakAs(handle);
    this.focus();
  }

  /** As tall as its words, up to a point; the button is there when there is something to send. */
  #fit() {
    this.#words.style.height = "auto";
    this.#words.style.height = `${Math.min(this.#words.scrollHeight, TALLEST)}px`;
    byId("send").disabled = this.#words.value.trim() === "" && this.#photos.length === 0;
  }

  #keyed(event) {
    if (event.key === "Escape" && this.#replyTo) this.replyTo(null);
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#send();
  }

  /** The field is empty at once, so that one can write on; what was refused comes back into it. */
  async #send() {
    const [body, photos, replyTo, key] = [this.#words.value.trim(), this.#photos, this.#replyTo, this.#store.key];
    if (!body && photos.length === 0) return;
    this.#words.value = "";
    this.#setPhotos([]);
    this.replyTo(null);
    try {
      await this.#store.send({ body, photos, replyTo: replyTo?.id ?? null });
    } catch (refusal) {
      notice(refusal.message);
      if (this.#store.key !== key) this.#drafts.set(key, body);
      else if (this.#words.value === "") {
        this.#words.value = body;
        this.#setPhotos(photos);
      }
    }
    this.#fit();
  }

  #takePhotos() {
    const screen = byId("screen");
    byId("attach").addEventListener("click", () => byId("files").click());
    byId("files").addEventListener("change", (event) => {
      this.#add(event.target.files);
      event.target.value = "";
    });
    this.#words.addEventListener("paste", (event) => {
      if (event.clipboardData.files.length === 0) return;
      event.preventDefault();
      this.#add(event.clipboardData.files);
    });
    screen.addEventListener("dragover", (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      screen.classList.add("dropping");
    });
    screen.addEventListener("dragleave", (event) => {
      if (!screen.contains(event.relatedTarget)) screen.classList.remove("dropping");
    });
    screen.addEventListener("drop", (event) => {
      event.preventDefault();
      screen.classList.remove("dropping");
      this.#add(event.dataTransfer.files);
    });
  }

  #add(files) {
    const photos = [...files].filter(isPhoto);
    if (photos.length < files.length) notice("Only photos can be attached.");
    this.#setPhotos([...this.#photos, ...photos]);
    this.focus();
  }

  #setPhotos(photos) {
    const list = byId("pending");
    for (const picture of list.querySelectorAll('img[src^="blob:"]')) URL.revokeObjectURL(picture.src);
    this.#photos = photos;
    list.hidden = photos.length === 0;
    list.replaceChildren(...photos.map((photo) => this.#pending(photo)));
    this.#fit();
  }

  #pending(photo) {
    const name = photo.name || "photo";
    const leave = element("button", {
      type: "button",
      "aria-label": `Remove ${name}`,
      text: "×",
      on: {
        click: () => {
          this.#setPhotos(this.#photos.filter((each) => each !== photo));
          this.focus();
        },
      },
    });
    const picture = element("img", { src: URL.createObjectURL(photo), alt: name });
    picture.addEventListener("error", () => this.#showFromLine(picture, photo), { once: true });
    return element("li", {}, picture, leave);
  }

  /** What this browser cannot draw the line can show. */
  async #showFromLine(picture, photo) {
    const address = await attempt(() => this.#store.upload(photo));
    if (address) picture.src = shownFrom(address);
  }
}
