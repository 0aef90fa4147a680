/** One of two phones side by side: a branch, the person who holds it, and the turns of its agent. */

import { call } from "../../page/api.js";

const at = encodeURIComponent;

/** How many turns are asked for at once, and so how many texts are compared. */
const TURNS = 100;

export class Far {
  /** @param {Object} branch as the desk tells it */
  constructor(branch) {
    this.branch = branch;
    this.address = new URL(branch.address.replace(/\/*$/, "/"), document.baseURI).pathname;
  }

  /** Write as the person of the conversation, on its channel. Raises `Refusal`. */
  async write(body) {
    const id = this.branch.conversation_id;
    const [talk, { numbers }, { conversations }] = await Promise.all([
      call("GET", `${this.address}handset/conversations/${at(id)}?peek=true`),
      call("GET", `${this.address}handset/line`),
      call("GET", `${this.address}handset/conversations`),
    ]);
    const isOurs = (handle) => numbers.some((number) => number.phone_number === handle);
    const members = talk.participants.map((member) => member.handle).filter((handle) => !isOurs(handle));
    const { participant, channel } = conversations.find((each) => each.id === id) ?? {};
    const wrote = talk.messages.findLast((message) => message.direction === "inbound")?.from_handle;
    const to = talk.is_group ? { group_id: talk.group_id } : { to_number: lineOf(talk, isOurs) };
    return call("POST", `${this.address}handset/messages`, {
      from_handle: talk.is_group ? wrote ?? members[0] : participant,
      body,
      channel: talk.is_group || channel === "imessage" ? "imessage" : "sms",
      ...to,
    });
  }

  /** The turns of the conversation, newest first. Raises `Refusal`. */
  async turns() {
    const asked = `${this.address}console/api/turns?conversation=${at(this.branch.conversation_id)}&limit=${TURNS}`;
    return (await call("GET", asked)).turns;
  }
}

/** The number the agent writes from here; left to the line before it has written. */
function lineOf(talk, isOurs) {
  const handle = talk.messages.findLast((message) => message.direction === "outbound")?.from_handle;
  return handle && isOurs(handle) ? handle : null;
}
