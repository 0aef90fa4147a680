"""The promises of the harness, each a check of one history: `violations(history)` is empty.

The names are those of the promises I1 to I16. Texts of bubbles have to be different from each other
for the checks to know them apart: scripted models say something new each time.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from memory.bubbles import FINISHED, LANDED
from memory.state import KEY, found_in
from memory.tables import (
    Bubble,
    BubbleState,
    Mailbox,
    Message,
    MessageState,
    MetadataKind,
    Turn,
    TurnState,
)
from tests.history.history import History

SENT = "/v1/messages"

NEVER_LEFT = (BubbleState.PREPARED, BubbleState.CANCELLED, BubbleState.EXPIRED)
"""States that say: AgentPhone was never given this bubble, or said itself that it did not take it.
"""

TOOL_CALLS, BUBBLES = 12, 40
"""What one turn may come to at most, however often it was begun again."""

ENDS = ("answered", "reacted", "silent", "handed_over", "dropped", "failed", "noted")
"""How an inbound message can have ended: the outcome begins with one of these."""

Check = Callable[[History], Iterator[str]]


def violations(history: History) -> list[str]:
    """What is wrong with this history, each in one line; empty when every promise was kept."""
    return [f"{name}: {wrong}" for name, check in CHECKS.items() for wrong in check(history)]


def no_bubble_twice(history: History) -> Iterator[str]:
    """I1. A bubble is at most one message at AgentPhone, and each message is a bubble of ours."""
    for mailbox, taken in _conversations(history):
        bubbles = history.of_mailbox(mailbox, history.rows.bubbles)
        ours = Counter(_print(bubble.text, bubble.media) for bubble in bubbles)
        theirs = Counter(_print(sent["body"], sent["media_urls"]) for sent in taken)
        for what, times in theirs.items():
            if times > ours[what]:
                yield f"{what} arrived {times} times and was written {ours[what]} times"
        for bubble in bubbles:
            what = _print(bubble.text, bubble.media)
            if bubble.state in NEVER_LEFT and theirs[what] and ours[what] == 1:
                yield f"{what} is {bubble.state} ({bubble.code}) and has arrived"
            if bubble.state in LANDED and not theirs[what]:
                yield f"{what} is {bubble.state} and has not arrived"


def no_answer_without_a_commit(history: History) -> Iterator[str]:
    """I2. What was answered with 200 is in the database."""
    webhooks = {event.webhook_id for event in history.rows.events}
    webhooks |= {letter.webhook_id for letter in history.rows.dead_letters}
    messages = {message.message_id for message in history.rows.messages}
    for attempt in history.deliveries:
        is_kept = attempt["webhook_id"] in webhooks or attempt["message_id"] in messages
        if attempt["status"] == 200 and not is_kept:
            yield f"webhook {attempt['webhook_id']} was acknowledged and is nowhere"


def every_message_has_an_end(history: History) -> Iterator[str]:
    """I3. Every text that was acknowledged is answered or accounted for, once."""
    rows = history.rows
    told = Counter(message.message_id for message in rows.messages if message.message_id)
    settled = {turn.id for turn in rows.turns if turn.state == TurnState.SETTLED}
    for message in rows.messages:
        if message.message_id and told[message.message_id] > 1:
            yield f"message {message.message_id} is stored {told[message.message_id]} times"
        if message.direction != "inbound" or _is_earlier_talk(message):
            continue
        if message.state != MessageState.SETTLED or not (message.outcome or "").startswith(ENDS):
            yield f"{message.text!r} is {message.state} with outcome {message.outcome!r}"
        elif message.turn_id is not None and message.turn_id not in settled:
            yield f"{message.text!r} is settled and its turn {message.turn_id} is not"


def one_turn_at_a_time(history: History) -> Iterator[str]:
    """I4. Turns of a conversation never overlap, and who lost the lease dispatches nothing."""
    for mailbox in history.rows.mailboxes:
        turns = history.of_mailbox(mailbox, history.rows.turns)
        for before, after in pairwise(turns):
            if before.settled_at is None or before.settled_at > after.started_at:
                yield f"turn {after.id} began before turn {before.id} was settled"
            if before.epoch > after.epoch:
                yield f"turn {after.id} has epoch {after.epoch} after {before.epoch}"
    for left in history.log.dispatches if history.log else []:
        if left.epoch != left.newest_epoch:
            yield f"bubble {left.bubble_id} left under epoch {left.epoch} of {left.newest_epoch}"


def bubbles_leave_in_order(history: History) -> Iterator[str]:
    """I5. In the order they were written, and none of an earlier turn after one of a later."""
    for mailbox in history.rows.mailboxes:
        left = [
            bubble
            for bubble in history.of_mailbox(mailbox, history.rows.bubbles)
            if bubble.dispatched_at is not None and bubble.turn_id is not None
        ]
        for before, after in pairwise(left):
            if before.dispatched_at > after.dispatched_at:
                yield f"{before.text!r} left after {after.text!r}"


def silence_after_stop(history: History) -> Iterator[str]:
    """I6. After a STOP only its one static confirmation leaves, until they say START."""
    for mailbox in history.rows.mailboxes:
        entries = _consents(history, mailbox)
        bubbles = history.of_mailbox(mailbox, history.rows.bubbles)
        for index, entry in enumerate(entries):
            if not entry.opted_out:
                continue
            later = [each.at for each in entries[index + 1 :] if not each.opted_out]
            until = min(later, default=None)
            after = [
                bubble
                for bubble in bubbles
                if bubble.dispatched_at is not None
                and bubble.dispatched_at > entry.at
                and (until is None or bubble.dispatched_at <= until)
                and bubble.resend_of is None
            ]
            for bubble in after:
                if bubble.kind not in ("notice", "crisis"):
                    yield f"{bubble.text!r} left after STOP"
    for left in history.log.dispatches if history.log else []:
        if left.opted_out:
            yield f"bubble {left.bubble_id} left to somebody who had said STOP"


def one_confirmation_of_a_stop(history: History) -> Iterator[str]:
    """I6. Each consent word is confirmed once at most: a notice belongs to one turn alone."""
    notices = [bubble for bubble in history.rows.bubbles if bubble.kind == "notice"]
    for turn_id, times in Counter(bubble.turn_id for bubble in notices).items():
        if times > 2:  # the apology of an outage is a notice as well
            yield f"turn {turn_id} sent {times} notices"


def what_is_answered_was_read(history: History) -> Iterator[str]:
    """I7. An answered text stood in a prompt of its turn; unknown bubbles are told to the next."""
    if history.log is None:
        return
    turns = {turn.id: turn for turn in history.rows.turns}
    for message in history.rows.messages:
        turn = turns.get(message.turn_id or "")
        if turn is None or turn.outcome != "answered" or message.keyword or turn.model is None:
            continue
        if message.kind == "text" and not _was_read(history, message.text, turn):
            yield f"{message.text!r} was answered in turn {turn.id} and never read"
    yield from _doubts_not_told(history)


def memory_moves_forward(history: History) -> Iterator[str]:
    """I8. Revisions rise, and what others keep in the metadata is written back as it was read."""
    for mailbox in history.rows.mailboxes:
        entries = history.of_mailbox(mailbox, history.rows.metadata)
        highest, foreign = -1, None
        for entry in entries:
            content = json.loads(entry.content)
            if entry.kind == MetadataKind.READ:
                foreign = _foreign(content)
            elif entry.kind == MetadataKind.WRITTEN:
                if foreign is not None and _foreign(content) != foreign:
                    yield f"mailbox {mailbox.id}: {_foreign(content)} written over {foreign}"
                foreign = _foreign(content)
                if entry.rev is not None and entry.rev <= highest:
                    yield f"mailbox {mailbox.id}: revision {entry.rev} after {highest}"
                highest = max(highest, entry.rev or 0)
    yield from _memory_not_there(history)


def nothing_goes_elsewhere(history: History) -> Iterator[str]:
    """I9. Every POST goes from the conversation's number to its participant or group."""
    for call in history.calls:
        if (call["method"], call["path"]) != ("POST", SENT) or call["body"] is None:
            continue
        body = call["body"]
        if "recipients" in body:
            yield f"a group was started: {body}"
        if not any(_is_to(mailbox, body, history) for mailbox in history.rows.mailboxes):
            yield f"{body.get('body')!r} went to {body.get('to_number')}, whose it is not"


