"""What was recorded is enough: to go on where it ended, and to be asked and expected again."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from evals.local import new_database
from evals.records.replaying import records_in
from evals.records.standing import set_up, standings
from evals.runs.collecting import collect
from memory.transcript import TurnRecord
from tests.evals.playing import run_suite
from tests.evals.test_replaying import shown
from tests.house import House, call, run, script
from threedots import app

NUMBER = "(415) 555-0123"
FIRST = [
    ["Let me note that.", call("remember", fact="Likes tea"), call("react", tapback="love")],
    "Noted!",
]


def play(text: str, answers: list[Any], folder: Path) -> list[Any]:
    """One more text on the database in this folder: what the model was asked, and told to do."""
    played = script(*answers)

    async def story(house: House) -> None:
        before = len(await house.records())
        await house.text(text)
        await house.settled(turns=before + 1)

    run(story, played, folder=folder)
    return [
        (shown(seen), info.instructions, [tool.name for tool in info.function_tools])
        for seen, info in zip(played.seen, played.infos, strict=True)
    ]


def export(monkeypatch: pytest.MonkeyPatch, folder: Path, *arguments: str) -> Path:
    """The turns in this folder, by the command."""
    file = folder / "turns.jsonl"
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{folder / 'phone.db'}")
    done = CliRunner().invoke(
        app, ["transcripts", "export", "--output", str(file), *arguments], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    return file


def as_left_by(records: list[TurnRecord], folder: Path) -> None:
    """A database and a line of their own, made of these records alone: how they left things."""
    last = records[-1]
    refs = [heard.ref for heard in last.heard] + [
        act.ref for act in last.wire if hasattr(act, "ref")
    ]
    newest = max(int(ref.removeprefix("m")) for ref in refs)
    later = last.settled_at + timedelta(seconds=1)
    heard = last.heard[0].model_copy(
        update={"ref": f"m{newest + 1}", "message_id": "next", "received_at": later}
    )
    following = last.model_copy(
        update={
            "turn_id": "next", "parent_turn_id": last.turn_id, "heard": [heard],
            "started_at": later, "memory": last.memory.model_copy(update={"before": None}),
        }
    )  # fmt: skip
    *_, standing = standings([*records, following])
    new_database(folder / "phone.db")
    set_up(folder / "phone.db", standing, agent_name="Threedots")


def test_a_record_is_enough_to_go_on_with_the_same_request(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    play(f"I like tea, call me at {NUMBER}", FIRST, one)
    with export(monkeypatch, one, "--with-numbers").open("rb") as file:
        records = records_in(file, name="turns.jsonl")
    as_left_by(records, other)
    uninterrupted = play("what do I like?", ["You like tea."], one)
    resumed = play("what do I like?", ["You like tea."], other)
    assert resumed == uninterrupted
    assert "Likes tea" in resumed[0][0] and "Tapped back love on m1" in resumed[0][0]


def test_what_was_recorded_is_called_again_when_it_is_played_as_a_scenario(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    play("I like tea", FIRST, tmp_path)
    play("what else?", [[call("remember", fact="Asks a lot")], "Nothing."], tmp_path)
    lines = export(monkeypatch, tmp_path).read_text().splitlines()
    recorded = [
        (made["name"], made["arguments"]) for it in lines for made in json.loads(it)["tool_calls"]
    ]
    file = tmp_path / "again.yaml"
    conversation = json.loads(lines[0])["conversation"]["conversation_id"]
    done = CliRunner().invoke(
        app, ["transcripts", "to-scenario", conversation, "--output", str(file)]
    )
    assert done.exit_code == 0, done.output
    answers = script(*FIRST, [call("remember", fact="Asks a lot")], "Nothing.")
    [again] = run_suite(list(collect([file])), answers.model)
    assert again.passed, again.first_failure
    calls = [(made.name, made.arguments) for it in again.records for made in it.tool_calls]
    assert calls == recorded != []
    [silent] = run_suite(list(collect([file])), script("no", "no").model)
    assert not silent.passed, "an agent that calls nothing must fail what was recorded"
