"""`threedots outbox` beside a running server: what was sent, what not, and sending it once more."""

from __future__ import annotations

import json
from pathlib import Path

from tests.doors.processes import Phone, eventually, free_port, run, serve, serving, twin_for

REFUSED = {"error": {"message": "Not these words.", "code": "VALIDATION_ERROR"}}


def test_a_refused_bubble_is_listed_and_a_person_can_have_it_sent_again(tmp_path: Path):
    port = free_port()
    with twin_for(port, tmp_path) as twin:
        settings = serving(twin, port, THREEDOTS_MODEL="scripted")
        with serve(port, tmp_path, **settings) as server:
            server.ready("/readyz")
            phone = Phone(twin)
            phone.fail(method="POST", path="/v1/messages", status=400, body=REFUSED, times=20)
            conversation = phone.text("hello there")

            def refused() -> list[dict[str, str]]:
                arguments = ("outbox", "list", "--state", "rejected", "--json")
                return json.loads(run(*arguments, cwd=tmp_path, **settings).stdout)

            bubble = eventually(refused, what="refused bubble")[0]
            assert bubble["conversation_id"] == conversation
            assert bubble["code"] == "VALIDATION_ERROR"
            table = run("outbox", "list", cwd=tmp_path, **settings).stdout
            assert bubble["bubble_id"] in table and "rejected" in table
            phone.http.put("/handset/faults", json=[]).raise_for_status()

            resend = ("outbox", "resend", bubble["bubble_id"])
            asked = run(*resend, cwd=tmp_path, typed="n\n", **settings)
            assert asked.returncode == 1
            assert "AgentPhone refused it, and may refuse it again. Send it again?" in asked.stdout
            done = run(*resend, "--yes", cwd=tmp_path, **settings)
            assert done.returncode == 0, done.stderr
            assert phone.answered(conversation) == [bubble["text"]]

            twice = run(*resend, "--yes", cwd=tmp_path, **settings)
            assert (twice.returncode, "was sent again already" in twice.stderr) == (1, True)
            assert server.stop() == 0


def test_a_bubble_there_is_not_is_one_sentence(tmp_path: Path):
    done = run("outbox", "resend", "nope", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "There is no bubble nope; `threedots outbox list` shows them.\n"
    assert run("outbox", "list", "--json", cwd=tmp_path).stdout.strip() == "[]"
