"""`threedots conversations`: found, taken over, paused and given back from a terminal."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select
from typer.testing import CliRunner, Result

from memory import engines
from memory.audit import AuditEntry
from memory.silence import silence_in
from memory.tables import Mailbox
from memory.takeovers import flag
from tests.house import ANA, House, run, script
from threedots import app


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database in which one conversation was had; the commands' own."""

    async def story(house: House) -> None:
        await house.text("hi \x1b[2Jthere")
        await house.settled(turns=1)

    run(story, script("hello"), folder=tmp_path)
    url = f"sqlite:///{tmp_path / 'phone.db'}"
    monkeypatch.setenv("DATABASE_URL", url)
    return url


def threedots(*words: str) -> Result:
    return CliRunner().invoke(app, ["conversations", *words])


def seen(url: str, work: Any) -> Any:
    engine = engines.writer_engine(engines.database(url))
    with Session(engine) as session, session.begin():
        found = work(session)
    engine.dispose()
    return found


def code(url: str) -> str | None:
    silence = seen(url, partial(silence_in, mailbox_id=1))
    return silence and silence.code


def test_a_conversation_is_listed_shown_taken_over_and_handed_back(database: str):
    [one] = json.loads(threedots("list", "--json").stdout)
    assert (one["participant"], one["preview"]) == (ANA, "You: hello")
    assert ANA in threedots("list", "--search", "there").stdout
    assert "no such" in threedots("list", "--search", "nowhere").stdout
    shown = threedots("show", one["key"]).stdout
    assert "agent: hello   [confirmed]" in shown
    assert "\x1b" not in shown, "nobody's words move the operator's cursor"
    assert threedots("takeover", ANA).exit_code == 0
    assert code(database) == "taken_over"
    assert "held by command line" in threedots("list").stdout
    assert threedots("resume", ANA).exit_code == 0
    assert code(database) is None
    entries = seen(database, lambda s: [e.action for e in s.exec(select(AuditEntry))])
    assert entries == [
        *("list", "search", "search", "read", "take over", "list", "resume"),
    ]


@pytest.mark.parametrize("which", [ANA, "--all"])
def test_the_agent_is_paused_and_speaks_again(database: str, which: str):
    assert threedots("pause", which).exit_code == 0
    assert code(database) == "paused"
    assert threedots("resume", which).exit_code == 0
    assert code(database) is None
    assert threedots("resume", which).exit_code == 1, "there was nothing to resume"


def test_resuming_all_leaves_a_person_what_they_hold(database: str):
    threedots("takeover", ANA)
    threedots("pause", "--all")
    threedots("resume", "--all")
    assert code(database) == "taken_over"


def test_what_waits_for_a_person_is_found_and_given_back(database: str):
    seen(database, partial(flag, mailbox_id=1, by="crisis", why="a crisis word", now=0.0))
    assert "waits for a person" in threedots("list", "--standing", "waiting").stdout
    assert json.loads(threedots("list", "--standing", "taken_over", "--json").stdout) == []
    assert threedots("resume", ANA).exit_code == 0
    assert code(database) is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("pause",), "Name one conversation, or say --all"),
        (("resume", ANA, "--all"), "Name one conversation, or say --all"),
    ],
)
def test_one_conversation_or_all_has_to_be_said(words: tuple[str, ...], said: str):
    done = threedots(*words)
    assert done.exit_code == 2
    assert said in done.stderr


def test_an_unknown_conversation_is_said_to_be_unknown(database: str):
    done = threedots("show", "nobody")
    assert "There is no conversation nobody" in str(done.exception)
    assert seen(database, lambda s: s.exec(select(AuditEntry)).all()) == []
    assert seen(database, lambda s: len(s.exec(select(Mailbox)).all())) == 1
