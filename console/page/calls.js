/** The console's API. Addresses are relative to the page's own. */

const at = encodeURIComponent;

async function ask(path) {
  const answer = await fetch(`console/api/${path}`);
  if (!answer.ok) throw new Error((await answer.json().catch(() => null))?.detail ?? `The console answered ${answer.status}.`);
  return answer.json();
}

/** Summaries, newest first; `search` finds turns with these words, `before` (ISO) leads back. */
export function turns({ conversation, search = null, before = null, limit = 30 }) {
  const given = Object.entries({ conversation, search, before, limit }).filter(([, value]) => value !== null);
  return ask(`turns?${new URLSearchParams(given)}`).then((told) => told.turns);
}

/** One turn, whole: `summary`, `timeline`, `record`. */
export const turn = (id) => ask(`turns/${at(id)}`);

/** Follow a conversation's turns; the source to be closed. */
export function follow(conversation, heard) {
  const source = new EventSource(`console/api/events?conversation=${at(conversation)}`);
  source.onmessage = (event) => heard(JSON.parse(event.data));
  return source;
}
