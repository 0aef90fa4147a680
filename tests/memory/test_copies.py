"""A database that was put back is known for a copy, and nothing that waited in it is ever sent."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import stat
import subprocess
from contextlib import closing
from pathlib import Path

import httpx
import psycopg
import pytest
from sqlmodel import Session, select
from typer.testing import CliRunner

from agent.erasing import erase_person, list_of
from agent.restoring import CannotRestore, restore_database
from agent.settings import Settings
from memory import engines
from memory.at_work import SERVER
from memory.consents import keep_hashed, opted_out, record_consent
from memory.copies import CannotBackUp, IsACopy, at_home, back_up, copy_in, prune, why_a_copy
from memory.database_file import AlreadyServed, DatabaseDamaged, served_alone
from memory.dumps import CannotDump
from memory.persons import find
from memory.store import Store
from memory.tables import Bubble, Mailbox, Message, Turn
from memory.turns import claim, take
from phone.client import AgentPhoneClient
from phone.clock import HeldClock
from phone.errors import PhoneError
from tests.memory.conftest import Database
from tests.memory.people import ANA, BEN, NOW, OURS, bubble, deliver, inbound
from tests.postgres import binaries
from threedots import _explained, app

KEY = "sk_test_copies"
KIM = "kim@example.com"


def agentphone(*, opted_out: str | None = None, away: bool = False) -> httpx.MockTransport:
    """AgentPhone with one conversation, in whose metadata this person may be out."""

    def answer(request: httpx.Request) -> httpx.Response:
        if away:
            return httpx.Response(401)
        conversation = {
            "id": f"conv_{opted_out}", "phoneNumber": OURS, "participant": opted_out or BEN,
            "metadata": {"threedots": {"v": 1, "flags": {"opted_out": opted_out is not None}}},
        }  # fmt: skip
        if request.url.path == "/v1/conversations":
            rows = [] if "offset=1" in str(request.url) else [conversation]
            return httpx.Response(200, json={"data": rows, "hasMore": False, "total": 1})
        return httpx.Response(200, json=conversation | {"metadata": None})

    return httpx.MockTransport(answer)


def settings(url: str, tmp_path: Path) -> Settings:
    return Settings(
        agentphone_api_key=KEY, database_url=url, threedots_erasures_file=tmp_path / "list.jsonl"
    )


def restored(url: str, tmp_path: Path, copy: Path | None = None, **phone: object) -> object:
    there = agentphone(**phone)  # type: ignore[arg-type]
    work = restore_database(
        settings(url, tmp_path), copy, clock=HeldClock(NOW + 60), transport=there
    )
    return asyncio.run(work)


def rows(database: Database, table: type) -> list:
    return database(lambda session: list(session.exec(select(table))))


def busy(session: Session) -> None:
    """A turn under way: a bubble that waits, one on its way; and somebody who waits."""
    deliver(session, inbound("hi"))
    held = claim(session, owner="w", now=NOW)
    assert held is not None
    take(session, held, turn_id="t", kind="live", now=NOW)
    session.flush()
    mailbox = session.get_one(Mailbox, held.mailbox_id)
    bubble(session, mailbox, "waits", turn_id="t")
    bubble(session, mailbox, "on its way", turn_id="t", state="dispatched")
    deliver(session, inbound("and me?", from_handle=BEN, conversation_id="conv_ben"))


def nothing_waits(database: Database) -> None:
    bubbles = {row.text: row.state for row in rows(database, Bubble)}
    assert bubbles == {"waits": "expired", "on its way": "unconfirmed"}
    assert {message.outcome for message in rows(database, Message)} == {"dropped(restored)"}
    assert {(turn.state, turn.outcome, turn.reason) for turn in rows(database, Turn)} == {
        ("settled", "dropped", "restored")
    }
    assert all(box.due_at is None and box.lease_owner is None for box in rows(database, Mailbox))
    assert database(lambda s: claim(s, owner="w2", now=NOW + 60)) is None


def put_back(url: str, file: Path, name: str) -> str:
    """A dump in a database of its own; its address."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    there = url.rpartition("/")[0] + f"/{name}"
    tool = [str(binaries() / "pg_restore"), f"--dbname={there}", str(file)]  # type: ignore[operator]
    subprocess.run(tool, check=True)
    return there


@pytest.fixture
def put_back_url(url: str, database: Database, tmp_path: Path) -> str:
    """A database as it was while a turn was under way, put back by the means of its kind."""
    with at_home(url):
        database(busy)
        back_up(url, tmp_path / "backup.db", now=NOW)
    if url.startswith("sqlite"):
        database.engine.dispose()  # whoever puts a file back has stopped the server
        shutil.copyfile(tmp_path / "backup.db", tmp_path / "threedots.db")
        return url
    return put_back(
        url, tmp_path / "backup.db", f"restored_{tmp_path.name[-20:].replace('-', '_')}"
    )


