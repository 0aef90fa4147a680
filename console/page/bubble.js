/** What stands in a thread: a message, a bubble and what became of it, or something that happened. */

import { element } from "./element.js";
import { picture } from "./picture.js";
import { mayAct } from "./rights.js";
import { clockTime } from "./time.js";
import { readable } from "./words.js";

/** What a bubble's state means, in the operator's words; and whether it is well. */
const STATES = {
  prepared: ["Waiting to be sent", ""],
  dispatched: ["Being sent", ""],
  confirmed: ["Sent", ""],
  confirmed_late: ["Sent, as was found out later", ""],
  rejected: ["Refused", "danger"],
  unconfirmed: ["Nobody knows whether it arrived", "danger"],
  unresolved: ["Nobody will know whether it arrived", "danger"],
  cancelled: ["Not sent", "danger"],
  expired: ["Not sent in time", "danger"],
};

const BY = { agent: "Agent", operator: "A person of ours", notice: "Static text" };

/**
 * @param {Object} entry as the server tells it
 * @param {{again: function(Object), inspect: function(Object), picture: function(string): Object}} given what can be
 *   done with it, and how a picture is had by its name
 */
export function bubble(entry, given) {
  if (entry.kind === "event") return element("p", { class: "event" }, element("span", { text: entry.text }), time(entry));
  if (entry.kind === "bubble") return said(entry, given);
  return heard(entry, given);
}

function heard(entry, { inspect, picture: at }) {
  const isOurs = entry.direction === "outbound";
  const isByAPerson = entry.by === "person";
  const who = isByAPerson ? BY.operator : isOurs ? "From before" : entry.name || readable(entry.sender);
  const words =
    entry.kind === "tapback" ? `tapped back ${entry.reaction}${entry.target ? ` on “${entry.target}”` : ""}` : entry.text;
  const aside = entry.outcome && !/^(answered|before|by_a_person)/.test(entry.outcome) ? entry.outcome.replace("_", " ").replace(/\((.*)\)$/, ": $1") : null;
  return row(entry, isByAPerson ? "said operator" : isOurs ? "said" : "heard", [
    head(who, entry),
    words ? element("p", { class: "words", text: words }) : null,
    ...entry.pictures.map((name) => picture(name, at(name))),
    isByAPerson ? element("p", { class: "state", text: "Written at AgentPhone" }) : null,
    aside ? element("p", { class: "state", text: aside }) : null,
    entry.turn_id && entry.message_id ? acts(act("Inspect", entry, inspect)) : null,
  ]);
}

function said(entry, { again, inspect, picture: at }) {
  const [words, kind] = STATES[entry.state] ?? [entry.state, "danger"];
  const how = [words, entry.is_undelivered ? "not delivered" : "", entry.channel ?? ""].filter(Boolean).join(" · ");
  const isBad = kind || entry.is_undelivered;
  const pictures = Array.from({ length: entry.pictures }, (_, nth) => `${entry.ref}.${nth + 1}`);
  return row(entry, `said ${entry.by}`, [
    head(BY[entry.by] + (entry.is_again ? ", sent again" : ""), entry),
    entry.text ? element("p", { class: "words", text: entry.text }) : null,
    ...pictures.map((name) => picture(name, at(name))),
    element("p", { class: `state ${isBad ? "danger" : ""}`, text: isBad && entry.reason ? `${how}: ${entry.reason}` : how }),
    acts(
      entry.turn_id && entry.message_id ? act("Inspect", entry, inspect) : null,
      entry.may_be_sent_again && mayAct() ? act("Send again…", entry, again) : null,
    ),
  ]);
}

const row = (entry, kind, parts) =>
  element("article", { class: `entry-row ${kind}`, dataset: { message: entry.message_id ?? "", ref: entry.ref } }, ...parts.filter(Boolean));

const head = (who, entry) => element("p", { class: "who" }, element("strong", { text: who }), time(entry));

const time = (entry) => element("time", { datetime: entry.at, text: clockTime(new Date(entry.at)), title: entry.at });

function acts(...found) {
  const shown = found.filter(Boolean);
  return shown.length ? element("p", { class: "bubble-acts" }, ...shown) : null;
}

const act = (text, entry, does) =>
  element("button", {
    type: "button",
    class: "link",
    text,
    "aria-label": `${text.replace("…", "")} ${entry.ref}`,
    dataset: { key: `${text}-${entry.ref}` },
    on: { click: () => does(entry) },
  });
