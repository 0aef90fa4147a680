/** The turn inspector beside the phone: it follows the conversation that is open there. */

import { element } from "./element.js";
import { Inspector } from "./inspector.js";

export function beside({ store, menu, thread }) {
  addStyles("console/page/inspector.css");
  const button = element("button", {
    type: "button",
    class: "tool",
    text: "Inspector",
    "aria-expanded": "true",
    "aria-controls": "inspector",
  });
  const close = element("button", {
    type: "button",
    class: "icon-button inspector-close",
    text: "×",
    "aria-label": "Close the inspector",
    title: "Close",
  });
  const inspector = new Inspector({ close, find: (messageId) => thread.goTo(messageId) });
  document.querySelector("main").append(inspector.node);
  document.getElementById("tools").append(button);

  const isWide = matchMedia("(min-width: 1100px)");
  // Out of sight it asks for nothing: a browser keeps few connections to one server, and each phone needs one.
  const follow = () => inspector.follow(document.body.dataset.inspector === "shown" ? store.thread.id : null);
  const show = (isShown) => {
    document.body.dataset.inspector = isShown ? "shown" : "hidden";
    button.setAttribute("aria-expanded", String(isShown));
    follow();
  };
  const leave = () => {
    show(false);
    button.focus();
  };
  show(isWide.matches);
  isWide.addEventListener("change", () => show(isWide.matches));
  button.addEventListener("click", () => show(document.body.dataset.inspector !== "shown"));
  close.addEventListener("click", leave);
  inspector.node.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !isWide.matches) leave();
  });

  store.on("thread", follow);
  store.on("connection", ({ up }) => up && inspector.again());
  menu.offer("Inspect", (message) => {
    show(true);
    inspector.showTurnOf(message.id);
  });
  return { inspector };
}

/** The turns' looks, which the page loads only where there is an inspector. */
function addStyles(href) {
  document.head.append(element("link", { rel: "stylesheet", href }));
}
