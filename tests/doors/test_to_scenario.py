"""`threedots transcripts to-scenario` over the database that a real conversation left."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from evals.format.files import load
from tests.house import ANA, BEN, House, script
from tests.house import run as play
from threedots import app, main


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three turns of Ana's, one of Ben's."""
    folder = tmp_path_factory.mktemp("talk")

    async def story(house: House) -> None:
        for nth, text in enumerate(["one", "two", "three"], start=1):
            await house.text(text)
            await house.settled(turns=nth)
        await house.text("hi", from_handle=BEN)
        await house.settled(turns=4)

    play(story, script("uno", "dos", "tres", "hello"), folder=folder)
    return folder / "phone.db"


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, database: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{database}")


def ask(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["transcripts", *arguments])


def turn_ids() -> list[str]:
    """Ana's turns, oldest first."""
    listed = ask("list", "--conversation", ANA).stdout.splitlines()[1:]
    return [line.split()[0] for line in listed][::-1]


def test_a_conversation_becomes_a_scenario(tmp_path: Path):
    file = tmp_path / "three-texts.yaml"
    done = ask("to-scenario", ANA, "--output", str(file))
    assert done.exit_code == 0, done.output
    told = load(file)
    assert (told.name, [turn.text for turn in told.turns]) == (
        "Three texts",
        ["one", "two", "three"],
    )
    assert ANA not in file.read_text()


def test_turns_of_it_become_one_with_the_earlier_as_history(tmp_path: Path):
    _, second, third = turn_ids()
    for nth, asked in enumerate([[second[:12]], [ANA, "--from", second, "--to", second]]):
        file = tmp_path / f"{nth}.yaml"
        done = ask("to-scenario", *asked, "--name", "Two", "--output", str(file))
        assert done.exit_code == 0, done.output
        told = load(file)
        assert [turn.text for turn in told.turns] == ["two"]
        assert [each.text for each in told.start.history] == ["one", "uno"]
    file = tmp_path / "said.yaml"
    ask("to-scenario", third, second, "--with-said", "--output", str(file))
    assert [turn.expect.said for turn in load(file).turns] == [["dos"], ["tres"]]


def test_a_file_that_is_there_is_kept(tmp_path: Path):
    file = tmp_path / "mine.yaml"
    file.write_text("mine")
    done = ask("to-scenario", ANA, "--output", str(file))
    assert done.exit_code == 2 and "is there already" in done.output
    assert file.read_text() == "mine"


def test_the_phones_own_file_can_be_read(
    tmp_path: Path, database: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / ".threedots").mkdir()
    (tmp_path / ".threedots" / "phone.db").write_bytes(database.read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///elsewhere.db")
    done = ask("to-scenario", BEN, "--phone", "--output", "ben.yaml")
    assert done.exit_code == 0, done.output
    assert not (tmp_path / "elsewhere.db").exists()


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["nobody"], "There are no turns of nobody"),
        ([ANA, BEN], "These are no turns"),
        ([ANA, "--from", "nope"], "There is no turn nope"),
    ],
)
def test_what_there_is_not_is_one_sentence(
    tmp_path: Path,
    asked: list[str],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    words = ["threedots", "transcripts", "to-scenario", *asked, "--output", str(tmp_path / "x")]
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    assert told in capsys.readouterr().err
