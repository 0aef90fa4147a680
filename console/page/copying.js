/** A button that copies something, and says so where it stands. */

import { element } from "./element.js";

/** Milliseconds it says that it has copied. */
const SAYS = 1500;

/** @param {function(): string|Promise<string>} text what is copied; may have to be fetched */
export function copied(name, text) {
  const button = element("button", { type: "button", class: "chip", text: name, dataset: { key: name } });
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(await text());
      button.textContent = "Copied";
    } catch (trouble) {
      button.textContent = trouble.message;
    }
    setTimeout(() => (button.textContent = name), SAYS);
  });
  return button;
}
