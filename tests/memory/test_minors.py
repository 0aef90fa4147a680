"""Flags of minors and the yearly count of crises, as rows and by command."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from memory import minors
from memory.alerts import Alert, listed, raise_alert, resolve_one
from memory.crises import crises_by_year
from memory.erasing import erase
from memory.minors import MinorFlag, NoSuchFlag
from memory.persons import find
from memory.store import Store
from tests.memory.conftest import Database
from tests.memory.people import ANA, BEN, NOW, deliver, in_group, inbound
from threedots import app


def rows(database: Database, table: type) -> list:
    return database(lambda session: list(session.exec(select(table))))


def test_the_youngest_age_said_counts_and_older_claims_change_nothing(database: Database):
    for text in ("I'm 16", "I'm 17", "I'm 18 actually", "ok I'm 12", "no, I'm 14"):
        database(lambda s, t=text: deliver(s, inbound(t)))
    assert [flag.is_child for flag in rows(database, MinorFlag)] == [False, True]
    assert database(lambda s: minors.is_child(s, ANA))
    assert not database(lambda s: minors.is_minor(s, BEN))


def test_what_a_child_writes_starts_no_turn_on_any_number_and_no_tapback_does(database: Database):
    assert database(lambda s: deliver(s, inbound("I'm 11"))).is_due
    assert not database(lambda s: deliver(s, inbound("hello?", conversation_id="conv_2"))).is_due
    assert database(
        lambda s: deliver(s, inbound("hi", from_handle=BEN, conversation_id="c"))
    ).is_due
    assert database(lambda s: deliver(s, inbound("STOP"))).is_due


def test_somebody_who_had_opted_out_gets_no_words_and_a_person_is_called(database: Database):
    database(lambda s: deliver(s, inbound("STOP")))
    assert not database(lambda s: deliver(s, inbound("I'm 11"))).is_due
    assert [alert.kind for alert in rows(database, Alert)] == ["child"]


def test_nobody_is_taken_off_a_list_they_are_not_on(database: Database):
    with pytest.raises(NoSuchFlag, match="threedots minors list"):
        database(lambda s: minors.clear(s, BEN, by="test", now=NOW))


def test_an_open_alert_outlives_an_erasure_without_whom_it_was_about(database: Database):
    database(lambda s: deliver(s, inbound("I want to die")))
    person = database(lambda s: find(s, ANA))
    database(lambda s: erase(s, person, now=NOW))
    [alert] = rows(database, Alert)
    assert (alert.mailbox_id, alert.message_id, alert.resolved_at) == (None, None, None)
    [told] = database(listed)
    assert (told["participant"], told["conversation_id"]) == (None, None)
    assert crises_by_year_is(database) == [(1, 1)]
    database(lambda s: resolve_one(s, alert.id, by="test", now=NOW) and None)
    assert database(listed) == []
    assert crises_by_year_is(database) == [(1, 0)]


def crises_by_year_is(database: Database) -> list[tuple[int, int]]:
    return [(one["crises"], one["open"]) for one in database(crises_by_year)]


def test_crises_are_counted_by_year_and_nobody_is_named(database: Database):
    here = database(lambda s: deliver(s, inbound("hi"))).mailbox_id
    for year, kind in ((2025, "crisis"), (2026, "crisis"), (2026, "child")):
        now = datetime(year, 12, 31, 23, 59, tzinfo=UTC).timestamp()
        database(lambda s, k=kind, n=now: raise_alert(s, here, kind=k, pauses=True, now=n))
        if year == 2025:
            [first] = rows(database, Alert)
            database(lambda s, a=first.id, n=now: resolve_one(s, a, by="test", now=n) and None)
    database(lambda s: raise_alert(s, here, kind="crisis", pauses=True, now=now))
    counted = database(crises_by_year)
    assert counted == [
        {"year": 2026, "crises": 1, "referred": 0, "calls": 2, "seen_to": 0, "open": 1},
        {"year": 2025, "crises": 1, "referred": 0, "calls": 1, "seen_to": 1, "open": 0},
    ]
    [none] = database(lambda s: crises_by_year(s, year=2020))
    assert (none["year"], none["crises"]) == (2020, 0)


def test_in_a_group_of_several_one_minor_is_enough(database: Database):
    database(lambda s: deliver(s, in_group("I'm 15")))
    here = database(lambda s: deliver(s, in_group("hi", from_handle=BEN))).mailbox_id
    assert database(lambda s: minors.minors_in(s, here))


def test_an_operator_sees_flags_and_corrects_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    url = f"sqlite:///{tmp_path / 'threedots.db'}"
    monkeypatch.setenv("DATABASE_URL", url)

    def told(*arguments: str) -> str:
        done = CliRunner().invoke(app, arguments, catch_exceptions=False)
        assert done.exit_code == 0
        return done.output

    async def fill() -> None:
        async with Store(url) as store:
            await store.write(lambda s: deliver(s, inbound("I'm 12")) and None)
            await store.write(
                lambda s: (
                    deliver(s, inbound("I want to die", from_handle=BEN, conversation_id="b"))
                    and None
                )
            )

    asyncio.run(fill())
    assert f"child  {ANA}  by rule  stands" in told("minors", "list")
    assert "+14155550123 is texted with as anybody." in told("minors", "clear", "+1 415 555 0123")
    assert told("minors", "list") == "Nobody has said that they are under age.\n"
    assert "taken away" in told("minors", "list", "--all")
    told("minors", "flag", ANA)
    [flag] = json.loads(told("minors", "list", "--json"))
    assert (flag["participant"], flag["is_child"], flag["flagged_by"]) == (ANA, False, "command")
    assert "1 crises, 0 times told" in told("alerts", "report")
    [year] = json.loads(told("alerts", "report", "--json"))
    assert (year["crises"], ANA in str(year), BEN in str(year)) == (1, False, False)
    assert "1 open" in told("alerts", "report", "--year", str(year["year"]))
