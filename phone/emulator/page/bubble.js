/** Messages as they look: balloons, photos, quotes and tapbacks. Where they stand is decided in `thread.js`. */

import { face } from "./avatar.js";
import { element } from "./element.js";
import { photoOf } from "./photo.js";
import { isBlue } from "./placing.js";
import { clockTime, separator } from "./time.js";
import { isOnlyEmoji, linked, pieces } from "./words.js";

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

/** All of a message that its row shows, as one text: while that stays the same the row may stay too. */
export const faceOf = ({ id, body, media_urls, reactions, status, failure_reason }, store) =>
  JSON.stringify([body, media_urls, reactions, status === "failed" && failure_reason, store.answersTo(id), store.troublesOf(id)]);

/**
 * The row of one message, or of the several that are one carousel.
 *
 * @param {Object[]} messages as the handset API tells them
 * @param {Object} place from `placing`
 * @param {import("./store.js").Store} store who is who, and the message it answers
 */
export function bubbleRow(messages, place, store) {
  const [message] = messages;
  const mine = store.isMine(message);
  const failed = messages.find((each) => each.status === "failed");
  const shape = [
    "row",
    mine ? "mine" : "theirs",
    isBlue(message) ? "blue" : "green",
    place.first && "first",
    place.last && "last",
    messages.some((each) => each.reactions?.length) && "tapped",
    failed && "failed",
  ];
  const isGroup = store.thread.isGroup && !mine;
  return element(
    "div",
    { class: shape.filter(Boolean).join(" ") },
    place.switched ? channelLine(message) : null,
    place.parted ? timeLine(message) : null,
    isGroup && place.first ? senderLine(message, store) : null,
    ...(message.reply_to_message_id ? [quote(message, store), threadLine(message, store)] : []),
    messages.length > 1 ? strip(messages, store) : bubble(message, store),
    failed ? element("p", { class: "mark not-delivered", text: failure(failed) }) : null,
    effectOf(message) ? replay(effectOf(message)) : null,
    ...messages.map((each) => answers(each, store)),
    ...messages.flatMap((each) => store.troublesOf(each.id).map(bite)),
  );
}

const bite = (words) => element("p", { class: "mark bite", text: words });

const channelLine = (message) =>
  element("p", { class: "time channel-line", text: isBlue(message) ? "iMessage" : "Text Message · SMS" });

function timeLine(message) {
  const { day, time } = separator(new Date(message.sent_at));
  const words = element("time", { datetime: message.sent_at }, element("b", { text: day }), ` ${time}`);
  return element("p", { class: "time" }, words);
}

const senderLine = ({ from_handle: handle }, store) =>
  element("p", { class: "sender", text: store.nameOf(handle), dataset: { tint: store.tintOf(handle) } });

/** Several photos sent at once, side by side: each is a bubble of its own. */
function strip(messages, store) {
  const name = `Carousel of ${messages.length} photos from ${store.whoWrote(messages[0])}`;
  const bubbles = messages.map((each) => bubble(each, store));
  return element("div", { class: "strip carousel", role: "group", "aria-label": name }, ...bubbles);
}

function bubble(message, store) {
  const effect = effectOf(message);
  const node = element("article", {
    class: ["bubble", effect && `effect-${effect}`].filter(Boolean).join(" "),
    tabindex: "-1",
    "aria-label": spoken(message, store, effect),
    dataset: { rove: "", id: message.id, ...(effect && { effect }) },
  });
  if (store.thread.isGroup && !store.isMine(message)) {
    node.append(face(store.nameOf(message.from_handle), store.tintOf(message.from_handle)));
  }
  const photos = (message.media_urls ?? []).map((url) => photoOf(url, store.whoWrote(message)));
  if (photos.length) node.append(element("div", { class: photos.length > 1 ? "photos strip" : "photos" }, ...photos));
  if (message.body) node.append(...balloons(message.body, photos.length === 0));
  if (message.reactions?.length) node.append(tapbacks(message.reactions, store));
  return node;
}

/** The words in balloons; an address on a line of its own is a card between them, as Messages sets it apart. */
function balloons(body, isAlone) {
  if (isAlone && isOnlyEmoji(body)) return [balloon("balloon big", body)];
  const nodes = pieces(body).map((piece) => (piece.address ? card(piece.address) : balloon("balloon", piece.text)));
  nodes.at(-1).classList.add("tailed");
  return nodes;
}

const balloon = (kind, text) =>
  element("div", { class: kind, dir: "auto" }, element("span", { class: "words" }, ...linked(text)));

function card(address) {
  const { host, pathname, search } = new URL(address);
  const rest = pathname + search;
  return element(
    "a",
    { class: "link-card", href: address, title: address, target: "_blank", rel: "noopener noreferrer" },
    element("b", { class: "words", text: host }),
    rest === "/" ? null : element("span", { class: "words", text: rest }),
  );
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
  return element(
    "button",
    {
      type: "button",
      class: `quote ${sideOf(target, store)}`,
      title: words,
      "aria-label": target ? `In reply to ${store.whoWrote(target)}` : "In reply to an earlier message",
      dataset: { goto: message.reply_to_message_id },
    },
    element("span", { text: words }),
  );
}

const sideOf = (target, store) => (target && store.isMine(target) ? "of-mine" : "of-theirs");

/** From what is answered down to the answer, across the screen when they stand on different sides. */
function threadLine(message, store) {
  const side = sideOf(store.thread.byId.get(message.reply_to_message_id), store);
  return element("i", { class: `thread-line ${side}`, "aria-hidden": "true" });
}

/** How many answered this message in thread; a click goes to the latest. */
function answers({ id }, store) {
  const [count, latest] = store.answersTo(id);
  if (count === 0) return null;
  const text = count === 1 ? "1 Reply" : `${count} Replies`;
  return element("button", { type: "button", class: "answers", text, dataset: { goto: latest } });
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
