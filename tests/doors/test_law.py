"""What the law asks for, by the commands beside a running server."""

from __future__ import annotations

import json
from pathlib import Path

from tests.doors.processes import ANA, Phone, eventually, free_port, run, serve, serving, twin_for

TOLD = "(I'm Threedots, an AI assistant.)"


def test_strangers_are_told_and_a_crisis_waits_for_a_person(tmp_path: Path):
    port = free_port()
    with twin_for(port, tmp_path) as twin:
        settings = serving(twin, port, THREEDOTS_MODEL="scripted", THREEDOTS_INTRODUCTION="")
        with serve(port, tmp_path, **settings) as server:
            server.ready("/readyz")
            phone = Phone(twin)
            conversation = phone.text("hello there")
            [first] = phone.answered(conversation)
            assert first.endswith(TOLD)

            phone.text("I want to kill myself")
            eventually(lambda: len(phone.answers(conversation)) == 2, what="static words")

            def listed() -> list[dict[str, str]]:
                return json.loads(run("alerts", "list", "--json", cwd=tmp_path, **settings).stdout)

            [alert] = eventually(listed, what="alert")
            assert (alert["kind"], alert["participant"]) == ("crisis", ANA)
            assert ANA in run("alerts", "list", cwd=tmp_path, **settings).stdout
            done = run("alerts", "resolve", str(alert["id"]), cwd=tmp_path, **settings)
            assert done.returncode == 0, done.stderr
            again = run("alerts", "resolve", str(alert["id"]), cwd=tmp_path, **settings)
            assert (again.returncode, again.stderr) == (
                1, "There is no open alert 1; see: threedots alerts list\n",
            )  # fmt: skip
            assert server.stop() == 0


def test_texting_first_is_off_and_asks_for_consent(tmp_path: Path):
    order = ("text-first", ANA, "--purpose", "appointments", "--say", "See you!", "--from", ANA)
    off = run(*order, cwd=tmp_path)
    assert (off.returncode, "Set THREEDOTS_TEXT_FIRST=on" in off.stderr) == (1, True)
    refused = run(*order, cwd=tmp_path, THREEDOTS_TEXT_FIRST="on")
    assert (refused.returncode, "no record that they agreed" in refused.stderr) == (1, True)
    agreed = ("consents", "record", ANA, "--purpose", "appointments", "--text", "I agree")
    done = run(*agreed, "--evidence", "form 7", "--given-at", "2026-01-02", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    [record] = json.loads(run("consents", "list", "--json", cwd=tmp_path).stdout)
    assert (record["participant"], record["given_at"]) == (ANA, "2026-01-02T00:00:00Z")
    assert "form 7" in run("consents", "list", ANA, cwd=tmp_path).stdout
    assert json.loads(run("consents", "opt-outs", "--json", cwd=tmp_path).stdout) == []
    nobody = run("consents", "record", "Ana", "--purpose", "p", "--text", "t", "--evidence", "e",
                 cwd=tmp_path)  # fmt: skip
    assert (nobody.returncode, "write it like +14155550123" in nobody.stderr) == (2, True)
