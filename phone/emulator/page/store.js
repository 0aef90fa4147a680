/**
 * What the page knows, kept true by the line's events. It draws nothing: the parts listen and draw.
 *
 *     line       who answers on which number, and the people who have been introduced
 *     list       the conversations: summaries with unread counts and the last words seen
 *     thread     the open conversation, whole: another one was opened, or it was loaded anew
 *     message    one message of the open thread came ({message, isNew: true}) or changed
 *     typing, background      of the open thread
 *     clock      the line's time was moved
 *     event      anything at all that happened on the line, as it came
 *     begun      the blank conversation `from` is now the real one `to`; "thread" follows
 *     connection              {up: boolean}
 */

import { handset } from "./api.js";
import { TINTS } from "./avatar.js";
import { biteOf } from "./bites.js";
import { blankOf, handleIn, List } from "./list.js";
import { setNow } from "./time.js";
import { readable } from "./words.js";

/** Milliseconds in which several reasons to load the list become one load. */
const LIST_PAUSE = 120;

/** How many events are read back for the last words of each conversation; the most one answer holds. */
const RECENT = 1000;

const NOBODY = { handle: "+15555550123", name: "You" };

/** A conversation as the line tells it, or a blank one when it tells nothing; `unseen` messages of it are new. */
function threadOf(told, unseen) {
  const messages = told.messages ?? [];
  const answers = new Map();
  for (const message of messages) countAnswer(answers, message);
  return {
    id: told.id ?? null,
    messages,
    answers,
    byId: new Map(messages.map((message) => [message.id, message])),
    typing: told.typing ?? false,
    background: told.background ?? null,
    isGroup: told.is_group ?? false,
    groupId: told.group_id ?? null,
    groupName: told.group_name ?? null,
    participants: told.participants ?? [],
    hasNews: false,
    unseen,
  };
}

function countAnswer(answers, { id, reply_to_message_id: asked }) {
  if (asked) answers.set(asked, [(answers.get(asked)?.[0] ?? 0) + 1, id]);
}

export class Store extends EventTarget {
  line = { numbers: [], agents: [], people: [], webhook: null };
  /** The conversation on the screen: its id, or `person:<handle>` while nobody has written yet. */
  key = null;
  thread = threadOf({}, 0);

  #opened;
  /** Kept once the first conversation is open: words typed before that wait for it. */
  #open = new Promise((resolve) => (this.#opened = resolve));
  #list = new List();
  #uploads = new WeakMap();
  /** What went wrong with which message, and the latest message of each conversation. */
  #bites = new Map();
  #latest = new Map();
  #channels = new Map();
  #speakers = new Map();
  #listTimer = null;
  #isListDue = false;
  /** The conversation being loaded, and what the line tells of it meanwhile. */
  #arriving = null;

  /** Kept once the first conversation is open. */
  get ready() {
    return this.#open;
  }

  on(...kindsAndAct) {
    const act = kindsAndAct.pop();
    for (const kind of kindsAndAct) this.addEventListener(kind, (event) => act(event.detail));
  }

  #tell(kind, detail) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }

  /** Load everything anew; `newest` is the number of the line's newest event. */
  async load(newest) {
    this.#tell("connection", { up: true });
    const { events } = await handset.events(Math.max(0, newest - RECENT));
    for (const event of events) if (event.type === "message") this.#list.remember(event);
    await Promise.all([this.#loadLine(), this.#loadList()]);
    events.forEach((event) => this.#noteTrouble(event));
    await this.#settle();
    this.#opened();
  }

  /** Take the line as it is now: stay where one was if that still stands, begin with somebody if nobody is there. */
  async #settle() {
    await Promise.all([this.#loadLine(), this.#loadList()]);
    if (this.entries().length === 0) {
      await handset.introduce(NOBODY);
      await this.#loadLine();
    }
    const stands = this.entries().some((entry) => entry.key === this.key);
    await this.open(stands ? this.key : this.entries()[0].key);
  }

  lost() {
    this.#tell("connection", { up: false });
  }

  async #loadLine() {
    this.line = await handset.line();
    setNow(this.line.now);
    this.#tell("line");
  }

  async #loadList() {
    await this.#list.load();
    this.#tell("list");
  }

  /** Load the list soon, once for however many reasons; never twice at the same time. */
  #listSoon() {
    this.#isListDue = true;
    this.#listTimer ??= setTimeout(async () => {
      this.#isListDue = false;
      // While the line is away this fails; everything is loaded anew when it is back.
      await this.#loadListAndFollow().catch(() => {});
      this.#listTimer = null;
      if (this.#isListDue) this.#listSoon();
    }, LIST_PAUSE);
  }

