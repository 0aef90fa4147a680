"""What is found of broken promises in the rows, on both databases: planted, one at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from memory.promises import PROMISES, broken
from memory.tables import Bubble, BubbleState, Consent, Mailbox, Message, ToolCall, Turn
from phone.clock import utc
from tests.memory.conftest import Database
from tests.memory.people import NOW, deliver, inbound

LATER = NOW + 7200
KEPT = dict.fromkeys(PROMISES, 0)


def a_day(session: Session) -> None:
    """Ana wrote, was answered, said STOP and START, and was answered again."""
    for seconds, text in ((0, "hi"), (100, "STOP"), (200, "START"), (300, "hello again")):
        deliver(session, inbound(text), now=NOW + seconds)
    box = session.exec(select(Mailbox)).one()
    box.due_at = None
    for message in session.exec(select(Message)):
        message.state, message.outcome = "settled", "answered"
    session.add(Turn(id="t1", mailbox_id=box.id or 0, epoch=1, started_at=utc(NOW)))
    session.flush()
    for position, (seconds, kind) in enumerate([(1, "reply"), (101, "notice"), (301, "reply")]):
        session.add(bubble(session, position, kind=kind, dispatched_at=utc(NOW + seconds)))
    call = {"turn_id": "t1", "call_id": "c1", "name": "order", "started_at": utc(NOW)}
    session.add_all([ToolCall(**call, state="unknown"), ToolCall(**call, state="done")])
    session.flush()


def bubble(session: Session, position: int, **fields: Any) -> Bubble:
    box = session.exec(select(Mailbox)).one()
    return Bubble(
        **{
            "id": f"b{position}", "mailbox_id": box.id, "turn_id": "t1", "position": position,
            "ref": 100 + position, "state": BubbleState.CONFIRMED, "created_at": utc(NOW),
            "expires_at": utc(NOW + 600), **fields,
        }
    )  # fmt: skip


def said_after_stop(session: Session) -> None:
    session.get_one(Bubble, "b2").dispatched_at = utc(NOW + 150)


def done_twice(session: Session) -> None:
    for call in session.exec(select(ToolCall)):
        call.state = "done"


def forgotten(session: Session) -> None:
    session.exec(select(Message)).first().state = "waiting"  # type: ignore[union-attr]


def stuck(session: Session) -> None:
    session.get_one(Bubble, "b2").state = "dispatched"


def unasked(session: Session) -> None:
    session.add(bubble(session, 7, turn_id=None, dispatched_at=utc(NOW + 400)))


@pytest.mark.parametrize(
    ("plant", "promise"),
    [
        (said_after_stop, "silence_after_stop"), (done_twice, "no_tool_twice"),
        (forgotten, "nobody_forgotten"), (stuck, "no_bubble_stuck"),
        (unasked, "nobody_texted_first"),
    ],
)  # fmt: skip
def test_a_promise_that_was_broken_is_found_and_the_others_were_kept(
    database: Database, plant: Any, promise: str
):
    database(a_day)
    assert database(lambda s: broken(s, now=LATER)) == KEPT
    database(plant)
    assert database(lambda s: broken(s, now=LATER)) == KEPT | {promise: 1}


def test_what_left_in_the_very_moment_of_a_stop_and_what_is_long_past_alarm_nobody(
    database: Database,
):
    def close(session: Session) -> None:
        a_day(session)
        stop = session.exec(select(Consent).where(Consent.opted_out)).one()
        session.get_one(Bubble, "b2").dispatched_at = stop.at + timedelta(milliseconds=400)

    database(close)
    assert database(lambda s: broken(s, now=LATER)) == KEPT
    database(said_after_stop)
    assert database(lambda s: broken(s, now=NOW + 26 * 3600)) == KEPT
