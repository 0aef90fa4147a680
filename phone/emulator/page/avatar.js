/** Rounds with somebody's first letters: decoration beside a name. */

import { element } from "./element.js";

/** How many colours people have; `--tint-0` and on in the style sheet. */
export const TINTS = 6;

/** @param {string|number} tint a number below `TINTS`, `agent` or `group` */
export function avatar(name, tint) {
  const letters = [...name.matchAll(/(?:^|\s)(\p{L})/gu)].slice(0, 2).map((found) => found[1]);
  const text = letters.join("").toLocaleUpperCase() || "#";
  return element("span", { class: "avatar", "aria-hidden": "true", text, dataset: { tint } });
}

/** A small one beside a bubble in a group. */
export function face(name, tint) {
  const small = avatar(name, tint);
  small.classList.add("face");
  return small;
}
