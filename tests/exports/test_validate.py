"""`threedots transcripts validate`: whatever was exported passes, whatever was broken is named."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from atif import Trajectory
from pydantic import ValidationError
from typer.testing import Result

from memory.exports.formats import NotInstalled
from tests.exports.conftest import Export, ask, lines

Break = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(("format", "told"), [
    ("jsonl", "5 records"), ("openai", "4 chats"), ("atif", "5 trajectories"),
    ("otlp", "5 traces"), ("csv", "5 rows"),
])  # fmt: skip
def test_what_was_exported_is_recognised_and_good(export: Export, format: str, told: str):
    done = ask("validate", str(export(format)))
    assert (done.exit_code, done.stdout, done.stderr) == (0, f"{told}, 0 problems.\n", "")


def test_a_log_of_inspect_is_recognised_and_good(export: Export):
    done = ask("validate", str(export("inspect", name="turns.eval")))
    assert (done.exit_code, done.stdout) == (0, "5 samples, 0 problems.\n")


def test_arguments_as_objects_are_good_too(export: Export):
    done = ask("validate", str(export("openai", "--arguments", "objects")))
    assert done.stdout == "4 chats, 0 problems.\n"


def broken(path: Path, place: int, change: Break) -> list[str]:
    """What is said of a file in one line of which something was changed."""
    told = lines(path)
    change(told[place])
    path.write_text("".join(json.dumps(line) + "\n" for line in told))
    done = ask("validate", str(path))
    assert done.exit_code == 1
    return done.stderr.replace(f"{path}:", "").splitlines()


CHATS: list[tuple[Break, str]] = [
    (lambda it: it["messages"].pop(), "messages: The last one must be the assistant's"),
    (lambda it: it["messages"].pop(4), "must be answered before it"),
    (lambda it: it["messages"].pop(3), "which nobody called"),
    (lambda it: it["messages"][1].pop("content"), "messages.1.user.content: Field required"),
    (lambda it: it["messages"][1].update(role="person"), "messages.1: Input tag 'person'"),
    (
        lambda it: it["messages"][3]["tool_calls"][0]["function"].update(arguments="[]"),
        "messages.3.tool_calls.0: Its arguments are no object in JSON",
    ),
    (lambda it: it["messages"][-1].update(content=None), "It has neither words nor calls"),
    (lambda it: it.update(extra=1), "extra: Extra inputs are not permitted"),
]


@pytest.mark.parametrize(("change", "problem"), CHATS)
def test_a_broken_chat_is_named(export: Export, change: Break, problem: str):
    said = broken(export("openai"), 0, change)
    assert said[0].startswith("1: ") and problem in said[0]


TRAJECTORIES: list[tuple[Break, str]] = [
    (lambda it: it["steps"].pop(0), "steps.0.step_id: This is 2 where 1 comes next"),
    (lambda it: it["steps"][3]["tool_calls"].pop(0), "which it did not call"),
    (lambda it: it["steps"][0].update(reasoning_content="x"), "Only a step of the agent"),
    (lambda it: it["steps"][3].update(llm_call_count=0), "neither cost nor thoughts"),
    (lambda it: it["steps"][1].update(timestamp="soon"), "steps.1.timestamp"),
    (lambda it: it["steps"][1].update(source="person"), "steps.1.source"),
    (lambda it: it.pop("agent"), "agent: Field required"),
]


@pytest.mark.parametrize(("change", "problem"), TRAJECTORIES)
def test_a_broken_trajectory_is_named_and_the_package_refuses_it_too(
    export: Export, change: Break, problem: str
):
    path = export("atif")
    said = broken(path, 0, change)
    assert said[0].startswith("1: ") and problem in said[0]
    with pytest.raises(ValidationError):
        Trajectory.model_validate(lines(path)[0])


def spans(line: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = line["resourceSpans"][0]["scopeSpans"][0]["spans"]
    return found


TRACES: list[tuple[Break, str]] = [
    (lambda it: spans(it)[0].update(traceId="12"), "spans.0.traceId"),
    (lambda it: spans(it).pop(0), "is not in this line"),
    (lambda it: spans(it)[1].update(spanId=spans(it)[0]["spanId"]), "There is a span"),
    (lambda it: spans(it)[1].update(endTimeUnixNano="1"), "It ends before it begins"),
    (lambda it: spans(it)[1]["attributes"].pop(0), "gen_ai.operation.name"),
    (lambda it: spans(it)[1].update(startTimeUnixNano=1), "startTimeUnixNano"),
]


@pytest.mark.parametrize(("change", "problem"), TRACES)
def test_a_broken_trace_is_named(export: Export, change: Break, problem: str):
    said = broken(export("otlp"), 2, change)
    assert said[0].startswith("3: ") and problem in said[0]


@pytest.mark.parametrize(("was", "now", "line", "problem"), [
    ("'+hi", "+hi", 5, "heard: A spreadsheet may take this for a formula"),
    (",answered,", ",,", 2, "outcome: This must not be empty"),
    (",0,0.", ",none,0.", 2, "not_confirmed: none is no number"),
    ("2026-", "soon", 2, "started_at: This is no time"),
    (",imessage,", ",", 2, "There are 24 cells where there should be 25"),
    ("turn_id,", "turn,", 1, "The columns are turn,"),
])  # fmt: skip
def test_a_broken_row_is_named(export: Export, was: str, now: str, line: int, problem: str):
    path = export("csv")
    text = path.read_text(encoding="utf-8-sig")
    assert was in text or was == "2026-"
    if was == "2026-":  # whatever the year is in which this runs
        began = text.splitlines()[1].split(",")[3]
        was, now = began, "soon"
    path.write_text(text.replace(was, now, 1), encoding="utf-8-sig")
    done = ask("validate", str(path))
    assert done.exit_code == 1
    assert done.stderr.startswith(f"{path}:{line}: ") and problem in done.stderr


def test_the_first_line_may_be_the_broken_one(export: Export):
    path = export("openai")
    path.write_text("{\n" + path.read_text())
    done = ask("validate", str(path))
    assert done.stderr.startswith(f"{path}:1: Invalid JSON")
    assert done.stdout == "5 chats, 1 problems.\n"


def test_every_line_of_a_long_file_is_checked(export: Export):
    path = export("openai")
    path.write_text(path.read_text() * 10)
    assert ask("validate", str(path)).stdout == "40 chats, 0 problems.\n"
    for place in (20, 21, 39):  # around where looking for the format ends
        assert broken(path, place, lambda it: it["messages"].pop())[-1].startswith(f"{place + 1}: ")


def log_with(path: Path, change: Callable[[dict[str, bytes]], object]) -> Result:
    """What is said of a log of Inspect in whose archive something was changed."""
    with ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    change(held)
    with ZipFile(path, "w") as archive:
        for name, content in held.items():
            archive.writestr(name, content)
    return ask("validate", str(path))


def without_the_answer(held: dict[str, bytes]) -> None:
    """The second sample's messages lose their role."""
    name = list(held)[1]
    sample = json.loads(held[name])
    sample["messages"][0]["role"] = "person"
    held[name] = json.dumps(sample).encode()


