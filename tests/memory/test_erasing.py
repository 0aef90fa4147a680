"""Erasing, as rows, on both databases."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from agent.erasing import scrub
from memory import belongings, engines, erasures
from memory.after_restore import Ledgers, Settled, join_ledgers
from memory.catching_up import ReadBack, take_in
from memory.consents import latest_consent, opted_out, record_consent, stops_of
from memory.erasing import OWNER, erase, let_go, stop
from memory.erasing_group import remembered_of, without
from memory.past import note
from memory.persons import Person, find, handle_of
from memory.sources import FactSource
from memory.tables import (
    Bubble,
    Consent,
    DeadLetter,
    Event,
    Mailbox,
    Message,
    MetadataEntry,
    MetadataKind,
)
from memory.turns import LeaseLost, claim, take
from phone.clock import utc
from phone.types import Conversation
from phone.types import Message as StoredMessage
from tests.memory.conftest import Database
from tests.memory.people import ANA, BEN, NOW, OURS, bubble, deliver, in_group, inbound


def person(database: Database, who: str = ANA) -> Person:
    found = database(lambda session: find(session, who))
    assert found is not None
    return found


def rows(database: Database, table: type) -> list:
    return database(lambda session: list(session.exec(select(table))))


def test_every_table_is_somebodys_or_is_said_to_be_nobodys():
    assert belongings.tables_by_column()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [(" +1 (415) 555-0123 ", ANA), ("Ana@Example.COM", "ana@example.com"), ("conv_1", "conv_1"),
     ("+x", "+x")],
)  # fmt: skip
def test_a_handle_is_understood_however_it_is_typed(typed: str, kept: str):
    assert handle_of(typed) == kept


def test_nobody_is_found_of_whom_nothing_is_kept(database: Database):
    database(lambda s: deliver(s, inbound()))
    assert database(lambda s: find(s, BEN)) is None
    assert database(lambda s: find(s, "conv_nobody")) is None


def test_one_person_with_two_handles_in_one_conversation_is_one(database: Database):
    database(lambda s: deliver(s, inbound("from my phone")))
    database(lambda s: deliver(s, inbound("by mail", from_handle="ana@example.com")))
    by_mail = inbound("old", from_handle="ana@example.com", conversation_id="conv_2")
    database(lambda s: deliver(s, by_mail))
    assert person(database).handles == (ANA, "ana@example.com")
    assert len(person(database, "conv_2").mailbox_ids) == 2


def test_erasing_leaves_others_alone_and_says_what_went(database: Database):
    for message in (inbound("a"), inbound("b", from_handle=BEN, conversation_id="conv_ben")):
        database(lambda s, m=message: deliver(s, m, body=m.text.encode() + m.from_handle.encode()))
    box = next(one for one in rows(database, Mailbox) if one.participant == ANA)
    database(lambda s: bubble(s, s.merge(box)) and None)
    letter = DeadLetter(
        webhook_id="w", reason="r", digest="d", body=f'"{ANA}"'.encode(), received_at=utc(NOW)
    )
    database(lambda s: s.add(letter))
    done = database(lambda s: erase(s, person(database), now=NOW))
    assert done == {"bubble": 1, "dead_letter": 1, "event": 1, "mailbox": 1, "message": 1}
    assert [box.participant for box in rows(database, Mailbox)] == [BEN]
    assert sorted(event.body for event in rows(database, Event)) == [b"", f"b{BEN}".encode()]
    assert rows(database, Bubble) == rows(database, DeadLetter) == []


def test_what_they_had_said_of_consent_holds_under_their_hash(database: Database):
    database(lambda s: record_consent(s, ANA, opted_out=True, how="keyword", now=NOW))
    database(lambda s: erase(s, person(database), now=NOW))
    [entry] = rows(database, Consent)
    assert ANA not in str(entry)
    latest = database(lambda s: latest_consent(s, ANA))
    assert latest is not None and latest.opted_out
    assert database(lambda s: latest_consent(s, BEN)) is None
    assert database(lambda s: deliver(s, inbound("hello?"))).is_due is False
    database(lambda s: record_consent(s, ANA, opted_out=False, how="keyword", now=NOW))
    latest = database(lambda s: latest_consent(s, ANA))
    assert latest is not None and not latest.opted_out


def test_whoever_works_on_it_has_lost_it_and_gets_it_back_when_nothing_came_of_it(
    database: Database,
):
    database(lambda s: deliver(s, inbound()))
    held = database(lambda s: claim(s, owner="w1", now=NOW))
    database(lambda s: stop(s, person(database), now=NOW))
    with pytest.raises(LeaseLost):
        database(lambda s: take(s, held, turn_id="t", kind="live", now=NOW))
    assert database(lambda s: claim(s, owner="w2", now=NOW)) is None
    assert rows(database, Mailbox)[0].lease_owner == OWNER
    database(lambda s: let_go(s, person(database)))
    assert database(lambda s: claim(s, owner="w2", now=NOW)) is not None


def test_what_was_written_before_is_never_read_back_in(database: Database):
    database(lambda s: deliver(s, inbound("old", message_id="msg_old")))
    database(lambda s: erase(s, person(database), now=NOW + 60))
    conversation = Conversation(id="conv_ana", phone_number=OURS, participant=ANA)
    said = [
        StoredMessage(
            id=f"msg_{name}", body=name, from_number=ANA, direction="inbound",
            received_at=utc(NOW + after),
        )
        for name, after in (("old", 0), ("unheard", 30), ("new", 90))
    ]  # fmt: skip
    database(lambda s: take_in(s, [ReadBack(conversation, said)], now=NOW + 100))
    assert [message.text for message in rows(database, Message)] == ["new"]


def test_a_member_of_a_group_is_erased_out_of_it_and_the_group_whole_by_its_id(database: Database):
    database(lambda s: deliver(s, in_group("from Ana")))
    database(lambda s: deliver(s, in_group("from Ben", from_handle=BEN)))
    database(lambda s: erase(s, person(database), now=NOW))
    told = {(message.sender, message.text) for message in rows(database, Message)}
    assert told == {("erased", "[erased]"), (BEN, "from Ben")}
    assert rows(database, Mailbox)[0].lease_owner is None
    database(lambda s: erase(s, person(database, "grp_1"), now=NOW))
    assert rows(database, Message) == rows(database, Mailbox) == []


def test_what_a_group_remembers_of_a_member_goes_and_the_others_stay(database: Database):
    database(lambda s: deliver(s, in_group("my cat is called Mimi")))
    here = database(lambda s: deliver(s, in_group("I play the cello", from_handle=BEN))).mailbox_id
    facts = {"Has a cat called Mimi": ANA, "Plays the cello": BEN}
    state = {"v": 1, "rev": 3, "facts": list(facts), "summary": "Of cats and cellos."}

    def remember(session: Session) -> None:
        for ref, (fact, sender) in enumerate(facts.items(), start=1):
            session.add(
                FactSource(
                    mailbox_id=here, fact=fact, sender=sender, ref=ref, turn_id="t",
                    noted_at=utc(NOW),
                )
            )  # fmt: skip
        mailbox = session.get_one(Mailbox, here)
        mailbox.state = mailbox.state_seen = state
        session.add(mailbox)
        note(session, here, MetadataKind.READ, {"threedots": state}, now=NOW)

    database(remember)
    [told] = database(lambda s: remembered_of(s, person(database)))
    assert told.facts == ("Has a cat called Mimi",)
    there = without({"crm": 9, "threedots": state}, told.facts)
    assert there is not None and there["crm"] == 9
    assert (there["threedots"]["facts"], there["threedots"]["summary"]) == (["Plays the cello"], "")
    assert without(there, told.facts) is None, "there is nothing left to take away"
    database(lambda s: erase(s, person(database), now=NOW))
    [mailbox] = rows(database, Mailbox)
    assert mailbox.state["facts"] == mailbox.state_seen["facts"] == ["Plays the cello"]
    assert mailbox.state["summary"] == "" and rows(database, MetadataEntry) == []
    assert [source.fact for source in rows(database, FactSource)] == ["Plays the cello"]


def test_a_stop_of_somebody_erased_survives_a_restore_of_a_copy_that_knows_neither(
    tmp_path: Path, sqlite_file: Path
):
    file, copies = tmp_path / "list.jsonl", [tmp_path / "today.db", tmp_path / "yesterday.db"]
    opened = [
        engines.writer_engine(engines.database(f"sqlite:///{shutil.copy(sqlite_file, copy)}"))
        for copy in copies
    ]
    today, yesterday = map(Database, opened)
    today(lambda s: deliver(s, inbound("STOP")))
    who = person(today)
    stops = today(lambda s: stops_of(s, who.names))
    subjects = today(lambda s: erasures.note(s, who.names, now=NOW))
    erasures.append(file, subjects, stops=stops, now=NOW)
    today(lambda s: erase(s, who, now=NOW))
    assert ANA not in file.read_text()

    beside = Ledgers(erasures=erasures.listed_in(file), stopped=erasures.stopped_in(file))
    for _ in range(2):  # a restore that is begun anew
        settled = Settled()
        yesterday(lambda s, to=settled: join_ledgers(s, beside, to, now=NOW + 60))
    assert len(rows(yesterday, Consent)) == 1
    assert yesterday(lambda s: opted_out(s, ANA)) and not yesterday(lambda s: opted_out(s, BEN))
    assert not yesterday(lambda s: deliver(s, inbound("hello?"))).is_due
    for engine in opened:
        engine.dispose()


def test_the_list_of_erasures_is_read_as_it_was_written(tmp_path: Path, database: Database):
    file = tmp_path / "deep" / "list.jsonl"
    subjects = database(lambda s: erasures.note(s, [ANA, "conv_1"], now=NOW))
    erasures.append(file, subjects, now=NOW)
    assert file.stat().st_mode & 0o077 == 0
    assert erasures.listed_in(file) == [(subject, utc(NOW)) for subject in subjects]
    later = (subjects[0], utc(NOW) + timedelta(days=1))
    database(lambda s: erasures.put(s, [*erasures.listed_in(file), later]))
    assert len(rows(database, erasures.Erasure)) == 3
    file.write_text("{}\n")
    with pytest.raises(ValueError, match="line 1, is no entry"):
        erasures.listed_in(file)


def test_in_a_sqlite_file_the_words_are_written_over(tmp_path: Path, sqlite_file: Path):
    file = Path(shutil.copy(sqlite_file, tmp_path / "threedots.db"))
    engine = engines.writer_engine(engines.database(f"sqlite:///{file}"))
    database = Database(engine)
    words = "the safe opens with 4711 " * 20
    for number in range(20):
        database(lambda s, n=number: deliver(s, inbound(f"{words} {n}"), body=words.encode()))
    scrub(f"sqlite:///{file}")
    assert b"4711" in file.read_bytes()
    database(lambda s: erase(s, person(database), now=NOW))
    scrub(f"sqlite:///{file}")
    left = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"4711" not in left and ANA.encode() not in left
    engine.dispose()
