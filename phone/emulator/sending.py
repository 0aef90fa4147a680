"""What happens to a message the agent sends: who it is from, where it goes, and what arrives.

AgentPhone docs, Messages. The channel is known only once it is sent: an effect or a thread that SMS
cannot carry is dropped in silence and the words still go.
"""

from __future__ import annotations

from dataclasses import dataclass

from phone.emulator import caps
from phone.emulator.addresses import check_media_url
from phone.emulator.conversations import hide_typing, open_conversation, open_group
from phone.emulator.fates import follow, foresee
from phone.emulator.handles import EMERGENCY, NoHandle, handle, is_email, is_short_code
from phone.emulator.line import Line
from phone.emulator.records import (
    IMESSAGE_CHANNEL,
    ConversationRecord,
    MessageRecord,
    NumberRecord,
)
from phone.emulator.refusals import Refusal, invalid, not_found
from phone.emulator.screen import tell_conversation, tell_message

REGISTRATION = "https://agentphone.ai/register"
"""A stand-in for the link a 403 carries for the operator of an unregistered number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A request to send, its fields as AgentPhone names them."""

    from_number: str | None = None
    number_id: str | None = None
    agent_id: str | None = None
    to_number: str | None = None
    recipients: list[str] | None = None
    body: str = ""
    media_urls: tuple[str, ...] = ()
    reply_to_message_id: str | None = None
    send_style: str | None = None
    undelivered: str | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """What a send became. A carousel is several messages, everything else one.

    `reply_parent_unresolved` is true when it went out but not in thread, None when nobody asked.
    """

    messages: list[MessageRecord]
    conversation: ConversationRecord
    reply_parent_unresolved: bool | None


def send(line: Line, sending: Sending) -> Sent:
    """Send a message, or start a group with one. After a `Refusal` nothing has happened."""
    if not sending.body and not sending.media_urls:
        raise invalid("body", "is empty and there is no media; write words or add media_urls")
    for url in sending.media_urls:
        check_media_url("media_urls", url)
    number = _sender(line, sending)
    people, known = _destination(line, number, sending)
    channel = _channel(line, number, people, known, sending)
    _check_reply(line, known, sending)
    _check_channel(line, channel, sending)
    if line.switches.conversation_caps and channel == IMESSAGE_CHANNEL:
        caps.check(line, number, known, plain=not sending.media_urls and "://" not in sending.body)
    conversation = known or _open(line, number, people, channel, sending)
    messages = _store(line, conversation, channel, sending)
    unresolved = None
    if sending.reply_to_message_id is not None:
        unresolved = channel != IMESSAGE_CHANNEL
    return Sent(messages, conversation, unresolved)


def _sender(line: Line, sending: Sending) -> NumberRecord:
    """The number it leaves from: `from_number`, else `number_id`, else the agent's first."""
    numbers = line.active_numbers()
    if sending.from_number is not None:
        found = [number for number in numbers if number.phone_number == sending.from_number]
    elif sending.number_id is not None:
        found = [number for number in numbers if number.id == sending.number_id]
    elif sending.agent_id is not None:
        if sending.agent_id not in line.agents:
            raise not_found("Agent")
        found = line.active_numbers(sending.agent_id)
        if not found:
            raise Refusal(400, "The agent has no number; attach one to it first.")
    else:
        raise invalid("from_number", "is missing; give from_number, number_id or agent_id")
    if not found:
        raise Refusal(404, "Phone number not found.", code="PHONE_NUMBER_NOT_FOUND")
    if found[0].agent_id is None:
        raise Refusal(400, "The number belongs to no agent; attach it to one first.")
    return found[0]


def _destination(
    line: Line, number: NumberRecord, sending: Sending
) -> tuple[list[str], ConversationRecord | None]:
    """The people it goes to, and the conversation with them if there is one already."""
    if (sending.to_number is None) == (sending.recipients is None):
        raise invalid("to_number", "and recipients: give one, a chat or the people of a new group")
    if sending.recipients is not None:
        return _recipients(line, number, sending.recipients), None
    to_number = sending.to_number or ""
    if to_number.startswith("grp_"):
        group = line.conversation_with(number, to_number)
        if group is None:
            raise not_found("Group")
        return group.members, group
    person = _reachable(number, "to_number", to_number)
    return [person], line.conversation_with(number, person)


