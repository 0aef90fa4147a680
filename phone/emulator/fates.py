"""What becomes of a message once it is sent: delivered, read, or failed, on the twin's clock."""

from __future__ import annotations

from functools import partial

from phone.emulator.line import Line
from phone.emulator.records import MessageRecord
from phone.emulator.screen import tell_message

DELIVERED_AFTER = 0.5
"""Seconds from sent to delivered (or failed)."""

READ_AFTER = 2.0
"""Seconds from sent to read, by people with receipts on iMessage."""

STOPPED = "Blocked by the carrier: the recipient texted STOP."


def follow(line: Line, message: MessageRecord) -> None:
    """Plan what becomes of a message of ours."""
    if message.status == "sent":
        line.agenda.at(message.at + DELIVERED_AFTER, partial(_arrive, line, message))


def foresee(line: Line, channel: str, people: list[str]) -> str | None:
    """Why a message that is being sent will not arrive; None when it will."""
    on_sms = channel != "imessage"
    for person in map(line.person, people):
        if not person.reachable:
            return "The recipient cannot be reached."
        if on_sms and person.opted_out and line.switches.carrier_stop:
            return STOPPED
    return None


def follow_all(line: Line) -> None:
    """Plan again for what an earlier line left under way."""
    for message in line.messages.values():
        follow(line, message)
        _plan_reading(line, message)


def _arrive(line: Line, message: MessageRecord) -> None:
    if message.undelivered is not None:
        message.status, message.failure_reason = "failed", message.undelivered
        message.error_code = "CARRIER_ERROR"
    else:
        message.status = "delivered"
        message.delivered_at = round(message.at + DELIVERED_AFTER, 3)
        message.delivered_channel = message.channel
    _changed(line, message)
    _plan_reading(line, message)


def _plan_reading(line: Line, message: MessageRecord) -> None:
    if message.status == "delivered" and message.read_at is None and _reads(line, message):
        line.agenda.at(message.at + READ_AFTER, partial(_read, line, message))


def _reads(line: Line, message: MessageRecord) -> bool:
    if message.channel != "imessage":
        return False
    people = line.conversations[message.conversation_id].people
    return any(line.person(handle).receipts for handle in people)


def _read(line: Line, message: MessageRecord) -> None:
    message.read_at = round(message.at + READ_AFTER, 3)
    _changed(line, message)


def _changed(line: Line, message: MessageRecord) -> None:
    line.touch("message", message.id)
    tell_message(line, message)