LOGS: list[tuple[Callable[[dict[str, bytes]], object], int, str]] = [
    (without_the_answer, 2, "messages.0"),
    (lambda held: held.update({next(iter(held)): b"{"}), 1, "Invalid JSON"),
    (lambda held: held.pop("header.json"), 6, "header.json: It is missing"),
    (lambda held: held.pop("summaries.json"), 6, "summaries.json: It is missing"),
    (lambda held: held.update({"summaries.json": b"[{}]"}), 6, "summaries.json: 0.id: Field"),
    (lambda held: held.update({"header.json": b"{}"}), 6, "header.json: eval: Field required"),
    (lambda held: held.pop(next(iter(held))), 5, "It tells of 5 samples, and there are 4"),
]


@pytest.mark.parametrize(("change", "line", "problem"), LOGS)
def test_a_broken_log_of_inspect_is_named(
    export: Export, change: Callable[[dict[str, bytes]], object], line: int, problem: str
):
    path = export("inspect", name="turns.eval")
    done = log_with(path, change)
    assert done.exit_code == 1
    assert done.stderr.startswith(f"{path}:{line}: ") and problem in done.stderr


def test_a_log_of_inspect_that_ends_too_early_is_named(export: Export):
    path = export("inspect", name="turns.eval")
    path.write_bytes(path.read_bytes()[:-40])
    done = ask("validate", str(path))
    assert done.exit_code == 1 and "no archive that can be read" in done.stderr


def test_where_inspect_is_missing_it_is_said_what_checks_its_logs(
    export: Export, monkeypatch: pytest.MonkeyPatch
):
    path = export("inspect", name="turns.eval")
    monkeypatch.setitem(sys.modules, "inspect_ai", None)
    done = ask("validate", str(path))
    assert isinstance(done.exception, NotInstalled)
    assert "pip install '.[inspect]'" in str(done.exception)


def test_protobuf_is_checked_too(export: Export):
    path = export("otlp", name="turns.pb")
    assert ask("validate", str(path)).stdout == "5 traces, 0 problems.\n"
    path.write_bytes(path.read_bytes()[:-5])
    done = ask("validate", str(path))
    assert done.exit_code == 1
    assert "no traces in protobuf" in done.stderr
