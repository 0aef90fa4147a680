"""`threedots phone` and `chat`: an agent to text at once, and nothing of production touched."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from tests.doors.processes import Phone, Process, free_port, run, started

PRODUCTION = {
    "AGENTPHONE_API_KEY": "sk_live_never_use_me",
    "AGENTPHONE_BASE_URL": "http://127.0.0.1:9",
    "AGENTPHONE_WEBHOOK_SECRET": "whsec_production_secret",
    "DATABASE_URL": "sqlite:///production.db",
}


def on_the_desk(port: int, cwd: Path, *options: str, **env: str) -> AbstractContextManager[Process]:
    """`threedots phone` on this port."""
    url = f"http://127.0.0.1:{port}"
    return started("phone", "--no-open", "--port", str(port), *options, cwd=cwd, url=url, **env)


def test_the_phone_answers_without_a_key_and_touches_nothing_of_production(tmp_path: Path):
    with on_the_desk(free_port(), tmp_path, **PRODUCTION) as process:
        process.ready()
        phone = Phone(process)
        conversation = phone.text("hi")
        assert "demo" in phone.answered(conversation)[0]
        assert "demo" in process.output, "the command says who answers"
        assert process.stop() == 0
    assert (tmp_path / ".threedots" / "phone.db").is_file()
    assert not (tmp_path / "production.db").exists()


def test_a_conversation_survives_a_restart_until_fresh(tmp_path: Path):
    port = free_port()
    stranger = tmp_path / ".threedots" / "threedots.db"
    stranger.parent.mkdir()
    stranger.write_text("not ours to delete")
    with on_the_desk(port, tmp_path) as process:
        process.ready()
        phone = Phone(process)
        conversation = phone.text("my name is Ana")
        phone.answered(conversation)
        assert process.stop() == 0
    with on_the_desk(port, tmp_path) as process:
        process.ready()
        phone = Phone(process)
        assert len(phone.answers(conversation)) == 1
        phone.text("what's my name?")
        assert phone.answered(conversation, 2)[-1] == "You're Ana."
        assert process.stop() == 0
    with on_the_desk(port, tmp_path, "--fresh") as process:
        process.ready()
        assert Phone(process).http.get("/handset/conversations").json() == {"conversations": []}
    assert stranger.read_text() == "not ours to delete"


def test_a_key_without_a_named_model_means_a_real_model(tmp_path: Path):
    env = {"OPENAI_API_KEY": "sk-none", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    with on_the_desk(free_port(), tmp_path, **env) as process:
        process.ready()
        assert "gpt-5-mini" in process.output
        assert "demo" not in process.output


def test_a_strangers_tools_folder_does_not_get_in_the_way(tmp_path: Path):
    for name in ("tools", "agent", "memory"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('a stranger was imported')")
    done = run("chat", cwd=tmp_path, typed="hello\n", PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "demo" in done.stdout


def test_chat_texts_in_the_terminal_and_shows_what_comes_back(tmp_path: Path):
    done = run("chat", "--verbose", cwd=tmp_path, typed="thank you\n")
    assert done.returncode == 0, done.stderr
    assert "You're welcome" in done.stdout
    assert "love" in done.stdout, "the effect is named"
    assert "POST /v1/messages" in done.stdout
    assert (tmp_path / ".threedots" / "phone.db").is_file()


def test_chat_by_sms_has_no_effects(tmp_path: Path):
    done = run("chat", "--sms", cwd=tmp_path, typed="thank you\n")
    assert "On iMessage this comes with an effect" in done.stdout


def test_settings_are_read_from_a_dotenv_file(tmp_path: Path):
    (tmp_path / ".env").write_text("THREEDOTS_NAME=Pip\n")
    done = run("chat", cwd=tmp_path, typed="hello\n")
    assert "Texting Pip" in done.stdout
