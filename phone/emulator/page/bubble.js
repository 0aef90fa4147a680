/** One message as it looks: its balloon, photos, quote and tapbacks. Where it stands is decided in `thread.js`. */

import { element } from "./element.js";
import { photoOf } from "./photo.js";
import { clockTime, separator } from "./time.js";
import { isOnlyEmoji, linked } from "./words.js";

const HOUR = 3_600_000;
/** Milliseconds of silence after which a time is written between two messages. */
const STRETCH = HOUR;
/** Milliseconds within which one person's messages stand close together. */
const RUN = HOUR / 6;

export const TAPBACKS = {
  love: "❤️",
  like: "👍",
  dislike: "👎",
  laugh: "😂",
  emphasize: "‼️",
  question: "❓",
};

/** The effects, as Messages names them. */
export const EFFECTS = {
  celebration: "Celebration",
  fireworks: "Fireworks",
  lasers: "Lasers",
  love: "Love",
  confetti: "Confetti",
  balloons: "Balloons",
  spotlight: "Spotlight",
  echo: "Echo",
  invisible: "Invisible Ink",
  gentle: "Gentle",
  loud: "Loud",
  slam: "Slam",
};

/** The effect of the agent's message, or null: an effect this page does not know is shown as none. */
export const effectOf = (message) =>
  message.direction === "outbound" && Object.hasOwn(EFFECTS, message.send_style ?? "") ? message.send_style : null;

/**
 * How a message stands among its neighbours, either of which may be missing.
 *
 * @returns {{parted: boolean, first: boolean, last: boolean}} `parted`: a time stands above it;
 *   `first` and `last` of a run by one sender.
 */
export function placing(before, message, after) {
  const parted = isParted(before, message);
  return {
    parted,
    first: parted || !isOneRun(before, message),
    last: isParted(message, after) || !isOneRun(message, after),
  };
}

const gap = (one, next) => Date.parse(next.sent_at) - Date.parse(one.sent_at);

function isParted(before, message) {
  if (!before) return true;
  if (!message) return false;
  const days = [before, message].map((each) => new Date(each.sent_at).toDateString());
  return gap(before, message) > STRETCH || days[0] !== days[1];
}

const look = (message) => `${message.from_handle} ${message.channel === "imessage"}`;

const isOneRun = (one, next) => Boolean(one && next) && look(one) === look(next) && gap(one, next) < RUN;

/** All of a message that its row shows, as one text: while that stays the same the row may stay too. */
export const faceOf = ({ body, media_urls, reactions, status, failure_reason }) =>
  JSON.stringify([body, media_urls, reactions, status === "failed" && failure_reason]);

/**
 * The row of one message.
 *
 * @param {Object} message as the handset API tells it
 * @param {{parted: boolean, first: boolean, last: boolean}} place from `placing`
 * @param {import("./store.js").Store} store who is who, and the message it answers
 */
export function bubbleRow(message, place, store) {
  const mine = store.isMine(message);
  const failed = message.status === "failed";
  const shape = [
    "row",
    mine ? "mine" : "theirs",
    message.channel === "imessage" ? "blue" : "green",
    place.first && "first",
    place.last && "last",
    message.reactions?.length && "tapped",
    failed && "failed",
  ];
  return element(
    "div",
    { class: shape.filter(Boolean).join(" "), dataset: { id: message.id } },
    place.parted ? timeLine(message) : null,
    store.thread.isGroup && !mine && place.first
      ? element("p", { class: "sender", text: store.nameOf(message.from_handle) })
      : null,
    message.reply_to_message_id ? quote(message, store) : null,
    bubble(message, store),
    failed ? element("p", { class: "mark not-delivered", text: failure(message) }) : null,
    effectOf(message) ? replay(effectOf(message)) : null,
  );
}

function timeLine(message) {
  const { day, time } = separator(new Date(message.sent_at));
  const words = element("time", { datetime: message.sent_at }, element("b", { text: day }), ` ${time}`);
  return element("p", { class: "time" }, words);
}

function bubble(message, store) {
  const effect = effectOf(message);
  const node = element("article", {
    class: ["bubble", effect && `effect-${effect}`].filter(Boolean).join(" "),
    tabindex: "-1",
    "aria-label": spoken(message, store, effect),
    dataset: { rove: "", ...(effect && { effect }) },
  });
  const photos = (message.media_urls ?? []).map((url) => photoOf(url, store.whoWrote(message)));
  if (photos.length) node.append(element("div", { class: "photos" }, ...photos));
  if (message.body) {
    const big = isOnlyEmoji(message.body) && photos.length === 0;
    const words = element("span", { class: "words" }, ...linked(message.body));
    node.append(element("div", { class: big ? "balloon big" : "balloon", dir: "auto" }, words));
  }
  if (message.reactions?.length) node.append(tapbacks(message.reactions, store));
  return node;
}

function spoken(message, store, effect) {
  const who = store.whoWrote(message);
  const ink = effect === "invisible" ? ", in invisible ink" : effect ? `, sent with ${EFFECTS[effect]}` : "";
  return `${who}, ${clockTime(new Date(message.sent_at))}${ink}`;
}

function failure(message) {
  return message.failure_reason ? `Not delivered: ${message.failure_reason}` : "Not delivered";
}

/** The message this one answers in thread; a click goes to it. */
function quote(message, store) {
  const target = store.thread.byId.get(message.reply_to_message_id);
  const words = target ? target.body || "Photo" : "An earlier message";
  const side = target && store.isMine(target) ? "of-mine" : "of-theirs";
  return element(
    "button",
    {
      type: "button",
      class: `quote ${side}`,
      title: words,
      "aria-label": target ? `In reply to ${store.whoWrote(target)}` : "In reply to an earlier message",
      dataset: { goto: message.reply_to_message_id },
    },
    element("span", { text: words }),
  );
}

/** The badge on the corner: one glyph a kind, a number when several people left the same one. */
function tapbacks(reactions, store) {
  const kinds = Map.groupBy(reactions, (each) => each.reaction);
  const badges = [...kinds].map(([reaction, given]) => {
    const who = given.map((each) => (each.from_handle === store.speaker ? "You" : store.nameOf(each.from_handle)));
    return element(
      "span",
      {
        class: given.some((each) => each.from_handle === store.speaker) ? "tapback own" : "tapback",
        role: "img",
        "aria-label": `${who.join(", ")}: ${reaction}`,
        dataset: { reaction },
      },
      TAPBACKS[reaction] ?? reaction,
      given.length > 1 ? element("small", { text: String(given.length) }) : null,
    );
  });
  return element("div", { class: "tapbacks" }, ...badges);
}

function replay(effect) {
  return element("button", {
    type: "button",
    class: "replay",
    "aria-label": `Replay ${EFFECTS[effect]}`,
    text: effect === "invisible" ? "Sent with Invisible Ink" : `↻ ${EFFECTS[effect]}`,
    dataset: { replay: "" },
  });
}
