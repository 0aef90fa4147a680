"""The operator's console of a real server: logged in over a real socket, a person in the thread."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from tests.doors.processes import Phone, eventually, free_port, serve, serving, twin_for

TOKEN = "a-token-of-sixteen-characters-or-more"


def test_a_person_takes_over_on_a_running_server(tmp_path: Path):
    port = free_port()
    with twin_for(port, tmp_path) as twin:
        settings = serving(twin, port, THREEDOTS_MODEL="scripted", THREEDOTS_CONSOLE_TOKEN=TOKEN)
        with serve(port, tmp_path, **settings) as server:
            server.ready("/readyz")
            phone = Phone(twin)
            conversation = phone.text("hello there")
            [hello] = phone.answered(conversation)
            origin = f"http://127.0.0.1:{port}"
            headers = {"Origin": origin, "X-Threedots-Console": "1"}
            with httpx.Client(base_url=origin, headers=headers, trust_env=False) as operator:

                def post(path: str, **body: Any) -> httpx.Response:
                    return operator.post(f"/console/api/{path}", json=body)

                assert operator.get("/console/api/me").status_code == 401
                assert post("login", token="wrong-but-long-enough").status_code == 401
                eventually(lambda: post("login", token=TOKEN).status_code == 204, what="a login")
                there = f"conversations/{conversation}"
                assert post(f"{there}/take-over").status_code == 200
                phone.text("are you a person?")
                eventually(
                    lambda: "handed_over" in operator.get(f"/console/api/{there}").text,
                    what="a handed-over turn",
                )
                assert post(f"{there}/bubbles", text="I am.", bubble_id="a" * 32).is_success
                eventually(
                    lambda: bodies(phone, conversation) == [hello, "I am."], what="her words"
                )
                with operator.stream("GET", "/console/api/changes"):  # ends with the server
                    assert server.stop() == 0
            assert "wrong-but-long" not in server.output
            assert TOKEN not in server.output


def bodies(phone: Phone, conversation: str) -> list[str]:
    messages = phone.screen(conversation)["messages"]
    return [one["body"] for one in messages if one["direction"] == "outbound"]
