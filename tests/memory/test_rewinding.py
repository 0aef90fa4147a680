"""A conversation put back in a copy of the database: what stays, what goes, what is cut."""

from __future__ import annotations

import itertools
from typing import Any

from sqlmodel import Session, col, select

from agent.history import earlier, past_of
from memory.catching_up import known
from memory.consents import opted_out, record_consent
from memory.rewinding import Point, rewind
from memory.tables import (
    Bubble,
    BubbleState,
    Mailbox,
    Message,
    MetadataEntry,
    MetadataKind,
    ToolCall,
    Transcript,
    Turn,
)
from memory.turns import claim, let_go, settle, take
from phone.clock import utc
from tests.memory.conftest import Database
from tests.memory.people import ANA, BEN, NOW, deliver, inbound, tapback

_ids = itertools.count(1)


def heard(session: Session, text: str, at: float, **fields: Any) -> str:
    """Ana writes; the message's id."""
    message = inbound(text, received_at=utc(NOW + at), **fields)
    deliver(session, message, now=NOW + at)
    return str(message.message_id)


def begin(session: Session, at: float) -> tuple[Any, Turn]:
    mine = claim(session, owner="w", now=NOW + at)
    assert mine is not None
    burst = take(session, mine, turn_id=f"turn_{next(_ids):04}", kind="local", now=NOW + at)
    assert burst is not None
    session.flush()
    return mine, burst.turn


def says(session: Session, turn: Turn, text: str, at: float) -> str:
    """The agent's bubble is on the line; its id."""
    mailbox = session.get_one(Mailbox, turn.mailbox_id)
    number = next(_ids)
    bubble = Bubble(
        id=f"bub_{number}",
        mailbox_id=turn.mailbox_id,
        turn_id=turn.id,
        position=number,
        ref=mailbox.next_ref,
        text=text,
        state=BubbleState.CONFIRMED,
        message_id=f"out_{number}",
        created_at=utc(NOW + at),
        expires_at=utc(NOW + at + 600),
        dispatched_at=utc(NOW + at),
        finished_at=utc(NOW + at + 0.1),
    )
    mailbox.next_ref += 1
    session.add_all([bubble, mailbox])
    session.flush()
    return f"out_{number}"


def end(session: Session, mine: Any, turn: Turn, at: float, *facts: str, rev: int = 1) -> None:
    """The turn has thought, called a tool, remembered and saved."""
    session.add(ToolCall(turn_id=turn.id, call_id="c1", name="remember", started_at=utc(NOW + at)))
    state = {"v": 1, "rev": rev, "facts": list(facts)}
    before = {"v": 1, "rev": rev - 1, "facts": list(facts[:-1])}
    said = [{"kind": "response", "parts": [{"part_kind": "text", "content": "thought"}]}]
    settle(
        session,
        mine,
        turn.id,
        outcome="answered",
        now=NOW + at,
        messages=said,
        memory_before=before,
        memory_after=state,
        memory_saved=True,
    )
    mailbox = session.get_one(Mailbox, turn.mailbox_id)
    mailbox.state = mailbox.state_seen = state
    entry = MetadataEntry(
        mailbox_id=turn.mailbox_id,
        kind=MetadataKind.WRITTEN,
        content="{}",
        rev=rev,
        at=utc(NOW + at),
    )
    session.add_all([mailbox, entry])
    let_go(session, mine, now=NOW + at)


def exchange(session: Session, text: str, at: float, *facts: str, rev: int = 1) -> tuple[str, str]:
    """Ana writes and is answered in two bubbles; the ids of her message and of the last bubble."""
    message_id = heard(session, text, at)
    mine, turn = begin(session, at + 1)
    says(session, turn, f"first about {text}", at + 2)
    last = says(session, turn, f"second about {text}", at + 3)
    end(session, mine, turn, at + 4, *facts, rev=rev)
    return message_id, last


def two_exchanges(session: Session) -> None:
    exchange(session, "one", 0, "F1", rev=1)
    exchange(session, "two", 100, "F1", "F2", rev=2)


def on_the_line(session: Session) -> dict[str, float]:
    """Every message with an id and when it was written, oldest first."""
    texts = session.exec(select(Message).where(col(Message.message_id).is_not(None))).all()
    bubbles = session.exec(select(Bubble).where(col(Bubble.message_id).is_not(None))).all()
    told = {str(one.message_id): one.received_at.timestamp() for one in texts}
    told |= {str(b.message_id): b.dispatched_at.timestamp() for b in bubbles if b.dispatched_at}
    return dict(sorted(told.items(), key=lambda entry: entry[1]))