def no_tool_twice(history: History) -> Iterator[str]:
    """I10. A tool that acts on the world runs once for each call of the model."""
    for what, times in Counter(history.log.ran if history.log else []).items():
        if times > 1:
            yield f"call {what} ran {times} times"


def one_message_one_bubble(history: History) -> Iterator[str]:
    """I11. A message of AgentPhone's belongs to one bubble, and has its words."""
    sent = {
        message["id"]: message
        for screen in history.screens.values()
        for message in screen["messages"]
    }
    taken = Counter(bubble.message_id for bubble in history.rows.bubbles if bubble.message_id)
    for bubble in history.rows.bubbles:
        if bubble.message_id is None:
            continue
        if taken[bubble.message_id] > 1:
            yield f"message {bubble.message_id} belongs to {taken[bubble.message_id]} bubbles"
        message = sent.get(bubble.message_id)
        if message is None or message["body"] != bubble.text:
            yield f"bubble {bubble.text!r} is confirmed by {message and message['body']!r}"


def work_is_bounded(history: History) -> Iterator[str]:
    """I12. No turn calls or says without end."""
    calls = Counter(call.turn_id for call in history.rows.tool_calls)
    said = Counter(bubble.turn_id for bubble in history.rows.bubbles if bubble.turn_id)
    for turn in history.rows.turns:
        if calls[turn.id] > TOOL_CALLS * turn.attempts:
            yield f"turn {turn.id} made {calls[turn.id]} tool calls"
        if said[turn.id] > BUBBLES:
            yield f"turn {turn.id} wrote {said[turn.id]} bubbles"


