/** The phone page: the parts are made here and told of each other, and the line is followed. */

import { follow, handset } from "./api.js";
import { avatar } from "./avatar.js";
import { Burst } from "./burst.js";
import { Composer } from "./composer.js";
import { Conversations } from "./conversations.js";
import { byId } from "./element.js";
import { Menu } from "./menu.js";
import { attempt, notice } from "./notices.js";
import { People } from "./people.js";
import { Store } from "./store.js";
import { Thread } from "./thread.js";
import { clockTime, now } from "./time.js";
import { Trouble } from "./trouble.js";
import { readable } from "./words.js";

const store = new Store();
const thread = new Thread(store);
const composer = new Composer(store);
const conversations = new Conversations(store, showThread);
new People(store, showThread);
const menu = new Menu(store, thread, composer);
new Burst(store);
new Trouble(store);

/** On a narrow screen one thing is seen at a time; on a wide one both are. */
function showThread() {
  document.body.dataset.view = "thread";
  thread.toLatest();
  composer.focus();
}

byId("back").addEventListener("click", () => {
  document.body.dataset.view = "list";
  conversations.focus();
});

store.on("line", () => {
  byId("agent-name").textContent = store.agentName;
  byId("agent-number").textContent = store.line.numbers.map((number) => readable(number.phone_number)).join(" · ");
});

store.on("line", "thread", () => {
  const title = store.thread.isGroup ? store.thread.groupName || "Group" : store.agentName;
  byId("thread-name").textContent = title;
  const face = avatar(title, store.thread.isGroup ? "group" : "agent");
  face.id = "thread-avatar";
  byId("thread-avatar").replaceWith(face);
});

store.on("connection", ({ up }) => {
  document.body.classList.toggle("cut-off", !up);
  if (!up) notice("The line went quiet. Trying to reach it again…");
});

const tellTime = () => {
  byId("status-time").textContent = clockTime(now()).replace(/\s?[AP]M$/i, "");
};
store.on("line", tellTime);
setInterval(tellTime, 10_000);

/**
 * What whoever serves this page puts beside the phone. Each part is a module with one function, `beside`; what it
 * returns, the parts after it are given too.
 */
attempt(async () => {
  const given = { store, thread, composer, menu };
  for (const part of await handset.parts()) {
    const { beside } = await import(new URL(part, document.baseURI));
    Object.assign(given, await beside(given));
  }
  document.body.dataset.beside = "there";
});

let isFirst = true;
follow({
  heard: (event) => store.heard(event),
  lost: () => store.lost(),
  opened: (newest) =>
    attempt(async () => {
      await store.load(newest);
      // Inside another page the focus is that page's to give.
      if (isFirst && parent === window) composer.focus();
      isFirst = false;
    }),
});
