"""Secrets in files, and what is refused as one."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError
from pydantic_settings import SettingsError

from agent.models import NoModel, model_for
from agent.secret_place import place_of
from agent.settings import Settings
from phone.keyring import Key


def test_openai_without_a_key_is_told_which_variable_to_set(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(NoModel, match=r"OPENAI_API_KEY is not set") as refused:
        model_for(Settings(_env_file=None, threedots_model="openai:gpt-5-mini"))
    assert "Agent('test')" not in str(refused.value), "nobody here can use that"


def test_every_secret_may_be_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    given = {
        "AGENTPHONE_API_KEY": "sk_in_a_file",
        "AGENTPHONE_WEBHOOK_SECRET": "whsec_new_1234,whsec_old_1234@2026-11-26T18:00Z",
        "DATABASE_URL": "postgresql://me:word@db/threedots",
        "OPENAI_API_KEY": "sk-openai",
    }
    for name, value in given.items():
        (tmp_path / name).write_text(f"{value}\n")
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / name))
    settings = Settings()
    assert settings.agentphone_api_key and settings.openai_api_key
    assert settings.agentphone_api_key.get_secret_value() == "sk_in_a_file"
    assert settings.webhook_secrets == ["whsec_new_1234", "whsec_old_1234"]
    assert settings.database_url == "postgresql://me:word@db/threedots"
    assert settings.openai_api_key.get_secret_value() == "sk-openai"
    assert not any(value in repr(settings) for name, value in given.items() if "URL" not in name)


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff", b"x" * 70_000])
def test_a_file_without_a_secret_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
):
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv("OPENAI_API_KEY_FILE", str(path))
    with pytest.raises(SettingsError) as failed:
        Settings()
    assert "OPENAI_API_KEY_FILE" in str(failed.value.__cause__)


def test_a_secret_given_twice_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "key").write_text("sk-a")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-b")
    monkeypatch.setenv("OPENAI_API_KEY_FILE", str(tmp_path / "key"))
    with pytest.raises(SettingsError) as failed:
        Settings()
    assert "OPENAI_API_KEY and OPENAI_API_KEY_FILE" in str(failed.value.__cause__)


@pytest.mark.parametrize("value", ["sk_live_…", "changeme", "<your key>", "sk-..."])
def test_a_placeholder_is_refused_and_not_repeated(value: str):
    with pytest.raises(ValidationError) as failed:
        Settings(agentphone_api_key=value)
    assert "AGENTPHONE_API_KEY still holds a placeholder" in str(failed.value)
    assert value not in str(failed.value)


def test_what_is_no_secret_comes_from_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "name").write_text("Nobody")
    monkeypatch.setenv("THREEDOTS_NAME_FILE", str(tmp_path / "name"))
    assert Settings().threedots_name == "Threedots"


def test_the_file_that_connect_will_write_may_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AGENTPHONE_WEBHOOK_SECRET_FILE", str(tmp_path / "later"))
    assert Settings().webhook_secrets == []
    place = place_of(Settings())
    assert place is not None
    place.write([Key("whsec_written_later")])
    assert Settings().webhook_secrets == ["whsec_written_later"]