def after(session: Session, place: int) -> Point:
    """Right after the message at this place of the line."""
    told = list(on_the_line(session).items())[: place + 1]
    return Point(dict(told), told[-1][0])


def before(session: Session, place: int) -> Point:
    told = list(on_the_line(session).items())
    return Point(dict(told[:place]), told[place][0], is_before=True)


def words(session: Session) -> list[str]:
    """What the model is told of the talk so far."""
    mailbox = session.exec(select(Mailbox)).one()
    past = earlier(past_of(session, mailbox.id or 0))
    contents = [str(getattr(part, "content", "")) for one in past for part in one.parts]
    return [content.rpartition("]\n")[2] for content in contents]


def rows(session: Session, table: type[Any]) -> list[Any]:
    return list(session.exec(select(table).order_by(table.id)).all())


def test_after_the_last_bubble_of_a_turn_all_of_it_stays_and_what_follows_is_gone(
    database: Database,
):
    database(two_exchanges)

    def story(session: Session) -> None:
        ended_at = rewind(session, "conv_ana", to=after(session, 2))
        assert ended_at == NOW + 4
        assert words(session) == ["one", "thought"]
        assert [turn.memory_after["facts"] for turn in rows(session, Turn)] == [["F1"]]
        assert len(rows(session, Transcript)) == len(rows(session, ToolCall)) == 1
        assert [entry.rev for entry in rows(session, MetadataEntry)] == [1]
        mailbox = session.exec(select(Mailbox)).one()
        assert mailbox.state == mailbox.state_seen == {"v": 1, "rev": 1, "facts": ["F1"]}
        assert mailbox.state_saved
        assert (mailbox.due_at, mailbox.lease_owner, mailbox.leased_until) == (None, None, None)
        assert mailbox.next_ref == 7

    database(story)


def test_a_turn_cut_in_the_middle_is_told_by_the_bubbles_that_stay(database: Database):
    database(two_exchanges)

    def story(session: Session) -> None:
        rewind(session, "conv_ana", to=after(session, 4))
        assert words(session) == ["one", "thought", "two", "first about two"]
        whole, cut = rows(session, Turn)
        assert (cut.messages, cut.state, cut.outcome) == (None, "settled", "answered")
        assert cut.memory_after == cut.memory_before
        assert [call.turn_id for call in rows(session, ToolCall)] == [whole.id]
        assert [record.turn_id for record in rows(session, Transcript)] == [whole.id]
        assert session.exec(select(Mailbox)).one().state == whole.memory_after

    database(story)


def test_right_before_what_a_person_wrote_all_earlier_turns_are_whole(database: Database):
    database(two_exchanges)

    def story(session: Session) -> None:
        rewind(session, "conv_ana", to=before(session, 3))
        assert words(session) == ["one", "thought"]
        assert [message.text for message in rows(session, Message)] == ["one"]

    database(story)


def test_right_before_the_first_word_nothing_has_happened(database: Database):
    database(two_exchanges)

    def story(session: Session) -> None:
        assert rewind(session, "conv_ana", to=before(session, 0)) is None
        for table in (Message, Turn, Bubble, ToolCall, Transcript, MetadataEntry):
            assert rows(session, table) == []
        mailbox = session.exec(select(Mailbox)).one()
        assert (mailbox.state, mailbox.state_seen, mailbox.next_ref) == (None, None, 7)

    database(story)


def test_before_the_second_text_of_a_burst_the_first_stays_and_is_not_answered(
    database: Database,
):
    def burst(session: Session) -> None:
        heard(session, "one", 0)
        heard(session, "more", 0.5)
        mine, turn = begin(session, 1)
        says(session, turn, "answer", 2)
        end(session, mine, turn, 3, "F1")

    database(burst)

    def story(session: Session) -> None:
        rewind(session, "conv_ana", to=before(session, 1))
        assert words(session) == ["one"]
        (message,) = rows(session, Message)
        assert (message.state, message.outcome) == ("settled", "dropped(rewound)")
        assert message.turn_id is None
        assert rows(session, Turn) == []
        assert claim(session, owner="w", now=NOW + 500) is None

    database(story)