def conversations_stay_apart(history: History) -> Iterator[str]:
    """I13. What one person writes is never read where somebody else is answered."""
    if history.log is None:
        return
    written: dict[str, set[int]] = {}
    for message in history.rows.messages:
        written.setdefault(message.text, set()).add(message.mailbox_id)
    words = {text: places.pop() for text, places in written.items() if len(places) == 1 and text}
    for prompt in history.log.prompts:
        places = {words[line] for line in prompt.text.splitlines() if line in words}
        if len(places) > 1:
            yield f"a prompt holds the words of mailboxes {sorted(places)}"


def logs_tell_nothing(history: History) -> Iterator[str]:
    """I14. No words, keys or secrets in what the process logs."""
    if history.log is None:
        return
    for line in history.log.said:
        for secret in history.log.secrets:
            if secret in line:
                yield f"the log says {secret!r}: {line[:200]}"


def all_comes_to_rest(history: History) -> Iterator[str]:
    """I15. Nothing waits, nothing is under way, nobody holds anything."""
    for mailbox in history.rows.mailboxes:
        if mailbox.due_at is not None:
            yield f"mailbox {mailbox.id} is still due"
    for turn in history.rows.turns:
        if turn.state != TurnState.SETTLED or turn.outcome is None:
            yield f"turn {turn.id} is {turn.state}"
    for bubble in history.rows.bubbles:
        if bubble.state not in (*FINISHED, BubbleState.UNCONFIRMED):
            yield f"{bubble.text!r} is still {bubble.state}"


def nobody_is_texted_first(history: History) -> Iterator[str]:
    """I16. Every bubble belongs to a turn that somebody's message began."""
    begun = {message.turn_id for message in history.rows.messages if message.turn_id}
    for bubble in history.rows.bubbles:
        if bubble.turn_id not in begun and bubble.resend_of is None:
            yield f"{bubble.text!r} answers nobody"


CHECKS: dict[str, Check] = {
    "I1 no bubble twice": no_bubble_twice,
    "I2 no answer without a commit": no_answer_without_a_commit,
    "I3 every message has an end": every_message_has_an_end,
    "I4 one turn at a time": one_turn_at_a_time,
    "I5 bubbles leave in order": bubbles_leave_in_order,
    "I6 silence after stop": silence_after_stop,
    "I6 one confirmation of a stop": one_confirmation_of_a_stop,
    "I7 what is answered was read": what_is_answered_was_read,
    "I8 memory moves forward": memory_moves_forward,
    "I9 nothing goes elsewhere": nothing_goes_elsewhere,
    "I10 no tool twice": no_tool_twice,
    "I11 one message, one bubble": one_message_one_bubble,
    "I12 work is bounded": work_is_bounded,
    "I13 conversations stay apart": conversations_stay_apart,
    "I14 logs tell nothing": logs_tell_nothing,
    "I15 all comes to rest": all_comes_to_rest,
    "I16 nobody is texted first": nobody_is_texted_first,
}


