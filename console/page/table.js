/** Tables of the console. */

import { element } from "./element.js";

/** A table that a narrow screen can scroll by itself; `rows` are lists of texts and nodes. */
export function table(caption, heads, rows, nothing) {
  if (rows.length === 0) return element("p", { class: "quiet", text: nothing });
  return element(
    "div",
    { class: "table-scroller", tabindex: "0", role: "region", "aria-label": caption },
    element(
      "table",
      {},
      element("thead", {}, element("tr", {}, ...heads.map((text) => element("th", { scope: "col", text })))),
      element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map(cell)))),
    ),
  );
}

const cell = (content) => (content instanceof Node ? element("td", {}, content) : element("td", { text: content ?? "" }));
