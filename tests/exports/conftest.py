"""A database that real conversations left, and `threedots transcripts` over it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai.messages import ThinkingPart
from typer.testing import CliRunner, Result

from tests.house import ANA, BEN, House, call, script
from tests.house import run as play
from tests.stories.test_pictures import photo
from threedots import app

NUMBER = "(415) 555-0123"
FORMULA = "=1+1, said @Ana"


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ana: a tool and a thought, a tapback, a picture and a tool that said no, STOP. Ben: words."""
    folder = tmp_path_factory.mktemp("talk")
    played = script(
        [
            ThinkingPart("They drink tea."),
            "Let me note that.",
            call("remember", fact="Likes tea"),
            call("react", tapback="love"),
        ],
        "Noted!",
        [call("react", tapback="love"), call("end_turn", reason="thanked")],
        call("send", text="Look", media=["no such"]),
        "I see a red square",
        FORMULA,
    )

    async def story(house: House) -> None:
        await house.text(f"I like tea, call me at {NUMBER}")
        await house.settled(turns=1)
        await house.text("thanks")
        await house.settled(turns=2)
        red = await house.picture(photo("red"), "image/png")
        await house.text("look", media_urls=[red])
        await house.settled(turns=3)
        await house.text("+hi from ben", from_handle=BEN)
        await house.settled(turns=4)
        await house.text("STOP")
        await house.settled(turns=5)

    play(story, played, folder=folder)
    return folder / "phone.db"


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, database: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{database}")


def ask(*arguments: str) -> Result:
    """What the command answers."""
    return CliRunner().invoke(app, ["transcripts", *arguments])


Export = Callable[..., Path]


@pytest.fixture
def export(tmp_path: Path) -> Export:
    """Writes a file in a format, and says where it is."""

    def write(format: str, *arguments: str, name: str = "turns") -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        done = ask("export", "--format", format, "--output", str(path), *arguments)
        assert (done.exit_code, done.stdout) == (0, ""), done.output
        return path

    return write


def lines(path: Path) -> list[dict[str, Any]]:
    """A file of JSON lines, read."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def has_no_number(text: str) -> bool:
    """Whether no number of these people's is in it."""
    return not any(it in text for it in (ANA, BEN, NUMBER, "555-0123", '"+1'))
