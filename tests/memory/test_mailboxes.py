import pytest
from sqlmodel import Session, SQLModel, col, select

from memory.mailboxes import address, find_mailbox
from memory.past import set_aside
from memory.tables import Bubble, Mailbox, Message, MetadataEntry, Turn, TurnState
from memory.takeovers import Takeover, take_over
from memory.turns import LeaseLost, claim, take
from phone.clock import utc
from tests.memory.conftest import Database
from tests.memory.people import (
    ANA,
    BEN,
    NOW,
    OURS,
    bubble,
    deliver,
    in_group,
    inbound,
    mailbox,
    tapback,
)

WHERE = address(OURS, ANA)


def boxes(session: Session) -> list[Mailbox]:
    return list(session.exec(select(Mailbox).order_by(col(Mailbox.id))))


def refs(session: Session) -> dict[str, int]:
    messages = {row.text: row.ref for row in session.exec(select(Message))}
    return messages | {row.text: row.ref for row in session.exec(select(Bubble))}


def test_without_an_id_a_conversation_is_found_by_its_address(database: Database):
    database(lambda s: deliver(s, inbound(conversation_id=None)))
    database(lambda s: deliver(s, inbound(conversation_id=None)))
    [box] = database(boxes)
    assert (box.conversation_id, box.address, box.next_ref) == (None, WHERE, 3)


def test_the_id_is_learnt_when_a_message_tells_it(database: Database):
    database(lambda s: deliver(s, inbound(conversation_id=None)))
    database(lambda s: deliver(s, inbound()))
    database(lambda s: deliver(s, inbound(conversation_id=None)))
    [box] = database(boxes)
    assert (box.conversation_id, box.next_ref) == ("conv_ana", 4)


def test_a_group_and_the_same_person_alone_are_two_conversations(database: Database):
    database(lambda s: deliver(s, inbound(conversation_id=None)))
    database(lambda s: deliver(s, in_group(conversation_id=None)))
    assert [box.is_group for box in database(boxes)] == [False, True]


def test_another_conversation_at_the_same_address_is_not_taken_for_it(database: Database):
    database(lambda s: deliver(s, inbound(conversation_id="conv_old")))
    database(lambda s: deliver(s, inbound(conversation_id="conv_new")))
    database(lambda s: deliver(s, inbound(conversation_id=None)))
    assert [box.next_ref for box in database(boxes)] == [2, 3], "the newer one is meant"


def test_a_tapback_in_a_group_is_not_taken_for_the_person_alone(database: Database):
    database(lambda s: deliver(s, inbound(conversation_id=None)))
    receipt = database(lambda s: deliver(s, tapback("msg_x", conversation_id="conv_group")))
    assert receipt.result == "ignored"
    assert database(boxes)[0].conversation_id is None


def test_a_payload_that_leaves_out_the_group_does_not_lead_to_it_by_the_person(database: Database):
    database(lambda s: deliver(s, in_group("hi all")))
    database(lambda s: deliver(s, inbound("and this", conversation_id="conv_group")))
    database(lambda s: deliver(s, inbound("just for you", conversation_id=None)))
    group, alone = database(boxes)
    assert (group.is_group, group.next_ref, group.address) == (True, 3, f"{OURS}|grp_1")
    assert (alone.is_group, alone.address) == (False, WHERE)


def test_our_number_is_learnt_when_a_later_payload_names_it(database: Database):
    database(lambda s: deliver(s, inbound(to_number="")))
    database(lambda s: deliver(s, inbound()))
    database(lambda s: deliver(s, inbound(to_number="")))
    [box] = database(boxes)
    assert (box.number, box.address) == (OURS, WHERE)


def two_of_one(session: Session) -> tuple[Mailbox, Mailbox]:
    """What two replicas make of a person's first two messages, only one of which tells the id."""
    named = mailbox(session, next_ref=3, created_at=utc(NOW + 1))
    nameless = mailbox(session, conversation_id=None, next_ref=4, due_at=utc(NOW), state={"v": 1})
    for box, ref, text in [(named, 1, "b"), (nameless, 1, "a"), (nameless, 3, "c")]:
        session.add(
            Message(
                mailbox_id=box.id or 0,
                ref=ref,
                sender=ANA,
                text=text,
                received_at=utc(NOW),
                stored_at=utc(NOW),
            )
        )
    bubble(session, named, "ours", ref=2, position=1)
    bubble(session, nameless, "late", ref=2, position=1)
    bubble(session, nameless, "later", ref=4, position=2)
    return named, nameless


def learn(session: Session) -> Mailbox | None:
    return find_mailbox(session, "conv_ana", where=WHERE)


