"""Turns of which the model's part was kept long enough are still records, in every format."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlmodel import Session, select
from typer.testing import CliRunner

from memory import engines
from memory.retention import KINDS
from memory.tables import Turn
from phone.clock import utc
from threedots import app

FAR = utc(4_000_000_000.0)


@pytest.fixture
def old(database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    file = shutil.copy(database, tmp_path / "old.db")
    url = f"sqlite:///{file}"
    engine = engines.writer_engine(engines.database(url))
    thoughts = next(kind for kind in KINDS if kind.name == "model_io")
    with Session(engine) as session, session.begin():
        thoughts.remove(session, thoughts.find(session, FAR, None))
        assert not [turn for turn in session.exec(select(Turn)) if turn.instructions]
    engine.dispose()
    monkeypatch.setenv("DATABASE_URL", url)
    return url


@pytest.mark.parametrize("form", ["jsonl", "openai", "inspect", "atif", "otlp", "csv"])
def test_they_are_exported(form: str, old: str, tmp_path: Path):
    output = tmp_path / ("out.eval" if form == "inspect" else "out")
    arguments = ["transcripts", "export", "--format", form, "--output", str(output)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, f"{done.output}\n{done.exception!r}"
    if form == "jsonl":
        checked = CliRunner().invoke(app, ["transcripts", "validate", str(output)])
        assert checked.exit_code == 0, checked.output