def test_what_was_put_back_is_not_served_until_it_was_restored(put_back_url: str, tmp_path: Path):
    with pytest.raises(IsACopy, match="Run: threedots restore"), at_home(put_back_url):
        raise AssertionError("it is served")
    restored(put_back_url, tmp_path)
    engine = engines.writer_engine(engines.database(put_back_url))
    nothing_waits(Database(engine))
    engine.dispose()
    with at_home(put_back_url):
        pass
    assert why_a_copy(put_back_url) is None


def test_a_server_that_stops_and_starts_is_at_home(url: str, database: Database):
    for _ in range(3):
        with at_home(url):
            assert why_a_copy(url) is None


def test_a_server_that_was_killed_is_at_home(url: str, database: Database, tmp_path: Path):
    home = at_home(url)
    home.__enter__()
    assert why_a_copy(url) is None


def test_a_database_in_which_nothing_can_be_noted_is_served_all_the_same(
    tmp_path: Path, sqlite_file: Path, caplog: pytest.LogCaptureFixture
):
    file = shutil.copy(sqlite_file, tmp_path / "threedots.db")
    url = f"sqlite:///{file}?timeout=0"
    with at_home(url), closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN IMMEDIATE")  # as good as a full disk
        with at_home(url):
            assert "was not noted" in caplog.text
    assert why_a_copy(url) is None


def test_a_file_that_was_copied_away_and_back_by_hand_is_known(tmp_path: Path, sqlite_file: Path):
    file = shutil.copy(sqlite_file, tmp_path / "threedots.db")
    url = f"sqlite:///{file}"
    with at_home(url):
        pass
    shutil.copy(file, tmp_path / "by-hand.db")
    with at_home(url):
        pass
    shutil.copy(tmp_path / "by-hand.db", file)
    assert "later than its present state" in str(why_a_copy(url))


def test_opt_outs_since_the_backup_are_kept_from_the_old_file_and_from_agentphone(
    tmp_path: Path, sqlite_file: Path
):
    url = f"sqlite:///{shutil.copy(sqlite_file, tmp_path / 'threedots.db')}"
    engine = engines.writer_engine(engines.database(url))
    back_up(url, tmp_path / "backup.db", now=NOW)
    for who in (ANA, KIM):
        Database(engine)(
            lambda s, w=who: record_consent(s, w, opted_out=True, how="keyword", now=NOW)
        )
    Database(engine)(lambda s: keep_hashed(s, KIM))
    engine.dispose()
    restored(url, tmp_path, tmp_path / "backup.db", opted_out=BEN)
    engine = engines.writer_engine(engines.database(url))
    for who, is_out in ((ANA, True), (BEN, True), (KIM, True), ("+15550001111", False)):
        assert Database(engine)(lambda s, w=who: opted_out(s, w)) is is_out
    engine.dispose()
    assert list(tmp_path.glob("threedots.db.before-*")), "the old file is kept"
    assert stat.S_IMODE((tmp_path / "threedots.db").stat().st_mode) == 0o600


def test_who_was_erased_since_the_backup_is_erased_again(tmp_path: Path, sqlite_file: Path):
    """By the list beside the database: what was there is lost, and the copy knows nothing of it."""
    file = Path(shutil.copy(sqlite_file, tmp_path / "threedots.db"))
    url = f"sqlite:///{file}"
    engine = engines.writer_engine(engines.database(url))
    Database(engine)(busy)
    engine.dispose()
    back_up(url, tmp_path / "backup.db", now=NOW)

    async def erase_ana() -> None:
        async with Store(url) as store, AgentPhoneClient(KEY, transport=agentphone()) as phone:
            person = await store.read(lambda s: find(s, ANA))
            assert person is not None
            await erase_person(
                person, store=store, phone=phone, clock=HeldClock(NOW + 60),
                listed_in=list_of(settings(url, tmp_path)),
            )  # fmt: skip

    asyncio.run(erase_ana())
    file.unlink()
    restored(url, tmp_path, tmp_path / "backup.db")
    engine = engines.writer_engine(engines.database(url))
    assert [box.participant for box in rows(Database(engine), Mailbox)] == [BEN]
    assert [message.sender for message in rows(Database(engine), Message)] == [BEN]
    engine.dispose()


def test_while_agentphone_cannot_be_asked_it_is_not_served(put_back_url: str, tmp_path: Path):
    with pytest.raises(PhoneError):
        restored(put_back_url, tmp_path, away=True)
    assert why_a_copy(put_back_url) is not None
    restored(put_back_url, tmp_path, opted_out=ANA)
    assert why_a_copy(put_back_url) is None


