/** The conversations as a list shows them, and the blank ones of people who have not texted yet. */

import { handset } from "./api.js";
import { readable } from "./words.js";

const DRAFT = "person:";

/** The key of somebody's blank conversation. */
export const blankOf = (handle) => DRAFT + handle;

/** Whose blank conversation a key stands for; null for a real one. */
export const handleIn = (key) => (key?.startsWith(DRAFT) ? key.slice(DRAFT.length) : null);

export class List {
  #talks = new Map();
  #previews = new Map();

  async load() {
    const { conversations } = await handset.conversations();
    this.#talks = new Map(conversations.map((talk) => [talk.id, talk]));
  }

  /** A conversation's summary as the line tells it, or undefined. */
  get(id) {
    return this.#talks.get(id);
  }

  /** Somebody's own conversation, not one of their groups; undefined while there is none. */
  of(handle) {
    return [...this.#talks.values()].find((talk) => !talk.is_group && talk.participant === handle);
  }

  /** The conversation with a handle or a group id. */
  at(address) {
    return this.of(address) ?? [...this.#talks.values()].find((talk) => talk.group_id === address);
  }

  /** Keep the last words of a conversation. A later change to an earlier message is not news. */
  remember({ conversation_id: id, message }) {
    const last = this.#previews.get(id);
    if (last && last.sentAt > message.sent_at) return;
    const words = message.send_style === "invisible" ? "Sent with Invisible Ink" : message.body || "Photo";
    this.#previews.set(id, { words, sentAt: message.sent_at });
  }

  /**
   * The rows, newest first, people who have not texted yet last.
   *
   * @param {Object[]} people who have been introduced
   * @param {{nameOf: function(string): string, tintOf: function(string): string|number}} looks
   * @param {string|null} open the key of the conversation being looked at: nothing there is unread
   */
  rows(people, looks, open) {
    const newestFirst = [...this.#talks.values()].sort((one, other) =>
      (other.last_message_at ?? "").localeCompare(one.last_message_at ?? ""),
    );
    const silent = people.filter((person) => !this.of(person.handle));
    return [
      ...newestFirst.map((talk) => ({
        key: talk.id,
        name: talk.is_group ? talk.group_name || "Group" : looks.nameOf(talk.participant),
        tint: talk.is_group ? "group" : looks.tintOf(talk.participant),
        preview: this.#previews.get(talk.id)?.words ?? (talk.is_group ? "" : readable(talk.participant)),
        at: talk.last_message_at,
        unread: talk.id === open ? 0 : talk.unread,
      })),
      ...silent.map(({ handle }) => ({
        key: blankOf(handle),
        name: looks.nameOf(handle),
        tint: looks.tintOf(handle),
        preview: readable(handle),
        at: null,
        unread: 0,
      })),
    ];
  }
}
