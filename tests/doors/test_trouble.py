"""`threedots serve` in trouble, as real processes: promises are kept, and it mends itself."""

from __future__ import annotations

import json
import resource
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.doors.processes import (
    Phone,
    Process,
    eventually,
    free_port,
    run,
    serve,
    serving,
    started,
    twin_for,
)
from tests.postgres import PostgresServer, binaries, private_server

DATABASE = Path(".threedots") / "threedots.db"


def ask(folder: Path, question: str) -> list[tuple]:
    with closing(sqlite3.connect(folder / DATABASE)) as database:
        return database.execute(question).fetchall()


def readiness(server: Process) -> tuple[int, dict]:
    answer = httpx.get(f"{server.url}/readyz", timeout=20)
    return answer.status_code, answer.json()


def person(number: int) -> str:
    return f"+1415555{1000 + number}"


def delivered(phone: Phone) -> list[dict]:
    return phone.http.get("/handset/deliveries").json()["deliveries"]


def test_what_was_acknowledged_is_answered_although_the_server_is_stopped_under_load(
    tmp_path: Path,
):
    port, count = free_port(), 50
    with twin_for(port, tmp_path) as twin:
        phone = Phone(twin)
        settings = serving(twin, port, THREEDOTS_MODEL="scripted")
        phone.fail(method="POST", path="/v1/messages", delay=0.7, times=10_000)
        with serve(port, tmp_path, **settings) as server:
            server.ready("/readyz")
            conversations = [phone.text(f"hello {n}", from_handle=person(n)) for n in range(count)]
            eventually(
                lambda: ask(tmp_path, "select 1 from bubble where state = 'dispatched'"),
                what="bubbles on their way",
            )
            stopping = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - stopping < 30
        assert ask(tmp_path, "select count(*) from bubble where state = 'dispatched'") == [(0,)]
        phone.http.put("/handset/faults", json=[]).raise_for_status()
        with serve(port, tmp_path, **settings) as server:
            server.ready("/readyz")
            for conversation in conversations:
                phone.answered(conversation)
            eventually(
                lambda: (
                    ask(tmp_path, "select count(*) from message where state = 'settled'")
                    == [(count,)]
                ),
                what="every message settled",
            )
            assert server.stop() == 0
        assert {len(phone.answers(conversation)) for conversation in conversations} == {1}
        assert ask(tmp_path, "select distinct attempts from turn") == [(1,)]


def test_a_second_server_on_the_same_file_is_refused_and_commands_are_not(tmp_path: Path):
    port = free_port()
    with twin_for(port, tmp_path) as twin:
        settings = serving(twin, port, THREEDOTS_MODEL="scripted")
        with serve(port, tmp_path, **settings) as server:
            server.ready("/readyz")
            second = run("serve", "--port", "0", cwd=tmp_path, **settings)
            assert second.returncode == 1
            assert "threedots.db is served by another process" in second.stderr
            assert "Traceback" not in second.stderr
            listed = run("dead-letters", "list", "--json", cwd=tmp_path, **settings)
            assert (listed.returncode, json.loads(listed.stdout)) == (0, [])
            conversation = Phone(twin).text("still answering?")
            assert Phone(twin).answered(conversation)
            server.kill()
        with serve(port, tmp_path, **settings) as server:
            server.ready("/readyz")


def test_phone_and_chat_do_not_share_the_file_at_the_same_time(tmp_path: Path):
    port = free_port()
    with started(
        "phone", "--no-open", "--port", str(port), cwd=tmp_path, url=f"http://127.0.0.1:{port}"
    ) as process:
        process.ready()
        for command in (["chat"], ["chat", "--fresh"], ["phone", "--no-open", "--port", "0"]):
            done = run(*command, cwd=tmp_path, typed="hi\n")
            assert done.returncode == 1, command
            assert "phone.db is served by another process" in done.stderr
            assert "Traceback" not in done.stderr


def test_a_damaged_file_is_refused_by_name_and_left_as_it_is(tmp_path: Path):
    with twin_for(free_port(), tmp_path) as twin:
        settings = serving(twin, 1, THREEDOTS_MODEL="scripted")
        assert run("dead-letters", "list", cwd=tmp_path, **settings).returncode == 0
        file = tmp_path / DATABASE
        whole = file.read_bytes()
        broken = whole[:4096] + bytes([0xA5]) * (len(whole) - 4096)
        file.write_bytes(broken)
        done = run("serve", "--port", "0", cwd=tmp_path, **settings)
        assert done.returncode == 1
        assert "threedots.db is damaged" in done.stderr
        assert "Traceback" not in done.stderr
        assert file.read_bytes() == broken


@pytest.mark.skipif(sys.platform != "linux", reason="a process's limits are changed from outside")
def test_a_disk_without_room_answers_503_and_goes_on_by_itself(tmp_path: Path):
    port = free_port()
    with twin_for(port, tmp_path) as twin:
        phone = Phone(twin)
        settings = serving(twin, port, THREEDOTS_MODEL="scripted")
        with serve(port, tmp_path, **settings) as server:
            server.ready("/readyz")
            first = phone.text("hello")
            phone.answered(first)
            limit_files(server, 4096)
            eventually(lambda: readiness(server)[0] == 503, what="readiness to end")
            phone.text("is there room?")
            eventually(lambda: 503 in [one["status"] for one in delivered(phone)], what="a 503")
            sent = len(phone.calls("POST", "/v1/messages"))
            limit_files(server, resource.RLIM_INFINITY)
            eventually(lambda: readiness(server)[0] == 200, what="readiness again")
            later = phone.text("and now?")
            eventually(lambda: "and now?" in str(phone.answers(later)), what="an answer")
            assert sent == 1, "nothing left that could not be written first"
            assert server.stop() == 0


def limit_files(server: Process, size: int) -> None:
    """Let no file of this process grow beyond so many bytes: the system refuses the write."""
    hard = resource.prlimit(server.popen.pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(server.popen.pid, resource.RLIMIT_FSIZE, (size, hard))


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    bin_folder = binaries()
    if bin_folder is None:
        pytest.skip("Postgres is not installed: apt-get install postgresql")
    with private_server(bin_folder) as server:
        yield server


def test_a_postgres_that_goes_away_and_comes_back_needs_no_restart_of_ours(
    tmp_path: Path, postgres: PostgresServer
):
    port = free_port()
    with twin_for(port, tmp_path) as twin:
        phone = Phone(twin)
        settings = serving(twin, port, THREEDOTS_MODEL="scripted", DATABASE_URL=postgres.url)
        with serve(port, tmp_path, **settings) as server:
            server.ready("/readyz")
            conversation = phone.text("hello")
            phone.answered(conversation)
            postgres.stop()
            status, why = readiness(server)
            assert status == 503 and why["database"]
            phone.text("are you there?")
            eventually(lambda: 503 in [one["status"] for one in delivered(phone)], what="a 503")
            postgres.start()
            eventually(lambda: readiness(server)[0] == 200, what="readiness again")
            later = phone.text("and now?")
            eventually(lambda: "and now?" in str(phone.answers(later)), what="an answer")
            assert server.stop() == 0