def _recipients(line: Line, number: NumberRecord, recipients: list[str]) -> list[str]:
    if number.type != "imessage":
        raise Refusal(400, "Groups can be started from iMessage numbers only.", field="recipients")
    people = list(dict.fromkeys(_reachable(number, "recipients", one) for one in recipients))
    if not 2 <= len(people) <= 32:
        raise invalid("recipients", f"names {len(people)} people; a group has 2 to 32")
    without = [person for person in people if not line.person(person).imessage]
    if without:
        raise Refusal(400, f"{without[0]} has no iMessage and cannot be in a group.")
    return people


def _reachable(number: NumberRecord, field: str, text: str) -> str:
    try:
        person = handle(text)
    except NoHandle as error:
        raise invalid(field, str(error)) from None
    if person in EMERGENCY:
        raise Refusal(403, "This destination is restricted.", field=field)
    if number.type != "imessage" and is_email(person):
        raise Refusal(
            400, "An e-mail address can be texted from iMessage numbers only.", field=field
        )
    if person == number.phone_number:
        raise Refusal(400, "The number cannot text itself.", field=field)
    return person


def _channel(
    line: Line,
    number: NumberRecord,
    people: list[str],
    known: ConversationRecord | None,
    sending: Sending,
) -> str:
    """`imessage` where everybody has it and last wrote by it, else `sms`, or `mms` with media."""
    if number.type == "imessage" and (
        known.channel == IMESSAGE_CHANNEL if known is not None else _all_on_imessage(line, people)
    ):
        return IMESSAGE_CHANNEL
    return "mms" if sending.media_urls else "sms"


def _all_on_imessage(line: Line, people: list[str]) -> bool:
    return all(line.person(one).imessage and not is_short_code(one) for one in people)


def _check_reply(line: Line, known: ConversationRecord | None, sending: Sending) -> None:
    """An unknown reply target rejects the whole send, as seen on the live service."""
    if sending.reply_to_message_id is None:
        return
    target = line.messages.get(sending.reply_to_message_id)
    is_there = target is not None and known is not None and target.conversation_id == known.id
    if not is_there or line.switches.reply_targets_gone:
        raise Refusal(404, "Reply target not found.", field="reply_to_message_id")


def _check_channel(line: Line, channel: str, sending: Sending) -> None:
    if channel == IMESSAGE_CHANNEL:
        if len(sending.media_urls) > 1 and sending.body:
            raise Refusal(
                400,
                "Several media on iMessage are a carousel, which has no text: leave body empty.",
                field="body",
            )
    elif not line.switches.sms_registered:
        raise Refusal(
            403, f"The number is not registered for SMS (10DLC). Register it at {REGISTRATION}"
        )


def _open(
    line: Line, number: NumberRecord, people: list[str], channel: str, sending: Sending
) -> ConversationRecord:
    if sending.recipients is not None:
        return open_group(line, number, people)
    kind = IMESSAGE_CHANNEL if channel == IMESSAGE_CHANNEL else "sms"
    return open_conversation(line, number, people[0], channel=kind)


def _store(
    line: Line, conversation: ConversationRecord, channel: str, sending: Sending
) -> list[MessageRecord]:
    """Put it on the line: one message, or one for each picture of a carousel."""
    on_imessage = channel == IMESSAGE_CHANNEL
    pictures = [[url] for url in sending.media_urls] if on_imessage else [list(sending.media_urls)]
    undelivered = sending.undelivered or foresee(line, channel, conversation.people)
    messages = []
    for media_urls in pictures or [[]]:
        message = MessageRecord(
            id=line.new_id(),
            conversation_id=conversation.id,
            number_id=conversation.number_id,
            direction="outbound",
            from_number=conversation.phone_number,
            to_number=conversation.participant,
            body=sending.body,
            channel=channel,
            media_urls=media_urls,
            at=line.now(),
            reply_to_message_id=sending.reply_to_message_id if on_imessage else None,
            send_style=sending.send_style if on_imessage else None,
            status="sent",
            undelivered=undelivered,
        )
        messages.append(line.add("message", message.id, message))
    _land(line, conversation, messages)
    return messages


def _land(line: Line, conversation: ConversationRecord, messages: list[MessageRecord]) -> None:
    is_new = len(line.messages_of[conversation.id]) == len(messages)
    conversation.last_message_at = line.now()
    conversation.streak += 1
    line.touch("conversation", conversation.id)
    if is_new:
        tell_conversation(line, conversation)
    hide_typing(line, conversation.id)
    for message in messages:
        tell_message(line, message)
        follow(line, message)