  /** The thread follows when its place in the list changed. */
  async #loadListAndFollow() {
    const drafted = handleIn(this.key);
    await Promise.all([this.#loadLine(), this.#loadList()]);
    const begun = drafted && this.#list.of(drafted);
    if (begun && handleIn(this.key) === drafted) await this.#begin(begun.id);
    else if (this.key && !this.entries().some((entry) => entry.key === this.key)) await this.#settle();
  }

  /** The rows of the list, newest first. */
  entries() {
    return this.#list.rows(this.line.people, this, this.key);
  }

  /** Show a conversation, or a person's blank one. Raises `Refusal`, and then what was open stays open. */
  async open(key) {
    const arriving = (this.#arriving = { key, events: [] });
    try {
      const told = handleIn(key) ? {} : await handset.conversation(key);
      if (this.#arriving !== arriving) return; // another was opened while this one was on its way
      if (key !== this.key) this.#lookedAt(this.thread);
      this.key = key;
      this.thread = threadOf(told, this.#list.get(key)?.unread ?? 0);
    } finally {
      if (this.#arriving === arriving) this.#arriving = null;
    }
    this.#tell("list");
    this.#tell("thread");
    arriving.events.forEach((event) => this.#take(event));
  }

  /** The blank conversation on the screen has become a real one; what was chosen and begun there stays. */
  #begin(id) {
    if (this.#channels.has(this.key)) this.#channels.set(id, this.#channels.get(this.key));
    this.#tell("begun", { from: this.key, to: id });
    return this.open(id);
  }

  /** What came while it was open has been seen, which the line learns by being asked for it once more. */
  #lookedAt(thread) {
    if (thread.hasNews) handset.conversation(thread.id).then(() => this.#listSoon(), () => {});
  }

  /** A person's own conversation, or the blank one they can begin. */
  openPerson(handle) {
    return this.open(this.#list.of(handle)?.id ?? blankOf(handle));
  }

  /** Whose phone this is: the participant, or in a group the member one writes as. */
  get speaker() {
    if (this.thread.isGroup) return this.#speakers.get(this.key) ?? this.members[0]?.handle ?? null;
    return handleIn(this.key) ?? this.#list.get(this.key)?.participant ?? null;
  }

  /** Write on as another member of the group. */
  speakAs(handle) {
    this.#speakers.set(this.key, handle);
    this.#tell("thread");
  }

  get members() {
    return this.thread.participants.filter((member) => !this.isLine(member.handle));
  }

  /** `imessage` or `sms`: what the person's next message goes out on. */
  get channel() {
    if (this.thread.isGroup) return "imessage";
    const wanted = this.#channels.get(this.key) ?? this.#list.get(this.key)?.channel ?? "imessage";
    const channel = wanted === "imessage" ? "imessage" : "sms";
    return this.canUse(channel) ? channel : { imessage: "sms", sms: "imessage" }[channel];
  }

  /** Whether the speaker could write on a channel here: a group and an e-mail address are iMessage's. */
  canUse(channel) {
    if (channel === "sms") return !this.thread.isGroup && !this.speaker?.includes("@");
    const number = this.line.numbers.find((each) => each.phone_number === this.#ourNumber());
    return number?.type !== "sms" && this.person(this.speaker)?.imessage !== false;
  }

  switchChannel(channel) {
    this.#channels.set(this.key, channel);
  }

  isMine(message) {
    return message.direction === "inbound" && message.from_handle === this.speaker;
  }

  isLine(handle) {
    return this.line.numbers.some((number) => number.phone_number === handle);
  }

  person(handle) {
    return this.line.people.find((person) => person.handle === handle);
  }

  get agentName() {
    return this.line.agents[0]?.name ?? "Agent";
  }

  nameOf(handle) {
    if (this.isLine(handle)) return this.agentName;
    const member = this.thread.participants.find((each) => each.handle === handle);
    return this.person(handle)?.name || member?.name || readable(handle ?? "");
  }

  /** The colour of somebody's name and round: people who know each other have different ones. */
  tintOf(handle) {
    if (this.isLine(handle)) return "agent";
    const known = this.line.people.map((person) => person.handle);
    const strangers = this.members.map((member) => member.handle).filter((each) => !known.includes(each));
    return Math.max(0, [...known, ...strangers].indexOf(handle)) % TINTS;
  }

  /** How many messages answer this one in thread, and the latest of them. */
  answersTo(messageId) {
    return this.thread.answers.get(messageId) ?? [0, null];
  }

  /** The writer of a message, as the person holding this phone would say it. */
  whoWrote(message) {
    return this.isMine(message) ? "You" : this.nameOf(message.from_handle);
  }

  /** Send words and photos as the speaker, on the chosen channel; raises `Refusal` with the reason. */
  async send(written) {
    await this.#open;
    await this.write(this.pen(), written);
  }

  /** Put a photo on the line, once; its address there. */
  upload(photo) {
    const known = this.#uploads.get(photo);
    if (known) return known;
    const address = handset.upload(photo).then(({ url }) => url);
    this.#uploads.set(photo, address);
    address.catch(() => this.#uploads.delete(photo));
    return address;
  }

  /** Who writes where and on which channel, as it is now: it stays so whatever is opened later. */
  pen() {
    const to = this.thread.isGroup ? { group_id: this.thread.groupId } : { to_number: this.#ourNumber() };
    return { key: this.key, speaker: this.speaker, channel: this.channel, to };
  }

  /** As `send`, with a pen taken earlier. */
  async write({ key, speaker, channel, to }, { body, photos = [], replyTo = null }) {
    const message = {
      from_handle: speaker,
      body,
      media_urls: await Promise.all(photos.map((photo) => this.upload(photo))),
      channel,
      reply_to_message_id: replyTo,
      ...to,
    };
    const sent = await handset.send(message);
    if (this.key === key && this.thread.id !== sent.conversation_id) {
      await this.#loadList();
      await this.#begin(sent.conversation_id);
    }
  }

  /** The agent's number in this conversation; unknown, and left to the line, before it has written. */
  #ourNumber() {
    return this.thread.messages.findLast((message) => message.direction === "outbound")?.from_handle ?? null;
  }

  async react(messageId, reaction) {
    await handset.react({ from_handle: this.speaker, message_id: messageId, reaction });
  }

  /** Add somebody, or change who they are; their handle comes back as the line writes it. */
  async introduce(person) {
    const known = await handset.introduce(person);
    await this.#loadLine();
    this.#tell("list");
    this.#tell("thread");
    return known;
  }

  async startGroup(members, name) {
    const group = await handset.startGroup({ members, name: name || null });
    await this.#loadList();
    await this.open(group.conversation_id);
  }

  async renameGroup(name) {
    await handset.renameGroup(this.thread.groupId, name);
    await this.#loadList();
    await this.open(this.key);
  }

  heard(event) {
    if (event.conversation_id === this.#arriving?.key) this.#arriving.events.push(event);
    if (event.type === "message") this.#list.remember(event);
    if (event.type === "clock") this.#clock(event);
    this.#tell("event", event);
    this.#noteTrouble(event);
    if (event.type === "message" || event.type === "conversation") this.#listSoon();
    if (event.conversation_id === this.thread.id) this.#take(event);
  }

  #clock({ now }) {
    setNow(now);
    for (const kind of ["line", "list", "clock"]) this.#tell(kind);
  }

  /** Keep what went wrong beside the message it happened to, or beside the latest of its conversation. */
  #noteTrouble(event) {
    if (event.type === "message") {
      const { id, sent_at: at } = event.message;
      if (!(this.#latest.get(event.conversation_id)?.at > at)) this.#latest.set(event.conversation_id, { id, at });
    }
    const bite = biteOf(event);
    if (!bite) return;
    const talk = bite.conversationId ?? this.#list.at(bite.to)?.id;
    const id = bite.messageId ?? this.#latest.get(talk)?.id ?? this.#lastOf(talk)?.id;
    const known = this.#bites.get(id) ?? new Map();
    if (bite.mends && !known.has(bite.key)) return;
    this.#bites.set(id, known.set(bite.key, bite.words));
    const message = this.thread.byId.get(id);
    if (message) this.#tell("message", { message, isNew: false });
  }

  #lastOf(conversationId) {
    return this.thread.id === conversationId ? this.thread.messages.at(-1) : undefined;
  }

  /** What went wrong with a message, in words. */
  troublesOf(messageId) {
    return [...(this.#bites.get(messageId)?.values() ?? [])];
  }

  /** An event of the open thread. To take one twice, or one that the thread was loaded with, changes nothing. */
  #take(event) {
    const act = {
      message: this.#message,
      reaction: this.#reaction,
      typing: this.#typing,
      background: this.#background,
    };
    act[event.type]?.call(this, event);
  }

  #message({ message }) {
    const known = this.thread.byId.get(message.id);
    if (known) Object.assign(known, message);
    else {
      this.thread.messages.push(message);
      this.thread.byId.set(message.id, message);
      this.thread.hasNews = true;
      countAnswer(this.thread.answers, message);
    }
    this.#tell("message", { message: known ?? message, isNew: !known });
    const asked = known ? null : this.thread.byId.get(message.reply_to_message_id);
    if (asked) this.#tell("message", { message: asked, isNew: false });
  }

  /** One tapback a head: a new one takes the place of theirs before it. */
  #reaction({ reaction: told }) {
    const message = this.thread.byId.get(told.message_id);
    if (!message) return;
    const others = message.reactions.filter((each) => each.from_handle !== told.from_handle);
    message.reactions = [...others, { reaction: told.reaction, from_handle: told.from_handle }];
    this.#tell("message", { message, isNew: false });
  }

  #typing({ typing }) {
    this.thread.typing = typing;
    this.#tell("typing");
  }

  #background({ background }) {
    this.thread.background = background;
    this.#tell("background");
  }
}
