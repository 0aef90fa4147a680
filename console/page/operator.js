/** What an operator reads and does, as calls. Addresses are relative to the page's own. */

const at = encodeURIComponent;

async function call(method, path, body) {
  const headers = method === "GET" ? {} : { "Content-Type": "application/json", "X-Threedots-Console": "1" };
  let answer;
  try {
    answer = await fetch(`console/api/${path}`, {
      method,
      headers,
      body: method === "GET" ? undefined : JSON.stringify(body ?? {}),
    });
  } catch {
    throw new Error("The server cannot be reached.");
  }
  if (answer.status === 401) location.assign("console/login");
  const told = await answer.json().catch(() => null);
  if (!answer.ok) throw new Error(reason(told) ?? `The server answered ${answer.status}.`);
  return told;
}

/** The address of a picture that our server has fetched: no other is asked, and it is asked once. */
async function fetched(path) {
  const answer = await fetch(path).catch(() => null);
  if (answer?.ok) return URL.createObjectURL(await answer.blob());
  throw new Error(reason(await answer?.json().catch(() => null)) ?? "The picture cannot be had.");
}

function reason(told) {
  if (typeof told?.detail === "string") return told.detail;
  return Array.isArray(told?.detail) ? told.detail.map((part) => part.msg).join("; ") : null;
}

const query = (given) =>
  new URLSearchParams(Object.entries(given).filter(([, value]) => value !== null && value !== undefined && value !== ""));

/** A name for a bubble that is to be written: sent twice by mistake, it is still one. */
const newId = () => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
};

export const operator = {
  me: () => call("GET", "me"),
  logOut: () => call("POST", "logout"),
  talks: (asked) => call("GET", `conversations?${query(asked)}`),
  thread: (key, before) => call("GET", `conversations/${at(key)}?${query({ before })}`),
  takeOver: (key) => call("POST", `conversations/${at(key)}/take-over`),
  handBack: (key) => call("POST", `conversations/${at(key)}/hand-back`),
  pause: (key) => call("POST", key === null ? "pause" : `conversations/${at(key)}/pause`),
  resume: (key) => call("POST", key === null ? "resume" : `conversations/${at(key)}/resume`),
  write: (key, text, bubbleId) => call("POST", `conversations/${at(key)}/bubbles`, { text, bubble_id: bubbleId }),
  again: (bubbleId) => call("POST", `bubbles/${at(bubbleId)}/again`, { bubble_id: newId() }),
  erase: (key, handle) => call("POST", `conversations/${at(key)}/erase`, { handle }),
  exportOf: (key) => `console/api/conversations/${at(key)}/export`,
  bubbles: (state) => call("GET", `bubbles?${query({ state })}`),
  letters: () => call("GET", "dead-letters"),
  replay: (id, allowStale) => call("POST", `dead-letters/${id}/replay`, { allow_stale: allowStale }),
  optOuts: () => call("GET", "opt-outs"),
  optOut: (handle) => call("POST", "opt-outs", { handle }),
  approvals: () => call("GET", "approvals"),
  approve: (id, yes) => call("POST", `approvals/${id}`, { yes }),
  pictureOf: (key, name) => fetched(`console/api/conversations/${at(key)}/pictures/${at(name)}`),
  spend: () => call("GET", "spend"),
  audit: (before) => call("GET", `audit?${query({ before })}`),
  newId,
};

/**
 * Hear when the list or the open thread has to be drawn anew; the source, to be closed.
 *
 * @param {string|null} key the open conversation
 * @param {{changed: function(string[]), up: function(), down: function()}} ears
 */
export function followChanges(key, { changed, up, down }) {
  const source = new EventSource(`console/api/changes?${query({ conversation: key })}`);
  source.onmessage = (event) => changed(JSON.parse(event.data).changed);
  source.onopen = up;
  source.onerror = down;
  return source;
}
