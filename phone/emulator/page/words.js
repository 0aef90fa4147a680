/** A message's text, made ready to be looked at: links that can be followed, emoji that stand alone. */

import { element } from "./element.js";

const LINK = /https?:\/\/[^\s<>"]+/giu;
const TRAILING = /[.,;:!?'’”»]+$|\)+$/u;
const ONLY_EMOJI = /^(?:\p{RGI_Emoji}\s*){1,3}$/v;

/** True for one to three emoji and nothing else: shown large, without a balloon. */
export const isOnlyEmoji = (text) => text.length <= 60 && ONLY_EMOJI.test(text.trim());

/**
 * The text as nodes, its http and https addresses as links that open elsewhere and know nothing of us.
 * A full stop or bracket that closes the sentence is not part of the address.
 */
export function linked(text) {
  const nodes = [];
  let from = 0;
  for (const { 0: found, index } of text.matchAll(LINK)) {
    const address = trimmed(found);
    if (!isWeb(address)) continue;
    nodes.push(text.slice(from, index), link(address));
    from = index + address.length;
  }
  return [...nodes, text.slice(from)];
}

/**
 * The text in order: runs of lines, and between them the addresses that have a line for themselves.
 *
 * @returns {({text: string}|{address: string})[]} at least one
 */
export function pieces(text) {
  const found = [];
  for (const line of text.split("\n")) {
    const address = line.trim();
    const last = found.at(-1);
    if (isAddress(address)) found.push({ address });
    else if (last?.text !== undefined) last.text += `\n${line}`;
    else found.push({ text: line });
  }
  const full = found.filter((piece) => piece.address || piece.text.trim() !== "");
  return full.length ? full : [{ text }];
}

const isAddress = (line) => line.search(LINK) === 0 && !/\s/.test(line) && trimmed(line) === line && isWeb(line);

function trimmed(found) {
  const bare = found.replace(TRAILING, "");
  const opens = bare.split("(").length - bare.split(")").length;
  return opens > 0 && found.startsWith(`${bare})`) ? `${bare})` : bare;
}

function isWeb(address) {
  try {
    return ["http:", "https:"].includes(new URL(address).protocol);
  } catch {
    return false;
  }
}

const link = (address) =>
  element("a", { href: address, target: "_blank", rel: "noopener noreferrer", text: address });

/** A number or address as people write it: `+1 (555) 555-0123`; anything else as it is. */
export function readable(handle) {
  const north = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(handle);
  return north ? `+1 (${north[1]}) ${north[2]}-${north[3]}` : handle;
}
