"""`threedots connect` beside a running server, as real processes."""

from __future__ import annotations

import json
from pathlib import Path

import httpx

from tests.doors.processes import KEY, Phone, free_port, run, serve, twin_for


def test_connect_serve_doctor_and_a_rotation_in_the_midst_of_it(tmp_path: Path):
    port = free_port()
    with twin_for(port, tmp_path) as twin:
        env = {"AGENTPHONE_API_KEY": KEY, "AGENTPHONE_BASE_URL": twin.url}
        env["THREEDOTS_MODEL"] = "scripted"
        url = f"http://127.0.0.1:{port}"
        first = run("connect", "--url", url, cwd=tmp_path, **env)
        assert first.returncode == 0, first.stdout + first.stderr
        assert "registered for the project already" in first.stdout
        assert "Start threedots serve" in first.stdout
        with serve(port, tmp_path, **env) as server:
            server.ready("/readyz")
            phone = Phone(twin)
            assert phone.answered(phone.text("hello"))
            rotated = run("connect", "--url", url, "--rotate", "--json", cwd=tmp_path, **env)
            told = json.loads(rotated.stdout)
            assert (rotated.returncode, told["answered"], told["unsaved"]) == (0, True, None)
            later = phone.text("and now?", from_handle="+14155550199")
            assert phone.answered(later), "the server took the new secret up by itself"
            seen = run("doctor", "--json", cwd=tmp_path, **env)
            found = {finding["name"]: finding for finding in json.loads(seen.stdout)}
            assert found["test"]["verdict"] == "good" and "database" in found["test"]["found"]
            assert "2 are accepted" in found["secret"]["found"]
            assert httpx.get(f"{server.url}/readyz").status_code == 200
            whole = (tmp_path / ".env").read_text()
            secrets = whole.partition("=")[2].strip().replace("@", ",").split(",")
            told_all = first.stdout + rotated.stdout + seen.stdout + server.output
            assert not any(secret in told_all for secret in secrets if "whsec" in secret)


def test_a_file_with_a_secret_that_cannot_be_read_is_said_in_a_sentence(tmp_path: Path):
    gone = run("doctor", cwd=tmp_path, AGENTPHONE_API_KEY_FILE="gone")
    assert (gone.returncode, "AGENTPHONE_API_KEY_FILE" in gone.stderr) == (2, True)
    assert "Traceback" not in gone.stderr
