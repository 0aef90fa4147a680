"""What people on the other side do: write, tap back, start groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from phone.emulator.caps import DAY
from phone.emulator.conversations import (
    conversation_by_id,
    group_by_id,
    open_conversation,
    open_group,
    turn_to,
)
from phone.emulator.handles import NoHandle, handle, is_email
from phone.emulator.line import Line
from phone.emulator.records import (
    IMESSAGE_CHANNEL,
    ConversationRecord,
    MessageRecord,
    NumberRecord,
    PersonRecord,
    ReactionRecord,
)
from phone.emulator.refusals import invalid, not_found
from phone.emulator.screen import tell_conversation, tell_message, tell_reaction
from phone.emulator.tapbacks import checked_reaction, put_reaction

STOP_WORDS = frozenset(
    {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "optout", "revoke"}
)
START_WORDS = frozenset({"start", "unstop", "yes"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """What somebody writes, and where to: a number of ours, a group, or the first fitting line."""

    from_handle: str
    to_number: str | None = None
    group_id: str | None = None
    body: str = ""
    media_urls: tuple[str, ...] = ()
    channel: str | None = None
    reply_to_message_id: str | None = None


def known_handle(field: str, text: str) -> str:
    """The normal form of a handle somebody gave. Raises a 422."""
    try:
        return handle(text)
    except NoHandle as error:
        raise invalid(field, str(error)) from None


def introduce(line: Line, text: str, facts: dict[str, Any]) -> PersonRecord:
    """Make somebody known, or change what is known of them: only the facts given.

    Whoever has no iMessage any more is answered by SMS from now on.
    """
    known = line.people.get(name := known_handle("handle", text)) or PersonRecord(handle=name)
    person = known.model_copy(update=facts)
    if is_email(name) and not person.imessage:
        raise invalid("imessage", "is false, but an e-mail address is reached by iMessage only")
    line.add("person", name, person)
    for number in line.active_numbers():
        conversation = line.conversation_with(number, name)
        if conversation is not None and not person.imessage:
            turn_to(line, conversation, "sms")
    return person


def receive(line: Line, writing: Writing) -> tuple[ConversationRecord, list[MessageRecord]]:
    """Put what somebody wrote on the line: one message, or one for each of several media."""
    sender = line.person(known_handle("from_handle", writing.from_handle))
    if not writing.body and not writing.media_urls:
        raise invalid("body", "is empty and there is no media; write some words or add media_urls")
    number, other, channel = _place(line, sender, writing)
    reply_to = _reply_target(line, line.conversation_with(number, other), writing)
    conversation = open_conversation(line, number, other, channel=channel)
    parts = [[url] for url in writing.media_urls] or [[]]
    messages = []
    for media_urls in parts:
        message = MessageRecord(
            id=line.new_id(),
            conversation_id=conversation.id,
            number_id=conversation.number_id,
            direction="inbound",
            from_number=sender.handle,
            to_number=conversation.phone_number,
            body=writing.body if media_urls is parts[-1] else "",
            channel="mms" if media_urls and channel == "sms" else channel,
            media_urls=media_urls,
            at=line.now(),
            sender_identifier=sender.handle if conversation.is_group else None,
            reply_to_message_id=reply_to if channel == IMESSAGE_CHANNEL else None,
            status="received",
        )
        messages.append(line.add("message", message.id, message))
    _heard(line, conversation, sender, channel, writing.body)
    for message in messages:
        tell_message(line, message)
    return conversation, messages


def react(
    line: Line, *, from_handle: str, message_id: str, reaction: str
) -> tuple[MessageRecord, ReactionRecord, bool]:
    """Somebody taps back, in place of any earlier tapback of theirs there; whether it is news."""
    sender = known_handle("from_handle", from_handle)
    message = line.messages.get(message_id)
    if message is None:
        raise invalid(
            "message_id", f'is "{message_id[:80]}"; give the id of a message on the screen'
        )
    conversation = line.conversations[message.conversation_id]
    if sender not in conversation.people:
        raise invalid("from_handle", f"is {sender}, who is not in that conversation")
    if message.channel != IMESSAGE_CHANNEL:
        raise invalid(
            "message_id", "is an SMS bubble; tapbacks exist on iMessage only, so write words"
        )
    checked_reaction(reaction, emoji=True, status=422)
    added, is_new = put_reaction(line, message, reaction, from_handle=sender, direction="inbound")
    if is_new:
        conversation.streak = 0
        line.touch("conversation", conversation.id)
        tell_reaction(line, message, added)
    return message, added, is_new


def start_group(
    line: Line, members: list[str], *, name: str | None, to_number: str | None
) -> ConversationRecord:
    """Somebody starts a group with one of our iMessage numbers in it, named among them or not."""
    ours = {number.phone_number for number in line.active_numbers()}
    named = dict.fromkeys(known_handle("members", member) for member in members)
    people = [person for person in named if person not in ours]
    if not 2 <= len(people) <= 32:
        raise invalid("members", f"names {len(people)} people; a group has 2 to 32")
    for person in map(line.person, people):
        if not person.imessage:
            raise invalid("members", f"names {person.handle}, who has no iMessage; leave them out")
    number = _number(line, to_number)
    if number.type != "imessage":
        raise invalid("to_number", f"is {number.phone_number}, an SMS line; use an iMessage number")
    group = open_group(line, number, people, name=name)
    tell_conversation(line, group)
    return group


def look_at(line: Line, conversation_id: str) -> ConversationRecord:
    """Open a conversation on the phone: nothing in it is unread any more."""
    conversation = conversation_by_id(line, conversation_id)
    count = len(line.messages_of[conversation.id])
    if conversation.seen != count:
        conversation.seen = count
        line.touch("conversation", conversation.id)
    return conversation


def _place(line: Line, sender: PersonRecord, writing: Writing) -> tuple[NumberRecord, str, str]:
    """Where it is written: our number, the sender's handle or a group id, and the channel."""
    if writing.group_id is not None:
        if writing.to_number is not None:
            raise invalid("to_number", "and group_id are both given; write to one of them")
        return _group(line, sender, writing)
    number = _number(line, writing.to_number)
    channel = writing.channel or _natural_channel(number, sender)
    if channel == IMESSAGE_CHANNEL and number.type != "imessage":
        raise invalid(
            "channel", f'is "imessage", but {number.phone_number} is an SMS line; use "sms"'
        )
    if channel == IMESSAGE_CHANNEL and not sender.imessage:
        raise invalid("channel", f'is "imessage", which {sender.handle} does not have; use "sms"')
    if channel == "sms" and is_email(sender.handle):
        raise invalid("channel", 'is "sms", which an e-mail address cannot send; use "imessage"')
    if sender.handle == number.phone_number:
        raise invalid("from_handle", f"is {sender.handle}, the agent's own number")
    return number, sender.handle, channel


