/** How messages stand among their neighbours: what runs together, what a time parts, what is one carousel. */

const HOUR = 3_600_000;
/** Milliseconds of silence after which a time is written between two messages. */
const STRETCH = HOUR;
/** Milliseconds within which one person's messages stand close together. */
const RUN = HOUR / 6;
/** Milliseconds within which photos without words are one carousel: they were sent at once. */
const AT_ONCE = 1000;

/**
 * How a message, or a carousel of several, stands among its neighbours, either of which may be missing.
 *
 * @returns {{parted: boolean, switched: boolean, first: boolean, last: boolean}} `parted`: a time
 *   stands above it; `switched`: it came on another channel than the one before; `first` and `last`
 *   of a run by one sender.
 */
export function placing(before, messages, after) {
  const [head, tail] = [messages[0], messages.at(-1)];
  const parted = isParted(before, head);
  return {
    parted,
    switched: !before || isBlue(before) !== isBlue(head),
    first: parted || !isOneRun(before, head),
    last: isParted(tail, after) || !isOneRun(tail, after),
  };
}

/** Where the carousel that holds the message at `index` begins and ends (not included); most are of one. */
export function carousel(messages, index) {
  let [from, to] = [index, index + 1];
  while (from > 0 && isOneCarousel(messages[from - 1], messages[from])) from -= 1;
  while (to < messages.length && isOneCarousel(messages[to - 1], messages[to])) to += 1;
  return [from, to];
}

export const isBlue = (message) => message.channel === "imessage";

const gap = (one, next) => Date.parse(next.sent_at) - Date.parse(one.sent_at);

function isParted(before, message) {
  if (!before) return true;
  if (!message) return false;
  const days = [before, message].map((each) => new Date(each.sent_at).toDateString());
  return gap(before, message) > STRETCH || days[0] !== days[1];
}

const look = (message) => `${message.from_handle} ${isBlue(message)}`;

const isOneRun = (one, next) => Boolean(one && next) && look(one) === look(next) && gap(one, next) < RUN;

const isBarePhoto = (message) => message.media_urls?.length > 0 && !message.body && !message.reply_to_message_id;

const isOneCarousel = (one, next) =>
  isBarePhoto(one) && isBarePhoto(next) && look(one) === look(next) && gap(one, next) < AT_ONCE;
