/** The operator's page: which place is shown, what holds for all of it, and what is heard of changes. */

import { byId, element } from "./element.js";
import { form } from "./form.js";
import { ledgers } from "./ledgers.js";
import { followChanges, operator } from "./operator.js";
import { be, mayAct } from "./rights.js";
import { Talk } from "./talk.js";
import { Talks } from "./talks.js";

const PLACES = [["conversations", "Conversations"], ...Object.entries(ledgers).map(([name, { title }]) => [name, title])];

const talks = new Talks();
const talk = new Talk({ refresh: refreshAll });
byId("talks").append(...talks.nodes);
byId("talk").append(...talk.nodes);
byId("main").append(talk.inspector.node);

let source = null;
let isUp = true;
let me = null;

/** Where the page is, by its address: `#/c/{key}` is a conversation, `#/{name}` another place. */
function place() {
  const [, name = "conversations", key = null] = location.hash.split("/");
  return name === "c" && key ? { name: "conversations", key: decodeURIComponent(key) } : { name, key: null };
}

async function go() {
  const { name, key } = place();
  const ledger = ledgers[name];
  byId("ledger").hidden = !ledger;
  byId("talks").hidden = byId("talk").hidden = Boolean(ledger);
  document.body.dataset.view = ledger ? "ledger" : key ? "talk" : "list";
  talk.inspector.node.hidden = Boolean(ledger);
  drawPlaces(ledger ? name : "conversations");
  follow(ledger ? null : key);
  talks.open(key);
  talk.open(ledger ? null : key);
  if (ledger) await drawLedger(ledger);
}

function drawPlaces(here) {
  const links = PLACES.map(([name, title]) =>
    element("a", { href: `#/${name}`, text: title, "aria-current": name === here ? "page" : null }),
  );
  byId("places").replaceChildren(...links);
  byId("places").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
}

async function drawLedger(ledger) {
  const heading = element("h2", { text: ledger.title });
  byId("ledger").replaceChildren(heading, element("p", { class: "quiet", text: "Loading…" }));
  try {
    byId("ledger").replaceChildren(heading, ...(await ledger.draw(() => drawLedger(ledger))));
  } catch (trouble) {
    byId("ledger").replaceChildren(heading, element("p", { class: "trouble", role: "alert", text: trouble.message }));
  }
}

/** Hear of changes: of the list, and of the conversation that is open. */
function follow(key) {
  source?.close();
  source = followChanges(key, {
    changed: (what) => {
      if (what.includes("list")) talks.load();
      if (what.includes("thread")) talk.load();
      loadMe();
    },
    up: () => {
      if (!isUp) {
        refreshAll();
        talk.inspector.again();
      }
      isUp = true;
      drawBanners();
    },
    down: () => {
      isUp = false;
      drawBanners();
    },
  });
}

async function refreshAll() {
  await Promise.all([loadMe(), talks.load(), talk.load()]);
}

async function loadMe() {
  try {
    me = await operator.me();
  } catch {
    return; // that the server is away is said by `follow`
  }
  if (be(me.role)) {
    talk.drawAgain();
    const ledger = ledgers[place().name];
    if (ledger) drawLedger(ledger);
  }
  byId("agent-name").textContent = me.agent;
  document.title = `${me.waiting ? `(${me.waiting}) ` : ""}${me.agent} · console`;
  drawTools();
  drawBanners();
}

function drawTools() {
  const tools = [
    element("span", { class: "who quiet", text: me.may_log_out ? `${me.who}, ${me.role}` : me.who }),
    me.paused || !mayAct() ? null : button("Pause everything", "danger", askToPause),
    me.may_log_out ? button("Log out", "", logOut) : null,
  ].filter(Boolean);
  const now = byId("top-tools");
  if (now.textContent !== tools.map((tool) => tool.textContent).join("")) now.replaceChildren(...tools);
}

function drawBanners() {
  const banners = [];
  if (!isUp) banners.push(element("p", { class: "banner-line", text: "The server cannot be reached. What you see is old." }));
  if (me?.paused) {
    banners.push(
      element(
        "p",
        { class: "banner-line danger" },
        element("strong", { text: "The agent is paused everywhere. " }),
        `By ${me.paused.by}. Only what a person writes here goes out. `,
        ...(mayAct() ? [button("Let it speak again", "", letItSpeak)] : []),
      ),
    );
  }
  if (me?.waiting) {
    const many = me.waiting === 1 ? "One conversation waits" : `${me.waiting} conversations wait`;
    banners.push(element("p", { class: "banner-line", text: `${many} for a person. The agent is silent there until one takes over.` }));
  }
  if (me?.approvals) {
    const many = me.approvals === 1 ? "One call waits" : `${me.approvals} calls wait`;
    banners.push(element("p", { class: "banner-line" }, `${many} for an operator's yes. `, element("a", { href: "#/approvals", text: "See" })));
  }
  if (me?.sending) {
    banners.push(element("p", { class: "banner-line danger", text: `Sending is paused for everybody: ${me.sending}` }));
  }
  const now = byId("banners");
  if (now.textContent !== banners.map((banner) => banner.textContent).join("")) now.replaceChildren(...banners);
}

async function letItSpeak() {
  await operator.resume(null);
  await refreshAll();
}

function askToPause() {
  const words = element("p", {
    class: "hint",
    text:
      "From the very next bubble on the agent says nothing to anybody. What people write is kept and not answered " +
      "later; opt-outs are obeyed. What you write yourself still goes out.",
  });
  form("Pause the agent everywhere?", "Pause everything", [words], async () => {
    await operator.pause(null);
    await refreshAll();
  });
}

async function logOut() {
  await operator.logOut();
  location.assign("console/login");
}

const button = (text, kind, act) => element("button", { type: "button", class: `button ${kind}`, text, on: { click: act } });

addEventListener("hashchange", go);
loadMe();
go();
