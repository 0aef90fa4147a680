"""Who comes first when more wait than can be answered at once, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlmodel import Session, col, select

from memory.in_line import behind_everybody
from memory.tables import Bubble, BubbleState, Mailbox
from memory.turns import claim
from phone.clock import utc
from phone.types import InboundMessage
from tests.memory.conftest import Database
from tests.memory.people import NOW, deliver, in_group, inbound, mailbox


def from_somebody(name: str, said: str = "hi") -> InboundMessage:
    return inbound(said, conversation_id=name, from_handle=f"{name}@example.com")


def met(session: Session, name: str) -> None:
    """A conversation in which we have answered before."""
    box = mailbox(session, conversation_id=name, participant=f"{name}@example.com", address=name)
    session.add(
        Bubble(
            id=name, mailbox_id=box.id or 0, position=1, ref=1, state=BubbleState.CONFIRMED,
            message_id=f"out_{name}", created_at=utc(NOW), expires_at=utc(NOW),
        )
    )  # fmt: skip


def unasked(session: Session, *, now: float) -> None:
    """A text nobody has asked for waits to be sent to somebody we know."""
    met(session, "unasked")
    box = session.exec(select(Mailbox).where(Mailbox.conversation_id == "unasked")).one()
    box.claim_at, box.due_at = behind_everybody(box, now=now), utc(now)


def order(database: Database, *, now: float, only_urgent: bool = False) -> list[str | None]:
    """The conversations in the order in which they are claimed."""
    found = []
    while mine := database(lambda s: claim(s, owner="w", now=now, only_urgent=only_urgent)):
        box = database(lambda s, held=mine: s.get_one(Mailbox, held.mailbox_id))
        found.append(box.conversation_id)
    return found


def test_consent_comes_first_then_those_we_know_then_strangers_groups_and_what_nobody_asked_for(
    database: Database,
):
    database(lambda s: unasked(s, now=NOW))
    database(lambda s: met(s, "known"))
    for event in (
        in_group(), from_somebody("stranger"), from_somebody("known"), from_somebody("out", "STOP"),
    ):  # fmt: skip
        database(lambda s, e=event: deliver(s, e))
    found = order(database, now=NOW + 1)
    assert found == ["out", "known", "stranger", "conv_group", "unasked"]


@pytest.mark.parametrize(("seconds", "first"), [(29.0, "known"), (31.0, "stranger")])
def test_a_stranger_lets_those_we_know_past_for_half_a_minute(
    database: Database, seconds: float, first: str
):
    database(lambda s: met(s, "known"))
    database(lambda s: deliver(s, from_somebody("stranger")))
    database(lambda s: deliver(s, from_somebody("known"), now=NOW + seconds))
    assert order(database, now=NOW + 60)[0] == first


def test_who_waits_keeps_their_place_when_they_write_on_and_stop_takes_them_to_the_front(
    database: Database,
):
    for name, now in (("one", NOW), ("two", NOW + 1), ("one", NOW + 2)):
        database(lambda s, n=name, at=now: deliver(s, from_somebody(n), now=at))
    assert order(database, now=NOW + 3) == ["one", "two"]
    database(lambda s: deliver(s, from_somebody("two", "HELP"), now=NOW + 4))
    assert order(database, now=NOW + 60, only_urgent=True) == ["two"]


def test_words_that_are_answered_at_once_do_not_keep_that_place_for_the_next_text(
    database: Database,
):
    database(lambda s: deliver(s, from_somebody("one", "HELP")))

    def answered(session: Session) -> None:
        session.exec(select(Mailbox)).one().due_at = None

    database(answered)
    database(lambda s: deliver(s, from_somebody("one"), now=NOW + 1))
    [place] = database(lambda s: s.exec(select(col(Mailbox.claim_at))).all())
    assert place > datetime(2020, 1, 1, tzinfo=UTC)


def test_the_next_in_line_is_found_by_an_index(database: Database):
    asked = (
        "SELECT id FROM mailbox WHERE due_at IS NOT NULL AND "
        "(leased_until IS NULL OR leased_until <= '2030-01-01') ORDER BY claim_at, id LIMIT 1"
    )

    def plan(session: Session) -> str:
        if database.engine.dialect.name == "sqlite":
            return str(session.connection().execute(text(f"EXPLAIN QUERY PLAN {asked}")).all())
        # So small a table is read from end to end, unless that is forbidden.
        session.connection().execute(text("SET LOCAL enable_seqscan = off"))
        return str(session.connection().execute(text(f"EXPLAIN {asked}")).all())

    told = database(plan)
    assert "next_in_line" in told
    assert "TEMP B-TREE" not in told and "Sort" not in told
