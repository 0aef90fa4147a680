/** Where trouble bites, in words: what an event of the line says went wrong with a message. */

import { clockTime } from "./time.js";

/** Seconds an answer may take before it counts as slow. */
const SLOW = 2;

const WEBHOOK_FAULTS = {
  duplicate: () => "Webhook delivered twice",
  delay: (seconds) => `Webhook late by ${seconds} s`,
  reorder: () => "Webhook held back until the next one has overtaken it",
  drop: () => "Webhook lost",
  bad_signature: () => "Webhook signed wrongly",
  old_secret: () => "Webhook signed with the old secret",
};

const ON_MESSAGE = /^\/v1\/messages\/([^/]+)\//;

/**
 * What an event says went wrong.
 *
 * @returns {{messageId: string|null, conversationId: string|null, to: string|null, key: string, words: string, mends: boolean}|null}
 *   null when nothing did. `messageId` is the message it happened to; without one it happened in the
 *   conversation, or in that with `to`. Later words under the same key take the place of earlier ones;
 *   what `mends` says something only where there are earlier ones.
 */
export function biteOf(event) {
  if (event.type === "webhook_fault") return bite(event, "fault", WEBHOOK_FAULTS[event.action]?.(event.seconds));
  if (event.type === "webhook_delivery") return bite(event, "delivery", undelivered(event));
  if (event.type === "api_call") return bite(event, `call ${event.seq}`, failedCall(event));
  return null;
}

const bite = (event, key, words) =>
  words && {
    messageId: event.message_id ?? ON_MESSAGE.exec(event.path ?? "")?.[1] ?? null,
    conversationId: event.conversation_id,
    to: event.body?.to_number ?? null,
    key,
    words,
    mends: event.type === "webhook_delivery" && isGood(event.status),
  };

const isGood = (status) => status >= 200 && status < 300;

function undelivered({ status, attempt, error, next_attempt_at: next }) {
  if (isGood(status)) return attempt > 1 ? `Webhook taken at attempt ${attempt}` : null;
  const how = status ? `answered ${status}` : `not answered (${error ?? "no reason given"})`;
  return `Webhook ${how}; ${next ? `tried again at ${clockTime(new Date(next))}` : "given up"}`;
}

function failedCall({ method, path, status, reason, body, message_id: sent, seconds, fault }) {
  const what = body?.body ? `“${body.body}”` : `${method} ${path}`;
  if (status === null && sent) return "Sent, but the connection was cut: the agent cannot know it arrived";
  if (status === null) return `Connection cut before it was sent: ${what}`;
  if (status >= 400 && sent) return `Sent, but the agent was told ${status}: it cannot know it arrived`;
  if (status >= 400) return `Refused with ${status}${reason ? `, ${reason}` : ""} ${what}`;
  return fault && seconds >= SLOW ? `Slow: the answer took ${Math.round(seconds)} s` : null;
}
