"""`threedots serve` on a line of the twin, as real processes over real sockets."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.doors.processes import (
    KEY,
    SECRET,
    Phone,
    eventually,
    free_port,
    run,
    serve,
    serving,
    twin_for,
)
from tests.openai_server import Answer, Call, Failure, Silence, openai_server


def test_a_text_is_answered_through_a_signed_webhook(tmp_path: Path):
    port = free_port()
    with twin_for(port, tmp_path) as twin:
        settings = serving(twin, port, THREEDOTS_MODEL="scripted")
        with serve(port, tmp_path, **settings) as server:
            server.ready("/readyz")
            phone = Phone(twin)
            conversation = phone.text("hello there")
            assert "hello there" in phone.answered(conversation)[0]
            assert server.stop() == 0
            assert "hello there" not in server.output, "what people write stays out of the log"
            assert SECRET not in server.output and KEY not in server.output


@pytest.mark.parametrize("model", ["openai:gpt-5-mini", "openai-chat:gpt-5-mini"])
def test_a_real_openai_client_answers_with_tools(tmp_path: Path, model: str):
    port = free_port()
    steps = [
        Failure(429, {"retry-after": "0"}),
        Answer(calls=[Call("react", {"tapback": "love"}), Call("remember", {"fact": "Likes tea"})]),
        Answer("Tea it is."),
    ]
    with twin_for(port, tmp_path) as twin, openai_server(steps) as openai:
        key = {"OPENAI_API_KEY": openai.api_key, "OPENAI_BASE_URL": openai.url}
        settings = serving(twin, port, THREEDOTS_MODEL=model, **key)
        with serve(port, tmp_path, **settings) as server:
            server.ready()
            phone = Phone(twin)
            picture = phone.http.post(
                "/handset/media", content=PNG, headers={"Content-Type": "image/png"}
            ).json()["url"]
            conversation = phone.text("I like tea", media_urls=[picture])
            assert phone.answered(conversation) == ["Tea it is."], server.output
            eventually(lambda: phone.screen(conversation)["metadata"], what="memory")
        screen = phone.screen(conversation)
        assert screen["messages"][0]["reactions"][0]["reaction"] == "love"
        assert screen["metadata"]["threedots"]["facts"] == ["Likes tea"]
        sent = str(openai.requests[-1].body)
        assert "I like tea" in sent
        assert "data:image/" in sent, "the photo reaches the model as a photo"


def test_a_message_outlives_a_killed_server_and_is_answered_once(tmp_path: Path):
    port = free_port()
    with twin_for(port, tmp_path) as twin:
        phone = Phone(twin)
        with openai_server([Silence()]) as mute:
            settings = serving(twin, port, OPENAI_API_KEY=mute.api_key, OPENAI_BASE_URL=mute.url)
            with serve(port, tmp_path, **settings) as server:
                server.ready()
                conversation = phone.text("are you there?")
                eventually(lambda: mute.requests, what="request to the model")
                server.kill()
        with openai_server([Answer("Yes, still here.")]) as openai:
            settings |= {"OPENAI_BASE_URL": openai.url}
            with serve(port, tmp_path, **settings) as server:
                assert phone.answered(conversation) == ["Yes, still here."]
                assert server.stop() == 0
        assert phone.answers(conversation) == ["Yes, still here."]


def test_a_bubble_on_its_way_when_the_server_is_killed_is_not_sent_again(tmp_path: Path):
    port = free_port()
    with twin_for(port, tmp_path) as twin:
        phone = Phone(twin)
        phone.fail(method="POST", path="/v1/messages", delay=20, after_effect=True, status=500)
        settings = serving(twin, port, THREEDOTS_MODEL="scripted")
        with serve(port, tmp_path, **settings) as server:
            server.ready()
            conversation = phone.text("hello")
            eventually(lambda: "dispatched" in _bubble_states(tmp_path), what="bubble on its way")
            server.kill()
        phone.http.put("/handset/faults", json=[]).raise_for_status()
        with serve(port, tmp_path, **settings) as server:
            eventually(lambda: _bubble_states(tmp_path) == ["unconfirmed"], what="unknown fate")
            later = phone.text("and now?")
            eventually(lambda: "confirmed" in _bubble_states(tmp_path), what="a second answer")
        sends = phone.calls("POST", "/v1/messages")
        assert later == conversation
        assert len([call for call in sends if "“hello”" in call["body"]["body"]]) <= 1


def _bubble_states(folder: Path) -> list[str]:
    import sqlite3

    with sqlite3.connect(folder / ".threedots" / "threedots.db") as database:
        rows = database.execute("select state from bubble order by position").fetchall()
    return [row[0] for row in rows]


def test_sigterm_finishes_the_turn_under_way(tmp_path: Path):
    port = free_port()
    with twin_for(port, tmp_path) as twin:
        phone = Phone(twin)
        phone.fail(method="POST", path="/v1/messages", delay=1.0)
        settings = serving(twin, port, THREEDOTS_MODEL="scripted")
        with serve(port, tmp_path, **settings) as server:
            server.ready()
            conversation = phone.text("hello")
            eventually(lambda: "dispatched" in _bubble_states(tmp_path), what="bubble on its way")
            assert server.stop() == 0
        assert _bubble_states(tmp_path) == ["confirmed"]
        assert len(phone.answers(conversation)) == 1


GOOD = {"AGENTPHONE_API_KEY": "k", "AGENTPHONE_WEBHOOK_SECRET": SECRET}


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({}, "AGENTPHONE_API_KEY"),
        ({"AGENTPHONE_API_KEY": "k"}, "AGENTPHONE_WEBHOOK_SECRET"),
        (GOOD | {"AGENTPHONE_WEBHOOK_SECRET": "short", "THREEDOTS_MODEL": "scripted"}, "secret"),
        (GOOD, "THREEDOTS_MODEL"),
        (GOOD | {"THREEDOTS_MODEL": "nonsense:x"}, "nonsense:x"),
        (GOOD | {"THREEDOTS_MODEL": "openai:gpt-5-mini"}, "OPENAI_API_KEY"),
        (GOOD | {"THREEDOTS_MODEL": "scripted", "DATABASE_URL": "mysql://x"}, "DATABASE_URL"),
        (GOOD | {"AGENTPHONE_BASE_URL": "agentphone.ai"}, "AGENTPHONE_BASE_URL"),
        (GOOD | {"THREEDOTS_PROMPTS_DIR": "/nowhere"}, "THREEDOTS_PROMPTS_DIR"),
    ],
)
def test_serve_says_what_is_missing_and_does_not_start(
    tmp_path: Path, env: dict[str, str], says: str
):
    done = run("serve", "--port", "0", cwd=tmp_path, **env)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_cannot_be_reached_is_said_in_a_sentence(tmp_path: Path):
    nobody = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
    env = GOOD | {"THREEDOTS_MODEL": "scripted", "DATABASE_URL": nobody}
    done = run("serve", "--port", "0", cwd=tmp_path, **env)
    assert done.returncode == 1
    assert "database" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_a_taken_port_is_said_in_a_sentence(tmp_path: Path):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = run("phone", "--no-open", "--port", port, cwd=tmp_path)
    assert done.returncode == 1
    assert port in done.stderr and "--port" in done.stderr


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63f8cfc0f01f00050001ff"
    "56c72f0d0000000049454e44ae426082"
)
