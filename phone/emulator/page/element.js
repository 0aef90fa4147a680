/** Making DOM nodes. Words are set as text, never parsed: what people write cannot become markup. */

/**
 * An element with properties, attributes and children.
 *
 * @param {string} tag
 * @param {Object} [given] `class`, `text`, `dataset`, `on` ({event: handler}), and any attribute;
 *   `null`, `undefined` and `false` leave an attribute off, `true` sets it empty.
 * @param {...(Node|string|null)} children strings become text nodes, null is skipped.
 */
export function element(tag, given = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") node.textContent = value;
    else if (name === "dataset") Object.assign(node.dataset, value);
    else if (name === "on") for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** The element of the page with this id. */
export const byId = (id) => document.getElementById(id);

/** Move the focus along `nodes` for an arrow, Home or End key; true when the key was one of them. */
export function rove(event, nodes, { back = "ArrowUp", on = "ArrowDown" } = {}) {
  const here = nodes.indexOf(event.target.closest("[data-rove]"));
  const there = { [back]: here - 1, [on]: here + 1, Home: 0, End: nodes.length - 1 }[event.key];
  if (there === undefined) return false;
  event.preventDefault();
  nodes[Math.max(0, Math.min(nodes.length - 1, there))]?.focus();
  return true;
}
