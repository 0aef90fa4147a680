/**
 * The twelve iMessage effects, played when a bubble arrives and again when somebody asks.
 *
 * Four live on the bubble and are all CSS. Eight fill the screen: a layer is laid over the thread for
 * as long as the effect lasts, with a canvas (`painted.js`) or a few nodes (here) in it. Whoever asked their
 * system for less motion sees none of them move; the name of the effect still stands under the bubble.
 */

import { byId, element } from "./element.js";
import { paint } from "./painted.js";

/** How long each screen effect fills the screen, in seconds. */
const SECONDS = {
  celebration: 3,
  fireworks: 4,
  lasers: 3.5,
  love: 3,
  confetti: 4,
  balloons: 4.5,
  spotlight: 3,
  echo: 2.6,
};

const ECHOES = 22;

const lessMotion = matchMedia("(prefers-reduced-motion: reduce)");

/** Play an effect around a bubble. Invisible ink lies there until it is tapped: nothing is played. */
export function play(effect, bubble) {
  if (lessMotion.matches || effect === "invisible") return;
  bubble.classList.remove("playing");
  void bubble.offsetWidth; // lets the same animation start from its beginning
  bubble.classList.add("playing");
  if (effect in SECONDS) fillScreen(effect, bubble);
  else bubble.addEventListener("animationend", () => bubble.classList.remove("playing"), { once: true });
}

/** Stop what fills the screen: another conversation is looked at. */
export const still = () => byId("effect-stage").replaceChildren();

function fillScreen(effect, bubble) {
  const stage = byId("effect-stage");
  const layer = element("div", { class: `effect-layer effect-${effect}` });
  stage.replaceChildren(layer);
  layer.style.setProperty("--lasts", `${SECONDS[effect]}s`);
  const spot = middleOf(bubble, stage);
  const stop = { spotlight, echo, love }[effect]?.(layer, spot, bubble) ?? paint(effect, layer, spot);
  setTimeout(() => {
    stop?.();
    layer.remove();
    bubble.classList.remove("playing");
  }, SECONDS[effect] * 1000);
}

function middleOf(bubble, stage) {
  const [here, whole] = [bubble, stage].map((node) => node.getBoundingClientRect());
  return {
    x: here.left - whole.left + here.width / 2,
    y: here.top - whole.top + here.height / 2,
    width: here.width,
    height: here.height,
  };
}

/** Everything but the bubble falls dark. */
function spotlight(layer, spot) {
  layer.style.setProperty("--x", `${spot.x}px`);
  layer.style.setProperty("--y", `${spot.y}px`);
  layer.style.setProperty("--wide", `${spot.width * 0.75 + 40}px`);
  layer.style.setProperty("--high", `${spot.height * 0.75 + 60}px`);
  return () => {};
}

/** The bubble, many times, rising all over the screen. */
function echo(layer, spot, bubble) {
  const balloon = bubble.querySelector(".balloon, .photos, .link-card") ?? bubble;
  for (let nth = 0; nth < ECHOES; nth += 1) {
    const words = element("div", { class: "balloon", text: balloon.textContent });
    const copy = element("div", { class: "echo-copy" }, words);
    copy.style.left = `${Math.random() * 90 - 10}%`;
    copy.style.setProperty("--start", `${spot.y}px`);
    copy.style.setProperty("--size", (0.35 + Math.random() * 0.9).toFixed(2));
    copy.style.animationDelay = `${(nth * 0.055).toFixed(3)}s`;
    layer.append(copy);
  }
  return () => {};
}

/** One heart grows out of the bubble and floats away. */
function love(layer, spot) {
  const heart = element("div", { class: "heart" });
  heart.style.left = `${spot.x}px`;
  heart.style.top = `${spot.y}px`;
  layer.append(heart);
  return () => {};
}