def _natural_channel(number: NumberRecord, sender: PersonRecord) -> str:
    return IMESSAGE_CHANNEL if number.type == "imessage" and sender.imessage else "sms"


def _group(line: Line, sender: PersonRecord, writing: Writing) -> tuple[NumberRecord, str, str]:
    group = group_by_id(line, writing.group_id or "")
    if sender.handle not in group.members:
        raise invalid("from_handle", f"is {sender.handle}, who is not in that group")
    if writing.channel == "sms":
        raise invalid("channel", 'is "sms", but groups exist on iMessage only; leave it out')
    return line.numbers[group.number_id], group.participant, IMESSAGE_CHANNEL


def _number(line: Line, to_number: str | None) -> NumberRecord:
    """One of our numbers; without a choice the first iMessage line, or the first line there is."""
    numbers = line.active_numbers()
    if to_number is not None:
        wanted = known_handle("to_number", to_number)
        numbers = [number for number in numbers if number.phone_number == wanted]
        if not numbers:
            raise invalid("to_number", f"is {wanted}, which is not a number of this line")
    if not numbers:
        raise not_found("A number on this line")
    return next((number for number in numbers if number.type == "imessage"), numbers[0])


def _reply_target(
    line: Line, conversation: ConversationRecord | None, writing: Writing
) -> str | None:
    if writing.reply_to_message_id is None:
        return None
    target = line.messages.get(writing.reply_to_message_id)
    if target is None or conversation is None or target.conversation_id != conversation.id:
        raise invalid("reply_to_message_id", "is not a message of this conversation")
    return target.id


def _heard(
    line: Line, conversation: ConversationRecord, sender: PersonRecord, channel: str, body: str
) -> None:
    """Note that they wrote: answers follow on their channel, and the caps start again."""
    messages, now = line.messages_of[conversation.id], line.now()
    is_new, switched = conversation.replies == 0, conversation.channel != channel
    before = conversation.last_reply_at
    if before is None or now // DAY != before // DAY:
        conversation.reply_days += 1
    conversation.replies += 1
    conversation.streak = 0
    conversation.last_reply_at = conversation.last_message_at = now
    conversation.seen = len(messages)
    turn_to(line, conversation, channel)
    if is_new or switched:
        tell_conversation(line, conversation)
    if channel == "sms":
        _carrier_word(line, sender, body)


def _carrier_word(line: Line, sender: PersonRecord, body: str) -> None:
    """A carrier reads STOP and START too; what it does with them is a switch."""
    word = body.strip().lower()
    if word in STOP_WORDS or (word in START_WORDS and sender.opted_out):
        sender.opted_out = word in STOP_WORDS
        line.add("person", sender.handle, sender)
