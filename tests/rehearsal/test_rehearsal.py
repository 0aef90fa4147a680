"""A deployment as it will be, rehearsed from its first webhook to a person's erasure.

Postgres, the twin of AgentPhone and two servers, each a process of its own, with a balancer before
the servers. People text in bursts; a server is killed in the middle of turns, the secret changes,
somebody says STOP, somebody asks for what is kept of them and wants to be forgotten. At the end the
checker reads the whole history and finds nothing wrong.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlmodel import Session

from memory import engines
from phone.keyring import read_keys
from tests.crashes import bell
from tests.crashes.nursery import Child, server_on
from tests.doors.processes import (
    KEY,
    PATIENCE,
    Phone,
    Process,
    environment,
    eventually,
    free_port,
    serving,
    started,
)
from tests.doors.test_replicas import Balancer, balancer
from tests.history.checker import violations
from tests.history.history import History, Log, Prompt, Rows
from tests.postgres import binaries, private_cluster

ROOT = Path(__file__).parents[2]

PEOPLE = [f"Guest{letter}" for letter in "ABCDEFGHIJKL"]
STAN, ERNA = "Stan", "Erna"
"""Who says STOP, and who wants to be forgotten."""

HELD_UP = 3.0
"""Seconds that AgentPhone takes over some sends, so that a server dies in the middle of them."""


def number_of(name: str) -> str:
    return f"+1415555{2000 + [*PEOPLE, STAN, ERNA].index(name)}"


@dataclass
class Site:
    """Everything that runs, and the hands of the people who text."""

    folder: Path
    database: str
    twin: Process
    phone: Phone
    balance: Balancer
    stack: ExitStack
    secrets: set[str]

    def connect(self, *options: str) -> None:
        """Point AgentPhone's webhook at us. The secret goes into a file that every server reads."""
        self.command("connect", "--url", f"http://127.0.0.1:{self.balance.port}", *options)
        self.secrets |= {key.secret for key in read_keys(self.secret_file.read_text().strip())}

    @property
    def secret_file(self) -> Path:
        return self.folder / "webhook_secret"

    def server(self) -> Child:
        """One more server; it does not take webhooks yet."""
        port = free_port()
        return self.stack.enter_context(server_on(port, self.folder, self.settings(port)))

    def settings(self, port: int = 0) -> dict[str, str]:
        env = serving(self.twin, port, DATABASE_URL=self.database)
        del env["AGENTPHONE_WEBHOOK_SECRET"]
        return env | {"AGENTPHONE_WEBHOOK_SECRET_FILE": str(self.secret_file)}

    def burst(self, name: str, *more: str) -> str:
        """Somebody asks for the bell and writes on at once."""
        asked = (bell.request_of(name), *(f"{words} ({name})" for words in more))
        for words in asked:
            conversation_id = self.phone.text(words, from_handle=number_of(name))
        return conversation_id

    def command(self, *arguments: str) -> str:
        """What a command beside the servers says."""
        done = subprocess.run(
            [sys.executable, ROOT / "threedots.py", *arguments],
            cwd=self.folder, env=environment(**self.settings()), capture_output=True, text=True,
            timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def rows(self) -> Rows:
        engine = engines.reader_engine(engines.database(self.database), connections=1)
        try:
            with Session(engine, expire_on_commit=False) as session:
                return Rows.of(session)
        finally:
            engine.dispose()

    def at_work(self, server: Child) -> list[str]:
        """Those in whose conversations this server is at work."""
        with psycopg.connect(self.database) as connection:
            held = "SELECT participant FROM mailbox WHERE lease_owner LIKE %s"
            return [row[0] for row in connection.execute(held, (f"%-{server.pid}-%",))]

    def comes_to_rest(self) -> None:
        """Wait until every text that was delivered is dealt with, and nobody works any more."""
        eventually(self._is_at_rest, what="rest", also=self.logs)

    def _is_at_rest(self) -> bool:
        rows = self.rows()
        return self.all_delivered() and all(
            [
                *(message.state == "settled" for message in rows.messages),
                *(turn.state == "settled" for turn in rows.turns),
                *(box.due_at is None for box in rows.mailboxes),
            ]
        )

    def all_delivered(self) -> bool:
        """Whether every webhook was acknowledged, at whichever attempt.

        All but the tests that `connect` asks for: the first finds nobody, which it says.
        """
        tried = self.ask("/handset/deliveries")["deliveries"]
        tried = [one for one in tried if not one["webhook_id"].endswith("_test")]
        taken = {one["webhook_id"] for one in tried if one["status"] == 200}
        return {one["webhook_id"] for one in tried} == taken

    def history(self) -> History:
        asked, rung = bell.notes(self.folder / bell.ASKED), bell.notes(self.folder / bell.RUNG)
        words = {bell.request_of(name) for name in (*PEOPLE, STAN, ERNA)}
        log = Log(
            prompts=[Prompt(note["at"], note["read"]) for note in asked],
            ran=[(note["turn_id"], note["call_id"]) for note in rung],
            said=self.logs().splitlines(),
            secrets={KEY, *self.secrets, *words, *map(number_of, (*PEOPLE, STAN, ERNA))},
        )
        return History.of(self.ask, self.rows(), log=log)

    def ask(self, path: str) -> dict[str, Any]:
        answer = self.phone.http.get(path)
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told

    def logs(self) -> str:
        return "\n".join(file.read_text() for file in sorted(self.folder.glob("serve*.log")))


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    bin_folder = binaries()
    if bin_folder is None:
        pytest.skip("Postgres is not installed: apt-get install postgresql")
    emulator = ("emulator", "--port", "0", "--api-key", KEY, "--time-scale", "0.001")
    with ExitStack() as stack:
        database = stack.enter_context(private_cluster(bin_folder))
        balance = stack.enter_context(balancer())
        twin = stack.enter_context(started(*emulator, cwd=folder))
        found = eventually(
            lambda: [w for w in twin.output.split() if "127.0.0.1:" in w], what="twin"
        )
        twin.url = found[0]
        twin.ready("/handset/line")
        yield Site(folder, database, twin, Phone(twin), balance, stack, set())


def test_a_deployment_from_its_first_webhook_to_a_persons_erasure(tmp_path: Path):
    with site(tmp_path) as here:
        here.connect()
        killed, other = here.server(), here.server()
        here.balance.servers = [killed, other]

        # Many people text in bursts, one of them thinks better of it, and a server dies.
        slow = {"method": "POST", "path": "/v1/messages", "times": 6, "delay": HELD_UP}
        here.phone.fail(**slow)
        for name in PEOPLE[:6]:
            here.burst(name, "and hurry", "please")
        stopped = here.burst(STAN)
        here.phone.text("STOP", from_handle=number_of(STAN))
        here.phone.text(f"still there? ({STAN})", from_handle=number_of(STAN))
        eventually(lambda: here.at_work(killed), what="turn on the server that dies")
        os.kill(killed.pid, signal.SIGKILL)
        here.balance.servers = [other]
        for name in (*PEOPLE[6:9], ERNA):
            here.burst(name, "you are my last hope")
        eventually(here.all_delivered, what="webhook at the server that is left", also=here.logs)

        # The secret changes while the dead server's turns wait for their leases to run out: the
        # server that is left takes it up as it runs, and texts go on meanwhile.
        here.connect("--rotate")
        restarted = here.server()
        here.balance.servers = [restarted]
        old = [{"action": "old_secret", "times": 2}]
        here.phone.http.put("/handset/webhook-faults", json=old).raise_for_status()
        for name in PEOPLE[9:]:
            here.burst(name, "with the new secret")
        other.stop()
        second = here.server()
        here.balance.servers = [restarted, second]
        for name in PEOPLE[:3]:
            here.burst(name, "once more")
        here.comes_to_rest()

        history = here.history()
        assert violations(history) == []
        for name in (*PEOPLE, ERNA):
            assert rang(history, name), f"{name} was not answered"
        said = [one["body"] for one in history.outbound(stopped)]
        assert said[-1].startswith("Threedots: You won't get any more texts")
        assert {one["status"] for one in history.deliveries} >= {200}

        forgotten(here, history)
        assert restarted.process.is_alive() and second.process.is_alive()
        restarted.stop()
        second.stop()


def rang(history: History, name: str) -> bool:
    """Whether somebody was told how the ringing went."""
    [box] = [box for box in history.rows.mailboxes if box.participant == number_of(name)]
    return any("(" in one["body"] for one in history.outbound(box.conversation_id or ""))


def forgotten(here: Site, before: History) -> None:
    """Erna is given what is kept of her, is erased, and the history of the others stays sound."""
    number = number_of(ERNA)
    [box] = [box for box in before.rows.mailboxes if box.participant == number]
    file = here.folder / "erna.json"
    here.command("conversations", "export", number, "--output", str(file))
    told = json.loads(file.read_text())
    assert told["messages"][0]["text"] == bell.request_of(ERNA)
    assert told["turns"] and told["rows"]["bubble"] and told["webhooks"]
    assert PEOPLE[0] not in file.read_text()

    said = here.command("conversations", "erase", number, "--yes")
    assert "Outside our reach" in said
    after = here.history()
    assert number not in str([m.sender for m in after.rows.messages])
    assert ERNA not in str([turn.messages for turn in after.rows.turns])
    assert after.screens[box.conversation_id or ""]["metadata"] is None
    sent = len(before.outbound(box.conversation_id or ""))
    assert len(after.outbound(box.conversation_id or "")) == sent, "nothing comes back"
    calls = [one for one in after.calls if one["conversation_id"] != box.conversation_id]
    others = History(calls, after.deliveries, after.screens, after.rows, after.log)
    assert violations(others) == []
