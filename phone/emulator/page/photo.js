/** Photos in a bubble, and any of them filling the screen. */

import { element } from "./element.js";
import { shownFrom } from "./picture.js";

/** A photo as a button that opens it; a file that is no picture becomes a link to it. */
export function photoOf(mediaUrl, sender) {
  const address = shownFrom(mediaUrl);
  const picture = element("img", { src: address, alt: "", decoding: "async", draggable: "false" });
  const button = element(
    "button",
    { type: "button", class: "photo", "aria-label": `Photo from ${sender}, open full screen` },
    picture,
  );
  picture.addEventListener("error", () => button.replaceWith(fileLink(address)), { once: true });
  return button;
}

const fileLink = (address) =>
  element("a", { class: "file", href: address, target: "_blank", rel: "noopener noreferrer", text: "Attachment" });

/**
 * Fill the screen with one photo; arrows, keys and a swipe lead to its neighbours.
 *
 * @param {{address: string, sender: string}[]} photos all that can be leafed through
 * @param {number} at the one to begin with
 * @param {function(): void} closed called when the reader is done
 */
export function showPhotos(photos, at, closed) {
  const picture = element("img", { draggable: "false" });
  const count = element("p", { class: "lightbox-count", "aria-live": "polite" });
  const back = step("Previous photo", "M10 2 2 10l8 8", () => show(at - 1));
  const on = step("Next photo", "m2 2 8 8-8 8", () => show(at + 1));
  const done = { type: "button", class: "lightbox-close", "aria-label": "Close the photo", text: "Done" };
  const close = element("button", { ...done, on: { click: () => viewer.close() } });
  const viewer = element("dialog", { class: "lightbox" }, close, picture, back, on, count);

  function show(next) {
    if (!photos[next]) return;
    at = next;
    const name = `Photo from ${photos[at].sender}`;
    viewer.setAttribute("aria-label", name);
    picture.src = photos[at].address;
    picture.alt = name;
    count.textContent = photos.length > 1 ? `${at + 1} of ${photos.length}` : "";
    [back.hidden, on.hidden] = [at === 0, at === photos.length - 1];
  }

  viewer.addEventListener("keydown", ({ key }) => show(at + ({ ArrowLeft: -1, ArrowRight: 1 }[key] ?? NaN)));
  viewer.addEventListener("click", ({ target }) => target.closest("button") || viewer.close());
  swipe(viewer, (steps) => show(at + steps));
  viewer.addEventListener("close", () => {
    viewer.remove();
    closed();
  });
  show(at);
  document.body.append(viewer);
  viewer.showModal();
}

function step(name, shape, act) {
  const arrow = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  arrow.setAttribute("viewBox", "0 0 12 20");
  path.setAttribute("d", shape);
  arrow.append(path);
  const kind = name.startsWith("Next") ? "on" : "back";
  const look = { type: "button", class: `lightbox-step ${kind}`, "aria-label": name, on: { click: act } };
  return element("button", look, arrow);
}

/** Pixels a finger must travel for it to be a swipe. */
const SWIPE = 40;

function swipe(node, act) {
  let from = null;
  node.addEventListener("touchstart", (event) => (from = event.touches[0].clientX), { passive: true });
  node.addEventListener("touchend", (event) => {
    const way = event.changedTouches[0].clientX - from;
    if (Math.abs(way) < SWIPE) return;
    event.preventDefault(); // or the tap that follows would close it
    act(way < 0 ? 1 : -1);
  });
}
