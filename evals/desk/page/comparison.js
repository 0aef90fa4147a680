/** Two turns as a table, one beside the other, with what differs marked in words and by colour. */

import { element } from "../../page/element.js";
import { replies, rows } from "./compare.js";

/**
 * @param {{caption: string, names: string[], left: Object, right: Object}} given what the two are called, and the
 *   summaries of both
 */
export function comparison({ caption, names, left, right }) {
  const heads = ["Measure", ...names, "Difference"];
  const words = replies(left, right);
  const changed = words.count === 0 ? "" : words.count === 1 ? "1 word differs" : `${words.count} words differ`;
  return element(
    "table",
    { class: "comparison" },
    element("caption", { text: caption }),
    element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col", text: head })))),
    element(
      "tbody",
      {},
      row("Reply", marked(words.left, "−", "gone"), marked(words.right, "+", "new"), changed),
      ...rows(left, right).map((each) => row(each.name, [each.left], [each.right], each.difference)),
    ),
  );
}

/** A row of a comparison; one that differs says so in its last cell. */
const row = (name, left, right, difference) =>
  element(
    "tr",
    { class: difference ? "differs" : null },
    element("th", { scope: "row", text: name }),
    element("td", {}, ...left),
    element("td", {}, ...right),
    element("td", { text: difference || "same" }),
  );

/** The words of a reply; what the other has not stands behind a sign. */
const marked = (runs, sign, kind) =>
  runs.flatMap(({ isMarked, text }, at) => [
    ...(at > 0 ? [" "] : []),
    isMarked
      ? element(kind === "new" ? "ins" : "del", { class: kind }, element("span", { class: "sign", text: sign }), text)
      : text,
  ]);