def test_a_backup_is_compact_sound_private_and_never_written_over(
    tmp_path: Path, sqlite_file: Path
):
    file = shutil.copy(sqlite_file, tmp_path / "threedots.db")
    path = tmp_path / "backups" / "today.db"
    with served_alone(f"sqlite:///{file}"), closing(sqlite3.connect(file)) as serving:
        serving.execute("BEGIN IMMEDIATE")  # as a server that writes just now
        back_up(f"sqlite:///{file}", path, now=NOW)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with closing(sqlite3.connect(path)) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with pytest.raises(CannotBackUp, match="never writes over"):
        back_up(f"sqlite:///{file}", path, now=NOW)
    with pytest.raises(CannotBackUp, match="no database"):
        back_up(f"sqlite:///{tmp_path}/none.db", tmp_path / "x.db", now=NOW)
    assert not list(tmp_path.glob("**/*.part"))


def test_a_dump_is_private_and_what_went_wrong_with_it_is_said(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    back_up(postgres_url, tmp_path / "today.dump", now=NOW)
    assert stat.S_IMODE((tmp_path / "today.dump").stat().st_mode) == 0o600
    nobody = postgres_url.rpartition("/")[0] + "/nobody"
    with pytest.raises(CannotDump, match='database "nobody" does not exist'):
        back_up(nobody, tmp_path / "other.dump", now=NOW)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(CannotDump, match="postgresql-client"):
        back_up(postgres_url, tmp_path / "other.dump", now=NOW)
    assert [file.name for file in tmp_path.iterdir()] == ["today.dump"]


def test_a_postgres_that_is_served_is_not_restored(postgres_url: str, tmp_path: Path):
    async def while_served() -> None:
        async with Store(postgres_url, name=f"{SERVER}web-1"):
            await asyncio.to_thread(restored, postgres_url, tmp_path)

    with pytest.raises(AlreadyServed, match=r"served, by web-1\. Stop every server"):
        asyncio.run(while_served())
    assert why_a_copy(postgres_url) is None
    asyncio.run(_commands_are_at_it(postgres_url, tmp_path))


async def _commands_are_at_it(url: str, tmp_path: Path) -> None:
    """A command beside it is no server."""
    async with Store(url):
        await asyncio.to_thread(restored, url, tmp_path)


def test_in_a_folder_the_newest_copies_are_kept_and_nothing_else_is_touched(
    tmp_path: Path, sqlite_file: Path
):
    url, folder = f"sqlite:///{sqlite_file}", tmp_path / "copies"
    folder.mkdir()
    (folder / "threedots-by-hand.db").touch()
    for hour in range(4):
        back_up(url, copy_in(folder, url, now=NOW + 3600 * hour), now=NOW)
    newest = copy_in(folder, url, now=NOW + 3600 * 3)
    assert len(prune(folder, url, keep=2)) == 2
    left = sorted(file.name for file in folder.iterdir())
    assert len(left) == 3 and newest.name in left and "threedots-by-hand.db" in left
    assert prune(folder, url, keep=2) == []


def test_backup_into_a_folder_names_the_copy_and_keeps_the_newest(
    tmp_path: Path, sqlite_file: Path
):
    environment = {"DATABASE_URL": f"sqlite:///{sqlite_file}"}
    told = CliRunner().invoke(app, ["backup", str(tmp_path), "--keep", "1"], env=environment)
    [copy] = tmp_path.iterdir()
    assert told.exit_code == 0 and f"threedots restore {copy}" in told.output
    into = str(copy / "no folder")
    assert _explained(CliRunner().invoke(app, ["backup", into], env=environment).exception) == (  # type: ignore[arg-type]
        f"{copy} cannot be used: File exists.",
        1,
    )
    refused = CliRunner().invoke(app, ["backup", str(copy), "--keep", "1"], env=environment)
    assert refused.exit_code == 2 and "is no folder" in refused.output


def test_what_is_no_backup_is_refused_and_nothing_is_changed(tmp_path: Path, sqlite_file: Path):
    file = Path(shutil.copy(sqlite_file, tmp_path / "threedots.db"))
    url, before = f"sqlite:///{file}", file.read_bytes()
    (tmp_path / "noise.db").write_bytes(b"SQLite format 3\0" + b"noise" * 2000)
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE x (y)")
    for name, error in (
        ("none.db", CannotRestore), ("noise.db", DatabaseDamaged), ("other.db", CannotRestore),
    ):  # fmt: skip
        with pytest.raises(error):
            restored(url, tmp_path, tmp_path / name)
    with served_alone(url), pytest.raises(AlreadyServed, match="Stop the server first"):
        restored(url, tmp_path, file)
    assert file.read_bytes() == before
