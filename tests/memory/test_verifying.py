"""A code is checked where a text is stored, on either database, and is itself stored nowhere."""

from __future__ import annotations

import pytest
from sqlmodel import Session, select

from memory.tables import Event, Message
from memory.turns import claim
from memory.verifying import KEPT_FOR, Verification, forget_codes, keep_code, verified
from tests.memory.conftest import Database
from tests.memory.people import ANA, NOW, deliver, inbound


def send_code(database: Database, code: str = "123456") -> None:
    """Ana has written, and a code has been sent to her."""

    def work(session: Session) -> None:
        deliver(session, inbound("close it"))
        mine = claim(session, owner="w1", now=NOW)
        assert mine is not None
        kept = keep_code(session, claim=mine, participant=ANA, code=code, tool="close", now=NOW)
        assert isinstance(kept, int)

    database(work)


def stored(database: Database, text: str, **fields: str) -> str:
    """What is stored of a text of hers."""

    def work(session: Session) -> str:
        body = f'{{"body": "{text}"}}'.encode()
        receipt = deliver(session, inbound(text, **fields), body=body)
        message = session.exec(select(Message).where(Message.ref == receipt.ref)).one()
        event = session.get_one(Event, message.event_id)
        assert b"123456" not in event.body and b"123 456" not in event.body
        return message.text

    return database(work)


@pytest.mark.parametrize(
    ("text", "fields", "kept"),
    [
        ("it's 123 456", {}, "it's [a code: right]"),
        ("123457", {}, "[a code: wrong, 4 tries left]"),
        ("123457 or 123456", {}, "[a code: wrong, 4 tries left] or [a code: wrong, 4 tries left]"),
        ("123456", {"from_handle": "a@b.example"}, "[a code: not from where it was asked for]"),
        ("at 10:30", {}, "at 10:30"),
    ],
)
def test_what_a_text_has_of_a_code_is_tried_and_taken_out(
    database: Database, text: str, fields: dict[str, str], kept: str
):
    send_code(database)
    assert stored(database, text, **fields) == kept

    def proof(session: Session) -> bool:
        row = session.exec(select(Verification)).one()
        about = {"mailbox_id": row.mailbox_id, "participant": ANA}
        return verified(session, **about, now=NOW) is not None  # type: ignore[arg-type]

    assert database(proof) is kept.endswith("right]")


def test_in_another_conversation_six_digits_are_conversation_and_codes_are_forgotten_in_time(
    database: Database,
):
    send_code(database)

    def elsewhere(session: Session) -> str:
        deliver(session, inbound("order 123456", from_handle="+14155550124", conversation_id="c2"))
        return session.exec(select(Message.text).where(Message.text == "order 123456")).one()

    assert database(elsewhere) == "order 123456"
    late = NOW + KEPT_FOR.total_seconds() + 1
    database(lambda s: forget_codes(s, now=late))
    assert database(lambda s: s.exec(select(Verification)).all()) == []
