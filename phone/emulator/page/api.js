/**
 * The handset API: what the people with the other phones do and see. The phone calls nothing else.
 *
 * Addresses are relative to the page's own, so that a second line can be served below another path.
 */

import { typeOf } from "./picture.js";
import { Slices } from "./slices.js";

/** A call the twin refused, or one that never reached it (`status` 0). Its message is for the reader. */
export class Refusal extends Error {
  constructor(text, status) {
    super(text);
    this.status = status;
  }
}

/** Call the server the page came from; its JSON, or a `Refusal` with its reason. */
export async function call(method, path, body, type = "application/json") {
  const headers = body === undefined ? {} : { "Content-Type": type };
  const sent = body === undefined || body instanceof Blob ? body : JSON.stringify(body);
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: sent });
  } catch {
    throw new Refusal("The line cannot be reached. Is it still running?", 0);
  }
  const told = await answer.json().catch(() => null);
  if (!answer.ok) throw new Refusal(reason(told) ?? `The line answered ${answer.status}.`, answer.status);
  return told;
}

/** The one sentence in an error body: AgentPhone's envelope, or FastAPI's `detail` as text or list. */
function reason(told) {
  const detail = told?.detail;
  if (told?.error?.message) return told.error.message;
  if (typeof detail === "string") return detail;
  return Array.isArray(detail) ? detail.map((part) => part.msg).join("; ") : null;
}

const at = encodeURIComponent;

export const handset = {
  parts: () => call("GET", "page/parts.json"),
  line: () => call("GET", "handset/line"),
  introduce: (person) => call("POST", "handset/people", person),
  conversations: () => call("GET", "handset/conversations"),
  conversation: (id) => call("GET", `handset/conversations/${at(id)}`),
  send: (message) => call("POST", "handset/messages", message),
  react: (reaction) => call("POST", "handset/reactions", reaction),
  startGroup: (group) => call("POST", "handset/groups", group),
  renameGroup: (id, name) => call("PATCH", `handset/groups/${at(id)}`, { name }),
  upload: (file) => call("POST", "handset/media", file, typeOf(file) || "application/octet-stream"),
  faults: () => call("GET", "handset/faults"),
  setFaults: (faults) => call("PUT", "handset/faults", faults),
  webhookFaults: () => call("GET", "handset/webhook-faults"),
  setWebhookFaults: (faults) => call("PUT", "handset/webhook-faults", faults),
  switches: () => call("GET", "handset/switches"),
  setSwitches: (changes) => call("PUT", "handset/switches", changes),
  moveClock: (seconds) => call("POST", "handset/clock", { advance: seconds }),
  lastEvent: () => call("GET", "handset/events/last"),
  events: (after) => call("GET", `handset/events?after=${after}&wait=0`),
};

/** Milliseconds before an attempt to come back, doubling from the first to the longest. */
const FIRST_WAIT = 500;
const LONGEST_WAIT = 8000;

/**
 * Follow the line's events for as long as the page lives.
 *
 * Each connection starts at the newest event and `opened` is called once it stands, so whoever
 * loads the line anew there has missed nothing, even when the twin was started again meanwhile
 * and counts from zero.
 *
 * @param {{heard: function(Object), opened: function(number), lost: function()}} ears
 */
export function follow({ heard, opened, lost }) {
  let wait = FIRST_WAIT;

  const again = () => {
    lost();
    setTimeout(connect, wait);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  };

  const connect = async () => {
    let newest;
    try {
      newest = (await handset.lastEvent()).last;
    } catch {
      again();
      return;
    }
    const source = new EventSource(`handset/events?after=${newest}`);
    source.onopen = () => {
      wait = FIRST_WAIT;
      opened(newest);
    };
    const events = new Slices(heard);
    source.onmessage = (event) => events.add(JSON.parse(event.data));
    // The browser would come back by itself with its old place; ours asks for the newest first.
    source.onerror = () => {
      source.close();
      events.clear();
      again();
    };
  };

  connect();
}
