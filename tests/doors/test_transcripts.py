"""`threedots transcripts` over the database that a real conversation left."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from memory.transcript import TurnRecord
from tests.doors.processes import Phone, eventually, free_port, run, serve, serving, twin_for
from tests.house import ANA, House, call, script
from tests.house import run as play
from threedots import app

NUMBER = "call me at (415) 555-0123"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two turns of Ana's: one with a tool and a thought, one that is only tapped back on."""
    folder = tmp_path_factory.mktemp("talk")
    played = script(
        ["Let me note that.", call("remember", fact="Likes tea")],
        "Noted!",
        [call("react", tapback="love"), call("end_turn", reason="thanked")],
    )

    async def story(house: House) -> None:
        await house.text(f"I like tea, {NUMBER}")
        await house.settled(turns=1)
        await house.text("thanks")
        await house.settled(turns=2)

    play(story, played, folder=folder)
    return folder / "phone.db"


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, database: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{database}")


def ask(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["transcripts", *arguments])


def listed(*arguments: str) -> list[dict[str, object]]:
    answer = ask("list", "--json", *arguments)
    assert answer.exit_code == 0, answer.output
    result: list[dict[str, object]] = json.loads(answer.stdout)
    return result


def test_the_list_says_what_was_heard_and_how_it_ended():
    thanked, noted = listed()
    assert (noted["outcome"], noted["said"], noted["tools"]) == (
        "answered",
        ["Noted!"],
        ["remember"],
    )
    assert (thanked["outcome"], thanked["heard"], thanked["session"]) == (
        "reacted",
        ["thanks"],
        "local",
    )
    table = ask("list").stdout
    assert "I like tea" in table and str(noted["turn_id"]) in table


def test_the_list_can_be_narrowed():
    assert [turn["heard"] for turn in listed("--outcome", "reacted")] == [["thanks"]]
    assert len(listed("--conversation", ANA)) == 2
    assert listed("--conversation", "nobody") == listed("--before", "2020-01-01") == []
    assert len(listed("--after", "2020-01-01T12:00")) == 2
    assert len(listed("--limit", "1")) == 1
    assert ask("list", "--conversation", "nobody").stdout == "There are no such turns.\n"


def test_a_turn_is_shown_as_the_chat_it_was():
    [noted] = listed("--outcome", "answered")
    shown = ask("show", str(noted["turn_id"])[:8]).stdout
    order = ["I like tea", "thought: Let me note that.", "remember(fact='Likes tea'", "→ Noted!"]
    places = [shown.index(words) for words in order]
    assert places == sorted(places)
    [thanked] = listed("--outcome", "reacted")
    assert "tapback love on m3 (confirmed)" in ask("show", str(thanked["turn_id"])).stdout


def test_a_turn_can_be_shown_whole():
    [noted] = listed("--outcome", "answered")
    record = json.loads(ask("show", str(noted["turn_id"]), "--json").stdout)
    assert TurnRecord.model_validate(record).heard[0].text.startswith("I like tea")


def test_a_turn_is_one_file_that_needs_nothing_else(tmp_path: Path):
    [noted] = listed("--outcome", "answered")
    file = tmp_path / "turn.html"
    assert ask("show", str(noted["turn_id"]), "--html", str(file)).stdout == f"Written to {file}.\n"
    page = file.read_text()
    order = [
        "I like tea",
        "Thought: Let me note that.",
        "remember(fact=",
        '<li class="said">Noted!',
    ]
    places = [page.index(words) for words in order]
    assert places == sorted(places)
    assert not any(it in page for it in ("<script", "src=", "href=", "url("))
    assert "fact=&#x27;Likes tea&#x27;" in page, "words are text"


def test_a_label_is_put_and_found_by():
    [noted] = listed("--outcome", "answered")
    turn = str(noted["turn_id"])
    assert ask("label", turn[:8], "--add", "good", "--add", "tea").stdout == "good, tea\n"
    assert [one["turn_id"] for one in listed("--label", "tea")] == [turn]
    assert json.loads(ask("show", turn, "--json").stdout)["labels"] == ["good", "tea"]
    assert ask("label", turn, "--remove", "good", "--remove", "tea").stdout == "no labels\n"
    bad = ask("label", turn, "--add", "Not so")
    assert bad.exit_code == 2 and "is no label" in bad.output


