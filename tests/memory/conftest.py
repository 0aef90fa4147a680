"""Every test of the tables runs on SQLite and on Postgres, where Postgres is installed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, SQLModel

from memory import engines, schema
from tests.postgres import binaries, private_cluster

T = TypeVar("T")


@dataclass(frozen=True)
class Database:
    """A database without the writer thread: each piece of work in a transaction of its own."""

    engine: Engine

    def __call__(self, work: Callable[[Session], T]) -> T:
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            return work(session)

    def clear(self) -> None:
        with self.engine.begin() as connection:
            for table in reversed(SQLModel.metadata.sorted_tables):
                connection.execute(table.delete())


def upgraded(url: str) -> str:
    engine = engines.writer_engine(engines.database(url))
    schema.upgrade(engine)
    engine.dispose()
    return url


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    bin_folder = binaries()
    if bin_folder is None:
        pytest.skip("Postgres is not installed: apt-get install postgresql")
    with private_cluster(bin_folder) as url:
        yield upgraded(url)


@pytest.fixture(scope="session")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with its tables and nothing in them, to be copied."""
    file = tmp_path_factory.mktemp("empty") / "threedots.db"
    upgraded(f"sqlite:///{file}")
    return file


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database, with its tables."""
    if request.param == "sqlite":
        copy = shutil.copy(request.getfixturevalue("sqlite_file"), tmp_path / "threedots.db")
        yield f"sqlite:///{copy}"
    else:
        url = request.getfixturevalue("postgres_url")
        yield url
        engine = engines.writer_engine(engines.database(url))
        Database(engine).clear()
        engine.dispose()


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    engine = engines.writer_engine(engines.database(url))
    yield Database(engine)
    engine.dispose()