def test_a_turn_that_runs_just_now_is_cut_and_nothing_of_it_is_left_to_do(database: Database):
    def running(session: Session) -> None:
        exchange(session, "one", 0, "F1")
        heard(session, "two", 100)
        _, turn = begin(session, 101)
        says(session, turn, "on the line", 102)
        session.add(
            Bubble(
                id="waits",
                mailbox_id=turn.mailbox_id,
                turn_id=turn.id,
                position=10_000,
                ref=99,
                created_at=utc(NOW + 103),
                expires_at=utc(NOW + 900),
            )
        )

    database(running)

    def story(session: Session) -> None:
        rewind(session, "conv_ana", to=Point(on_the_line(session)))
        assert words(session)[-2:] == ["two", "on the line"]
        assert {turn.state for turn in rows(session, Turn)} == {"settled"}
        assert session.get(Bubble, "waits") is None
        assert claim(session, owner="w", now=NOW + 500) is None

    database(story)


def test_tapbacks_of_later_are_gone_and_those_of_before_stay(database: Database):
    def tapped(session: Session) -> None:
        _, last = exchange(session, "one", 0, "F1")
        deliver(session, tapback(last, "love", created_at=utc(NOW + 50)), now=NOW + 50)
        exchange(session, "two", 100, "F1", "F2", rev=2)
        deliver(session, tapback(last, "laugh", created_at=utc(NOW + 150)), now=NOW + 150)

    database(tapped)

    def story(session: Session) -> None:
        rewind(session, "conv_ana", to=before(session, 3))
        assert [one.reaction for one in rows(session, Message) if one.reaction] == ["love"]
        rewind(session, "conv_ana", to=after(session, 2))
        assert [one.reaction for one in rows(session, Message) if one.reaction] == []

    database(story)


def test_consent_of_later_is_gone_and_that_of_before_stays(database: Database):
    def stopped(session: Session) -> None:
        exchange(session, "one", 0, "F1")
        record_consent(session, BEN, opted_out=True, how="operator", now=NOW + 50)
        heard(session, "STOP", 100)

    database(stopped)

    def story(session: Session) -> None:
        assert opted_out(session, ANA)
        rewind(session, "conv_ana", to=before(session, 3))
        assert not opted_out(session, ANA)
        assert opted_out(session, BEN)

    database(story)


def test_other_conversations_are_not_in_the_copy(database: Database):
    def others(session: Session) -> None:
        two_exchanges(session)
        other = inbound("hi", from_handle=BEN, conversation_id="conv_ben")
        deliver(session, other)

    database(others)

    def story(session: Session) -> None:
        rewind(session, "conv_ana", to=after(session, 3))
        assert [box.conversation_id for box in rows(session, Mailbox)] == ["conv_ana"]
        assert {message.sender for message in rows(session, Message)} == {ANA}

    database(story)


def test_a_conversation_we_never_heard_of_leaves_nothing(database: Database):
    database(two_exchanges)

    def story(session: Session) -> None:
        kept = {"strange": NOW}
        assert rewind(session, "conv_new", to=Point(kept, "strange")) is None
        assert rows(session, Mailbox) == []
        assert known(session, kept) == {"strange"}, "it would be caught up and answered"

    database(story)


def test_what_the_agent_did_until_its_turn_ended_is_told_in_the_lines_time(database: Database):
    database(two_exchanges)

    def story(session: Session) -> None:
        hour = 3600.0
        told = list(on_the_line(session).items())[:3]
        point = Point({one: at + hour for one, at in told}, told[-1][0])
        assert rewind(session, "conv_ana", to=point) == NOW + 4 + hour

    database(story)


def test_right_before_a_turn_what_it_heard_is_gone(database: Database):
    def turns(session: Session) -> None:
        _, last = exchange(session, "one", 0, "F1")
        deliver(session, tapback(last, "like", created_at=utc(NOW + 50)), now=NOW + 50)

    database(turns)

    def story(session: Session) -> None:
        asked = session.exec(select(Message).where(Message.kind == "tapback")).one()
        asked.turn_id = "turn_of_the_tapback"
        session.add(
            Turn(
                id="turn_of_the_tapback",
                mailbox_id=asked.mailbox_id,
                epoch=9,
                started_at=utc(NOW + 51),
            )
        )
        session.flush()
        rewind(session, "conv_ana", to=Point(on_the_line(session), turn_id="turn_of_the_tapback"))
        assert [message.text for message in rows(session, Message)] == ["one"]
        assert len(rows(session, Turn)) == 1

    database(story)