def test_a_turn_there_is_not_is_one_sentence(database: Path):
    done = subprocess.run(
        [sys.executable, "threedots.py", "transcripts", "show", "nope"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("There is no turn nope")


def test_an_export_holds_every_record_and_no_number_and_can_be_validated(tmp_path: Path):
    file = tmp_path / "turns.jsonl"
    done = ask("export", "--output", str(file))
    assert (done.exit_code, done.stdout) == (0, "")
    text = file.read_text()
    records = [TurnRecord.model_validate_json(line) for line in text.splitlines()]
    assert [record.outcome for record in records] == ["answered", "reacted"], "oldest first"
    assert records[1].parent_turn_id == records[0].turn_id
    assert [it for it in (ANA, "(415)", "555-0123", '"+1') if it in text] == []
    name = records[0].conversation.participant
    assert name.startswith("number-")
    assert records[0].heard[0].text == f"I like tea, call me at {name}"
    assert re.search(f"Talking with: <data-[0-9a-f]+>{name}<", str(records[0].messages[0]))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    checked = ask("validate", str(file))
    assert (checked.exit_code, checked.stdout) == (0, "2 records, 0 problems.\n")


def test_the_names_are_the_same_in_every_export_and_numbers_stay_when_asked_for(tmp_path: Path):
    assert ask("export").stdout_bytes == ask("export").stdout_bytes
    kept = ask("export", "--with-numbers", "--outcome", "answered").stdout
    assert NUMBER in kept and ANA in kept


def test_a_broken_line_is_named_with_what_is_wrong_in_it(tmp_path: Path):
    good, other = ask("export").stdout.splitlines()
    without, messages = json.loads(good), json.loads(other)
    del without["conversation"]["channel"]
    messages["messages"][0]["parts"][0]["part_kind"] = "telepathy"
    file = tmp_path / "broken.jsonl"
    file.write_text("\n".join([good, json.dumps(without), "{", json.dumps(messages)]))
    done = ask("validate", str(file))
    assert done.exit_code == 1
    problems = done.stderr.splitlines()
    assert problems[0] == f"{file}:2: conversation.channel: Field required"
    assert problems[1].startswith(f"{file}:3: Invalid JSON")
    assert problems[2].startswith(f"{file}:4: messages.0.request.parts.0")
    assert done.stdout.startswith("4 records, ")


@pytest.mark.parametrize("arguments", [("validate", "nowhere.jsonl"), ("list", "--after", "soon")])
def test_what_makes_no_sense_is_refused_before_anything_is_done(arguments: tuple[str, ...]):
    assert ask(*arguments).exit_code == 2


def test_turns_on_a_real_line_are_recorded_as_live_and_can_be_read_beside_the_server(
    tmp_path: Path,
):
    port = free_port()
    with twin_for(port, tmp_path) as twin:
        settings = serving(twin, port, THREEDOTS_MODEL="scripted")
        with serve(port, tmp_path, **settings) as server:
            server.ready("/readyz")
            conversation = Phone(twin).text("hello there")

            def turns() -> list[dict[str, object]]:
                arguments = ("transcripts", "list", "--conversation", conversation, "--json")
                found: list[dict[str, object]] = json.loads(
                    run(*arguments, cwd=tmp_path, **settings).stdout
                )
                return found

            [turn] = eventually(turns, what="record")
            assert (turn["session"], turn["outcome"]) == ("live", "answered")
            written = run("transcripts", "export", cwd=tmp_path, **settings).stdout
            secrets = [
                value for name, value in settings.items() if name.endswith(("KEY", "SECRET"))
            ]
            assert len(secrets) == 2
            assert [secret for secret in secrets if secret in written] == []
            assert server.stop() == 0