def _conversations(history: History) -> Iterator[tuple[Mailbox, list[dict[str, Any]]]]:
    """Each mailbox with what AgentPhone has taken from us there."""
    for mailbox in history.rows.mailboxes:
        if mailbox.conversation_id in history.screens:
            yield mailbox, history.outbound(mailbox.conversation_id)


def _print(text: str, media: list[str]) -> str:
    return f"{text!r} with {len(media)} pictures"


def _is_earlier_talk(message: Message) -> bool:
    """Read back from before our time: nobody was to answer it."""
    return message.turn_id is None and message.event_id is None


def _consents(history: History, mailbox: Mailbox) -> list[Any]:
    whose = mailbox.group_id or mailbox.participant
    return [entry for entry in history.rows.consents if entry.participant == whose]


def _was_read(history: History, text: str, turn: Turn) -> bool:
    assert history.log is not None
    ended = turn.settled_at.timestamp() if turn.settled_at else float("inf")
    return any(
        text in prompt.text.splitlines()
        for prompt in history.log.prompts
        if turn.started_at.timestamp() <= prompt.at <= ended
    )


def _doubts_not_told(history: History) -> Iterator[str]:
    """Bubbles of unknown fate of which the turn after theirs has not been told."""
    assert history.log is not None
    for mailbox in history.rows.mailboxes:
        turns = history.of_mailbox(mailbox, history.rows.turns)
        for before, after in pairwise(turns):
            started = after.started_at.timestamp()
            ended = after.settled_at.timestamp() if after.settled_at else float("inf")
            read = [p.text for p in history.log.prompts if started <= p.at <= ended]
            if after.model is None or not read or before.settled_at is None:
                continue
            for bubble in _in_doubt(history, before, until=after):
                if not any(f"m{bubble.ref} " in text or f"m{bubble.ref}:" in text for text in read):
                    yield f"{bubble.text!r} of unknown fate was not told to turn {after.id}"


def _in_doubt(history: History, turn: Turn, *, until: Turn) -> list[Bubble]:
    return [
        bubble
        for bubble in history.rows.bubbles
        if bubble.turn_id == turn.id
        and bubble.kind == "reply"
        and bubble.state in (BubbleState.UNCONFIRMED, BubbleState.UNRESOLVED)
        and bubble.finished_at is not None
        and bubble.finished_at <= until.started_at
    ]


def _foreign(metadata: Any) -> Any:
    return {k: v for k, v in metadata.items() if k != KEY} if isinstance(metadata, dict) else {}


def _memory_not_there(history: History) -> Iterator[str]:
    """What counts as saved is what AgentPhone holds."""
    for mailbox in history.rows.mailboxes:
        screen = history.screens.get(mailbox.conversation_id or "")
        if screen is None or mailbox.state_seen is None or not mailbox.state_saved:
            continue
        there, saved = found_in(screen["metadata"]).state, mailbox.state_seen["rev"]
        if there is not None and there.rev < saved:
            yield f"mailbox {mailbox.id} saved revision {saved}, not {there.rev}"


def _is_to(mailbox: Mailbox, body: dict[str, Any], history: History) -> bool:
    """Whether this POST is a bubble of that mailbox, from its number and to its people."""
    if body.get("from_number") != mailbox.number:
        return False
    screen = history.screens.get(mailbox.conversation_id or "", {})
    people = [person["handle"] for person in screen.get("participants", [])]
    to = [mailbox.group_id] if mailbox.is_group else [*people, mailbox.participant]
    texts = {bubble.text for bubble in history.of_mailbox(mailbox, history.rows.bubbles)}
    return body.get("to_number") in to and body.get("body", "") in texts
