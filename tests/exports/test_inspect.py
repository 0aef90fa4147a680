"""A log of Inspect, read by Inspect: as a library, dumped, and bundled for the browser."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from inspect_ai.log import EvalLog, read_eval_log, read_eval_log_sample_summaries
from inspect_ai.model import ChatMessageAssistant, ChatMessageTool

from memory.exports.formats import NotInstalled
from tests.exports.conftest import Export, ask, has_no_number


def inspect(*arguments: str) -> str:
    """What Inspect's own command prints."""
    command = [str(Path(sys.executable).parent / "inspect"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_inspect_dumps_the_log(export: Export):
    dumped = inspect("log", "dump", str(export("inspect", name="turns.eval")))
    log = EvalLog.model_validate_json(dumped)
    assert (log.status, log.eval.model, log.eval.dataset.samples) == ("success", "script", 5)
    assert has_no_number(dumped)


def test_inspect_bundles_the_log_for_the_browser(export: Export, tmp_path: Path):
    path = export("inspect", name="logs/turns.eval")
    site = tmp_path / "site"
    inspect("view", "bundle", "--log-dir", str(path.parent), "--output-dir", str(site))
    listed = json.loads((site / "logs" / "listing.json").read_text())
    assert listed["turns.eval"]["status"] == "success"
    assert (site / "index.html").exists()


def test_a_sample_is_a_turn_as_the_model_was_shown_it(export: Export):
    log = read_eval_log(str(export("inspect", name="turns.eval")))
    samples = {sample.metadata["wire"][-1].get("text"): sample for sample in log.samples or []}
    noted, seen, notice = (
        next(sample for text, sample in samples.items() if text and words in text)
        for words in ("Noted!", "red square", "START to come back")
    )
    answer = noted.messages[3]
    assert isinstance(answer, ChatMessageAssistant)
    assert [call.function for call in answer.tool_calls or []] == ["remember", "react"]
    assert [part.type for part in answer.content if not isinstance(part, str)] == [
        "reasoning", "text",
    ]  # fmt: skip
    assert str(noted.input).startswith("I like tea")
    assert noted.output.completion == "Noted!"
    ended = (noted.scores or {})["outcome"]
    assert (ended.value, ended.answer) == ("answered", "Noted!")
    assert noted.model_usage["script"].output_tokens > 0
    refused = seen.messages[-2]
    assert isinstance(refused, ChatMessageTool) and refused.error is not None
    assert notice.output.completion.startswith("Threedots: You won't get any more texts")
    assert "Noted!" in [message.text for message in seen.messages], "what was said before"


def test_the_table_of_samples_is_read_without_the_samples(export: Export):
    path = str(export("inspect", name="turns.eval"))
    summaries = read_eval_log_sample_summaries(path)
    assert sorted(str(it.scores["outcome"].value) for it in summaries if it.scores) == [
        "answered", "answered", "answered", "answered", "reacted",
    ]  # fmt: skip
    assert read_eval_log(path, header_only=True).results is not None


def test_an_empty_log_can_be_read(export: Export):
    path = export("inspect", "--conversation", "nobody", name="none.eval")
    assert read_eval_log(str(path)).samples in (None, [])


def test_the_same_turns_are_the_same_bytes(export: Export):
    one = export("inspect", name="one.eval").read_bytes()
    assert export("inspect", name="two.eval").read_bytes() == one


def test_without_a_file_to_write_it_is_refused():
    assert ask("export", "--format", "inspect").exit_code == 2


@pytest.mark.parametrize(("module", "format", "file", "extra"), [
    ("inspect_ai", "inspect", "turns.eval", "inspect"),
    ("opentelemetry.proto", "otlp", "turns.pb", "otlp"),
])  # fmt: skip
def test_where_a_package_is_missing_the_command_that_installs_it_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, module: str, format: str, file: str, extra: str
):
    monkeypatch.setitem(sys.modules, module, None)
    done = ask("export", "--format", format, "--output", str(tmp_path / file))
    assert isinstance(done.exception, NotInstalled)
    assert f"pip install '.[{extra}]'" in str(done.exception)
    assert not (tmp_path / file).exists()
