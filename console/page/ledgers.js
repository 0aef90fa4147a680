/** The other places: what was sent and what was not, dead letters, opt-outs, spend, the audit. */

import { element } from "./element.js";
import { form, textField } from "./form.js";
import { limitsOf } from "./limits.js";
import { operator } from "./operator.js";
import { mayAct } from "./rights.js";
import { table } from "./table.js";
import { readable } from "./words.js";

const when = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

const moment = (iso) => element("time", { datetime: iso, text: when.format(new Date(iso)) });

const button = (text, act, kind = "") => element("button", { type: "button", class: `button ${kind}`, text, on: { click: act } });

const toTalk = (key) => (key ? element("a", { href: `#/c/${encodeURIComponent(key)}`, text: "Open" }) : "");

async function outbox(again) {
  const states = ["unconfirmed", "unresolved", "rejected", "expired", "cancelled"];
  const found = await Promise.all(states.map((state) => operator.bubbles(state)));
  return states.flatMap((state, nth) => [
    element("h3", { text: TOLD[state] }),
    table(
      TOLD[state],
      ["Written", "Words", "Why", "Conversation", "Once more"],
      found[nth].bubbles.map((one) => [
        moment(one.created_at),
        element("span", { class: "words", text: one.text || `(${one.media} pictures)` }),
        one.reason ?? one.code ?? "",
        toTalk(one.conversation_id),
        mayAct() ? button("Send again…", () => askToSendAgain(one, again)) : "",
      ]),
      "None.",
    ),
  ]);
}

const TOLD = {
  unconfirmed: "Nobody knows yet whether they arrived",
  unresolved: "Nobody will know whether they arrived",
  rejected: "Refused",
  expired: "Not sent in time",
  cancelled: "Held back",
};

const RISK = {
  unconfirmed: "Nobody knows whether it arrived: it may be on their phone twice.",
  unresolved: "Nobody knows whether it arrived: it may be on their phone twice.",
  rejected: "AgentPhone refused it, and may refuse it again.",
  expired: "It was not sent in time, and may make no sense any more.",
  cancelled: "It was held back on purpose, and may make no sense any more.",
};

/** Ask before a bubble is sent once more, and say what may come of it. */
export function askToSendAgain({ bubble_id: id, text, state }, after) {
  const fields = [element("p", { class: "quoted", text: text || "(pictures)" }), element("p", { class: "hint", text: RISK[state] })];
  form("Send this again?", "Send again", fields, async () => {
    await operator.again(id);
    await after();
  });
}

async function letters(again) {
  const found = await operator.letters();
  return [
    element("p", { class: "quiet", text: "What could not be read, and what broke its turn three times." }),
    table(
      "Dead letters",
      ["Came", "Kind", "Why", "Once more"],
      found.letters.map((letter) => [moment(letter.received_at), letter.kind, letter.reason, mayAct() ? button("Replay…", () => askToReplay(letter, again)) : ""]),
      "None. Everything that came was dealt with.",
    ),
  ];
}

function askToReplay(letter, again) {
  const stale = element("input", { type: "checkbox", name: "stale" });
  const fields = [
    element("p", { class: "hint", text: "It is let in as if it came now." }),
    element("label", { class: "tick" }, stale, element("span", { text: "Answer it even if it is older than 15 minutes" })),
  ];
  form("Replay this letter?", "Replay", fields, async () => {
    const done = await operator.replay(letter.id, stale.checked);
    if (done.is_left) throw new Error(done.text);
    await again();
  });
}

async function approvals(again) {
  const found = await operator.approvals();
  return [
    element("p", { class: "quiet", text: "What the agent may do only when somebody says yes. A yes is to exactly these arguments, once." }),
    table(
      "Approvals",
      ["Asked", "What", "With", "Whom we asked", "Conversation", "Your answer"],
      found.approvals.map((one) => [
        moment(one.asked_at),
        one.tool.replaceAll("_", " "),
        element("span", { class: "words", text: Object.entries(one.arguments).map(([name, value]) => `${name}: ${value}`).join("\n") }),
        one.asked === "person" ? "them; you may answer in their place" : "you",
        toTalk(one.key),
        mayAct() ? answers(one, again) : "",
      ]),
      "Nothing waits for a yes.",
    ),
  ];
}

function answers(one, again) {
  const answer = async (yes) => {
    const done = await operator.approve(one.id, yes);
    if (done.later) {
      const told = element("p", { class: "hint", text: `It is done when they next write: ${done.later}` });
      form("Not at once", "Good", [told], async () => {});
    }
    await again();
  };
  return element("span", { class: "answers" }, button("Yes", () => answer(true), "main"), button("No", () => answer(false)));
}

async function optOuts(again) {
  const found = await operator.optOuts();
  const ask = () =>
    form("Somebody asked us to stop", "Opt out", [textField("handle", "Number, e-mail address or group", { required: true })], async ({ handle }) => {
      await operator.optOut(handle);
      await again();
    });
  return [
    element("p", { class: "quiet", text: "Who is not texted any more, from any of our numbers. Only they can undo it, with START." }),
    ...(mayAct() ? [button("Record an opt-out…", ask, "main")] : []),
    table(
      "Opt-outs",
      ["Who", "How", "When", "Conversation"],
      found.opt_outs.map((one) => {
        const isErased = one.handle.startsWith("hmac:");
        const name = isErased ? "Somebody who was erased" : readable(one.handle);
        return [name, one.how, moment(one.at), isErased ? "" : toTalk(one.handle)];
      }),
      "Nobody has opted out.",
    ),
  ];
}

async function spend() {
  const told = await operator.spend();
  const { days, total } = told;
  const figures = (day) => [String(day.turns), String(day.bubbles), String(day.input_tokens), String(day.output_tokens), day.turns ? money(day.cost_usd) : "–"];
  return [
    ...limitsOf(told),
    element("h3", { text: "Days" }),
    element("p", { class: "quiet", text: "What turns have cost, by the day they began, UTC." }),
    table(
      "Spend",
      ["Day", "Turns", "Bubbles", "Tokens in", "Tokens out", "Cost"],
      [...days.map((day) => [day.day, ...figures(day)]), ["Together", ...figures(total)]],
      "Nothing yet.",
    ),
  ];
}

const money = (dollars) => (dollars === null ? "not known" : `$${dollars.toFixed(4)}`);

async function audit() {
  const { entries } = await operator.audit();
  return [
    element("p", { class: "quiet", text: "What operators did and looked at. Nothing here can be changed." }),
    table(
      "Audit",
      ["When", "Who", "As", "What", "About", "Conversation"],
      entries.map((one) => [moment(one.at), one.who, one.role ?? "", one.action, one.about ?? "", toTalk(one.conversation_id)]),
      "Nothing yet.",
    ),
  ];
}

/** Each place by its name in the address: its title, and how its nodes are made. */
export const ledgers = {
  approvals: { title: "Approvals", draw: approvals },
  outbox: { title: "Outbox", draw: outbox },
  letters: { title: "Dead letters", draw: letters },
  "opt-outs": { title: "Opt-outs", draw: optOuts },
  spend: { title: "Spend", draw: spend },
  audit: { title: "Audit", draw: audit },
};
