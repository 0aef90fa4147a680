/** A sentence at the foot of the screen when something did not work; it goes by itself. */

import { byId, element } from "./element.js";

/** Milliseconds a notice stays: long enough to read two lines. */
const STAYS = 7000;

/** Say what went wrong. */
export function notice(text) {
  const line = element("p", { class: "notice", text });
  byId("notices").replaceChildren(line);
  setTimeout(() => line.remove(), STAYS);
}

/** Run something that may be refused; say so when it is. */
export async function attempt(act) {
  try {
    return await act();
  } catch (refusal) {
    notice(refusal.message);
    return null;
  }
}