def test_two_mailboxes_become_one_when_the_id_is_learnt(database: Database):
    database(two_of_one)
    database(learn)

    [box] = database(boxes)
    assert box.conversation_id == "conv_ana"
    assert (box.due_at, box.created_at, box.state) == (utc(NOW), utc(NOW), {"v": 1})
    moved = database(refs)
    assert moved["b"] == 1 and moved["ours"] == 2, "those of the one that stays keep their number"
    assert (moved["c"], moved["later"]) == (3, 4), "so do those that do not clash"
    assert {moved["a"], moved["late"]} == {6, 7} and box.next_ref == 8


def test_bubbles_of_the_folded_mailbox_follow_those_of_the_other(database: Database):
    database(two_of_one)
    database(learn)
    rows = database(lambda s: s.exec(select(Bubble).order_by(col(Bubble.position))).all())
    assert [row.text for row in rows] == ["ours", "late", "later"]
    assert len({row.position for row in rows}) == 3


def running(session: Session, box: Mailbox, turn_id: str) -> None:
    box.lease_owner, box.lease_epoch = "w", 1
    session.add(Turn(id=turn_id, mailbox_id=box.id or 0, epoch=1, started_at=utc(NOW)))


def test_the_mailbox_in_which_a_turn_runs_is_the_one_that_stays(database: Database):
    def arrange(session: Session) -> int | None:
        _, nameless = two_of_one(session)
        running(session, nameless, "t")
        return nameless.id

    nameless_id = database(arrange)
    kept = database(learn)
    [box] = database(boxes)
    assert kept is not None and kept.id == box.id == nameless_id
    assert box.conversation_id == "conv_ana" and box.lease_owner == "w"


def test_what_either_remembers_and_kept_aside_is_in_the_one_that_stays(database: Database):
    def arrange(session: Session) -> None:
        one, other = two_of_one(session)
        one.state = {"v": 1, "rev": 3, "facts": ["Has a dog"]}
        other.state = {"v": 1, "rev": 1, "facts": ["Likes tea"]}
        session.add_all([one, other])
        for box in (one, other):
            set_aside(session, box.id or 0, f"[{box.id}]", now=NOW)

    database(arrange)
    database(learn)
    [box] = database(boxes)
    assert box.state is not None
    assert (sorted(box.state["facts"]), box.state["rev"]) == (["Has a dog", "Likes tea"], 3)
    assert box.state_saved is False
    moved = database(lambda s: s.exec(select(MetadataEntry.mailbox_id)).all())
    assert moved == [box.id, box.id]


def test_while_a_turn_runs_in_both_they_stay_apart(database: Database):
    def arrange(session: Session) -> None:
        for box, name in zip(two_of_one(session), ("t1", "t2"), strict=True):
            running(session, box, name)

    database(arrange)
    kept = database(learn)
    assert kept is not None and kept.conversation_id == "conv_ana"
    assert [box.conversation_id for box in database(boxes)] == ["conv_ana", None]

    def end_one(session: Session) -> None:
        session.get_one(Turn, "t2").state = TurnState.SETTLED

    database(end_one)
    database(learn)
    assert len(database(boxes)) == 1
    assert set(database(lambda s: s.exec(select(Turn.mailbox_id)).all())) == {kept.id}


def test_a_worker_whose_mailbox_was_folded_away_has_lost_its_lease(database: Database):
    database(two_of_one)
    mine = database(lambda s: claim(s, owner="w", now=NOW))
    database(learn)
    assert mine is not None
    with pytest.raises(LeaseLost):
        database(lambda s: take(s, mine, turn_id="t", kind="live", now=NOW))


def test_the_messages_of_another_person_stay_where_they_are(database: Database):
    database(two_of_one)
    database(lambda s: deliver(s, inbound(conversation_id=None, from_handle=BEN)))
    database(learn)
    assert [box.participant for box in database(boxes)] == [ANA, BEN]


def test_whoever_holds_either_of_two_holds_the_one_that_stays(database: Database):
    def arrange(session: Session) -> None:
        for box, who in zip(two_of_one(session), ("Mia", "Tom"), strict=True):
            take_over(session, box.id or 0, by=who, now=NOW)

    database(arrange)
    database(learn)
    [box] = database(boxes)
    kept = database(lambda s: s.exec(select(Takeover).order_by(col(Takeover.id))).all())
    assert {one.mailbox_id for one in kept} == {box.id}
    assert sorted(one.ended_at is None for one in kept) == [False, True]


def test_every_table_that_points_at_a_mailbox_is_moved_with_it():
    pointing = {
        table.name
        for table in SQLModel.metadata.sorted_tables
        if any(key.column.table.name == "mailbox" for key in table.foreign_keys)
    }
    assert pointing == {
        *("alert", "message", "bubble", "turn", "metadata_entry", "transcript"),
        *("approval", "fact_source", "takeover", "pause", "verification"),
    }, "memory/mailboxes.py must move it as well"
