"""What the README, the help and `.env.example` say is so."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from pydantic_ai import Agent, RunContext
from pydantic_ai.models.test import TestModel
from typer.testing import CliRunner

from agent.settings import Settings, env_example
from evals.format.files import schema_text as scenario_schema
from memory.transcript import schema
from tests.command_line import every_command
from threedots import app
from tools.custom import custom
from tools.hands import Hands

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


COMMANDS = every_command()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_first_two_commands_are_make_phone_and_make_test():
    first = [line.split("#")[0].strip() for line in blocks("sh")[0].strip().splitlines()]
    assert first == ["make phone", "make test"]


def test_make_phone_prints_an_address_where_a_phone_answers(tmp_path: Path):
    make = subprocess.Popen(
        ["make", "--no-print-directory", "phone", "ARGS=--port 0 --no-open"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"}, start_new_session=True,
    )  # fmt: skip
    try:
        assert make.stdout is not None
        said = ""
        for line in make.stdout:
            said += line
            if re.search(r"http://127\.0\.0\.1:\d+", line):
                break
        assert "Threedots phone: http://127.0.0.1:" in said
    finally:
        os.killpg(make.pid, signal.SIGTERM)
        make.communicate(timeout=30)


@pytest.mark.parametrize("target", ["setup", "dev"])
def test_setting_up_again_costs_nothing(target: str):
    started = time.monotonic()
    done = subprocess.run(
        ["make", "--no-print-directory", target],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "pip" not in done.stdout + done.stderr
    assert time.monotonic() - started < 5


def test_every_make_target_the_readme_names_exists():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z]+)\b", README))
    assert named - {"are"} <= targets


def test_every_file_the_readme_names_exists():
    names = set(re.findall(r"`((?:[a-z_]+/)*[a-z_]+\.(?:md|py|toml|lock)|[a-z]+/)`", README))
    places = [ROOT, ROOT / "prompts", ROOT / "memory", ROOT / "tools"]
    missing = {name for name in names if not any((place / name).exists() for place in places)}
    assert len(names) > 15
    assert missing == set()
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_setting_the_readme_names_exists():
    settings = {name.upper() for name in Settings.model_fields}
    named = set(re.findall(r"\b(?:AGENTPHONE|THREEDOTS|OPENAI|DATABASE)_[A-Z_]+\b", README))
    assert len(named) > 5
    assert named <= settings


def test_every_command_the_readme_names_exists_and_none_is_left_out():
    listed = re.findall(r"^\| `threedots ([a-z -]+)` \|", README, re.MULTILINE)
    assert sorted(listed) == sorted(COMMANDS)


def test_the_readmes_tool_is_a_tool():
    before = set(custom.tools)
    exec(blocks("python")[0], {"custom": custom, "RunContext": RunContext, "Hands": Hands})
    try:
        agent = Agent(TestModel(call_tools=["opening_hours"]), toolsets=[custom])
        answer = asyncio.run(agent.run("when?"))
    finally:
        for name in set(custom.tools) - before:
            del custom.tools[name]
    assert "9 to 18." in answer.output


def test_the_env_example_is_written_from_the_settings():
    assert (ROOT / ".env.example").read_text() == env_example(), "run: make docs"


@pytest.mark.parametrize("command", COMMANDS)
def test_help_says_what_every_option_does(command: str):
    shown = CliRunner().invoke(app, [*command.split(), "--help"])
    assert shown.exit_code == 0
    first = shown.output.split("\n\n")[1].strip()
    assert len(first) <= 60 and not first.endswith(".")
    listed = shown.output.split("\nOptions:\n")[1]
    options = re.split(r"\n(?=  -)", listed.strip("\n"))
    assert [option for option in options if len(option.split()) < 4] == []


def test_the_page_of_commands_is_what_help_says():
    assert (ROOT / "docs" / "commands.md").read_text() == commands_page(), "run: make docs"


def commands_page() -> str:
    """`docs/commands.md`: the help of every command, as it is."""
    runner, parts = CliRunner(), ["# Commands\n"]
    for command in COMMANDS:
        asked = [*command.split(), "--help"]
        shown = runner.invoke(app, asked, prog_name="threedots", terminal_width=100)
        parts.append(f"## threedots {command}\n\n```\n{shown.output.strip()}\n```\n")
    return "\n".join(parts)


def test_the_schema_of_the_record_is_written_from_its_model():
    kept = (ROOT / "docs" / "turn-record.schema.json").read_text()
    assert kept == record_schema(), "run: make docs"


def test_the_page_about_the_record_names_only_fields_there_are():
    whole = schema()
    parts = [whole, *whole["$defs"].values()]
    fields = {name for part in parts for name in part.get("properties", {})}
    page = (ROOT / "docs" / "turn-record.md").read_text()
    named = {name for told in re.findall(r"`([a-z_.]+)`", page) for name in told.split(".")}
    about = {"agent", "history", "earlier", "memory", "transcript", "py", "make", "docs"}
    values = {"confirmed_late", "unresolved", "extra_headers", "extra_body", "url"}
    assert named & fields - about > {"heard", "wire", "since"}
    assert named - fields - about - values == set()


def test_the_schema_of_scenarios_is_written_from_its_model():
    kept = (ROOT / "evals" / "scenarios" / "schema.json").read_text()
    assert kept == scenario_schema(), "run: make docs"


def record_schema() -> str:
    """`docs/turn-record.schema.json`: what every record is."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def write() -> None:
    """Write what is generated: `make docs`."""
    (ROOT / ".env.example").write_text(env_example())
    (ROOT / "docs").mkdir(exist_ok=True)
    (ROOT / "docs" / "commands.md").write_text(commands_page())
    (ROOT / "docs" / "turn-record.schema.json").write_text(record_schema())
    (ROOT / "evals" / "scenarios" / "schema.json").write_text(scenario_schema())


if __name__ == "__main__":
    write()
