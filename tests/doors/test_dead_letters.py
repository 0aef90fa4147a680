"""`threedots dead-letters` beside a running server."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from phone.webhook import sign
from tests.doors.processes import ANA, SECRET, Phone, Process, free_port, run, serve, serving
from tests.doors.processes import twin_for as line_for


def delivered(server: Process, body: bytes) -> int:
    """The answer to a signed webhook with this body."""
    timestamp = int(time.time())
    headers = {
        "X-Webhook-Signature": sign(body, secret=SECRET, timestamp=timestamp),
        "X-Webhook-Timestamp": str(timestamp),
        "X-Webhook-ID": "del_by_hand",
    }
    return httpx.post(
        f"{server.url}/webhooks/agentphone", content=body, headers=headers, timeout=10
    ).status_code


def mend(folder: Path, letter_id: int, body: bytes) -> None:
    """What a newer version of the parser does for a letter: its body can be read."""
    with closing(sqlite3.connect(folder / ".threedots" / "threedots.db")) as database:
        database.execute("update dead_letter set body = ? where id = ?", (body, letter_id))
        database.commit()


def listed(folder: Path, **env: str) -> list[dict[str, Any]]:
    done = run("dead-letters", "list", "--json", cwd=folder, **env)
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def message(conversation: str, text: str, *, to: str) -> bytes:
    data = {
        "messageId": "msg_by_hand",
        "conversationId": conversation,
        "from": ANA,
        "to": to,
        "message": text,
        "direction": "inbound",
        "receivedAt": datetime.now(UTC).isoformat(),
    }
    return json.dumps({"event": "agent.message", "channel": "imessage", "data": data}).encode()


def test_an_unreadable_webhook_is_listed_and_answered_once_it_can_be_read(tmp_path: Path):
    port = free_port()
    with line_for(port, tmp_path) as twin:
        settings = serving(twin, port, THREEDOTS_MODEL="scripted")
        with serve(port, tmp_path, **settings) as server:
            server.ready("/readyz")
            phone = Phone(twin)
            conversation = phone.text("hello")
            phone.answered(conversation)
            assert listed(tmp_path, **settings) == []
            assert delivered(server, b"my secret words, and no JSON") == 200
            [letter] = listed(tmp_path, **settings)
            assert letter["kind"] == "unreadable"
            plain = run("dead-letters", "list", cwd=tmp_path, **settings)
            assert "unreadable" in plain.stdout and "secret" not in plain.stdout

            replay = ("dead-letters", "replay", str(letter["id"]))
            still = run(*replay, cwd=tmp_path, **settings)
            assert (still.returncode, "still unreadable" in still.stdout) == (1, True)

            number = phone.http.get("/handset/line").json()["numbers"][0]["phone_number"]
            mend(tmp_path, letter["id"], message(conversation, "can you read me?", to=number))
            dry = run("dead-letters", "replay", "--all", "--dry-run", cwd=tmp_path, **settings)
            assert (dry.returncode, "let in" in dry.stdout) == (0, True)
            assert len(listed(tmp_path, **settings)) == 1
            done = run(*replay, "--json", cwd=tmp_path, **settings)
            assert json.loads(done.stdout) == [{"id": letter["id"], "fate": "accepted"}]
            assert "can you read me?" in phone.answered(conversation, 2)[-1]
            assert listed(tmp_path, **settings) == []
            assert server.stop() == 0


def test_replay_wants_one_letter_or_all_of_them(tmp_path: Path):
    for arguments in ([], ["1", "--all"]):
        done = run("dead-letters", "replay", *arguments, cwd=tmp_path)
        assert done.returncode == 2
        assert "--all" in done.stderr
    unknown = run("dead-letters", "replay", "7", cwd=tmp_path)
    assert (unknown.returncode, "no such dead letter" in unknown.stdout) == (1, True)
