import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlmodel import SQLModel

from memory import engines, schema, tables
from memory.store import Store
from tests.memory.conftest import Database

ROOT = Path(__file__).parents[2]
UPGRADER = """
import sys
from memory import engines, schema
engine = engines.writer_engine(engines.database(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
schema.upgrade(engine)
"""


def test_the_migrations_make_exactly_the_tables(database: Database):
    assert tables.Event.__tablename__ in SQLModel.metadata.tables
    with database.engine.begin() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, SQLModel.metadata) == []


def test_opening_again_changes_nothing(url: str):
    async def scenario() -> None:
        for _ in range(2):
            async with Store(url) as store:
                await store.read(lambda s: s.connection().execute(text("SELECT 1 FROM mailbox")))

    asyncio.run(scenario())


def empty_database(url: str) -> None:
    engine = engines.writer_engine(engines.database(url))
    with engine.begin() as connection:
        SQLModel.metadata.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))
    engine.dispose()


def test_processes_that_start_at_once_upgrade_once(url: str):
    empty_database(url)
    pipes = {name: subprocess.PIPE for name in ("stdin", "stdout", "stderr")}
    starting = [
        subprocess.Popen([sys.executable, "-c", UPGRADER, url], cwd=ROOT, text=True, **pipes)
        for _ in range(3)
    ]
    for process in starting:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in starting:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate()[1] for process in starting]
    assert [process.returncode for process in starting] == [0] * 3, said


def test_databases_that_one_process_opens_at_once_are_all_upgraded(tmp_path: Path):
    async def scenario() -> None:
        stores = [Store(f"sqlite:///{tmp_path / name}.db") for name in "abcd"]
        await asyncio.gather(*(store.open() for store in stores))
        for store in stores:
            await store.read(lambda s: s.connection().execute(text("SELECT 1 FROM mailbox")))
            await store.close()

    asyncio.run(scenario())


def test_a_database_of_a_newer_version_is_refused_and_left_alone(database: Database, url: str):
    def set_version(number: str) -> None:
        with database.engine.begin() as connection:
            change = text("UPDATE alembic_version SET version_num = :it")
            connection.execute(change, {"it": number})

    [head] = database(
        lambda s: s.connection().execute(text("SELECT * FROM alembic_version")).scalars().all()
    )
    set_version("9999")
    try:
        with pytest.raises(schema.SchemaTooNew, match=r"9999.*newer one"):
            asyncio.run(Store(url).open())
    finally:
        set_version(head)


def test_the_numbers_of_the_files_are_alembics_own_order(database: Database):
    with database.engine.connect() as connection:
        scripts = ScriptDirectory.from_config(schema.migrations(connection))
    walked = [script.revision for script in scripts.walk_revisions()]
    assert schema.revisions() == walked[::-1]
