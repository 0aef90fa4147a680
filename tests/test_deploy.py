"""What can be checked, without a host, of the files one deploys with: names, paths, times."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

import server
from agent.running import DRAIN
from agent.settings import Settings
from tests.command_line import commands_of
from threedots import _listen, app

ROOT = Path(__file__).parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
UNIT = (ROOT / "deploy" / "threedots.service").read_text()
FLY = tomllib.loads((ROOT / "deploy" / "fly.toml").read_text())
CADDY = (ROOT / "deploy" / "Caddyfile").read_text()
PAGE = (ROOT / "docs" / "deploy.md").read_text()
STOPS_WITHIN = DRAIN + 10
"""Seconds a stop may take: the turns, the last requests, the database."""

ROUTES = {
    "/webhooks/agentphone",
    *(route.path for route in server.Door(["whsec_0123456789"]).app.routes),
}
OF_OTHERS = {
    *("THREEDOTS_HOST", "THREEDOTS_UPSTREAM"),
    *("POSTGRES_PASSWORD", "POSTGRES_USER", "POSTGRES_DB"),
}
"""What Caddy and Postgres are told; not settings of ours."""


def settings() -> set[str]:
    names = {name.upper() for name in Settings.model_fields}
    return names | {f"{name}_FILE" for name in names}


def named(text: str) -> set[str]:
    return set(re.findall(r"\b(?:AGENTPHONE|THREEDOTS|OPENAI|DATABASE|POSTGRES)_[A-Z_]+\b", text))


def seconds(text: str) -> float:
    return float(text.removesuffix("s"))


def parses(words: list[str]) -> bool:
    """Whether these words are a command with options that exist, and values it takes."""
    command: Any = get_command(app)
    arguments = [word.replace("…", "x") for word in words]
    while inner := commands_of(command):
        if not arguments or arguments[0] not in inner:
            return False
        command = inner[arguments.pop(0)]
    command.make_context("threedots", arguments)
    return True


def commands() -> list[str]:
    """Every `threedots …` that the page tells one to run."""
    told = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE.replace("\n   ", "\n"), re.DOTALL))
    told += "\n" + "\n".join(re.findall(r"`([^`\n]+)`", PAGE))
    found = re.findall(r"(?:^|[ /])threedots((?: (?:--?)?[\w./:…-]+)+)", told, re.MULTILINE)
    rooms = commands_of(get_command(app))
    return sorted({words.strip() for words in found if words.split()[0] in rooms})


@pytest.mark.parametrize("command", commands())
def test_every_command_of_the_page_exists(command: str):
    assert parses(command.split())


def test_the_page_names_the_commands_that_matter():
    assert {"serve", "doctor"} <= set(commands())
    assert any("connect" in command and "--rotate" in command for command in commands())


def test_every_setting_that_is_named_exists():
    for text in (PAGE, DOCKERFILE, UNIT, CADDY, (ROOT / "compose.yaml").read_text()):
        assert named(text) - settings() - OF_OTHERS == set()
    assert len(named(PAGE)) > 6


def test_every_file_the_page_names_exists():
    names = set(re.findall(r"\b(deploy/[\w.]+|compose\.yaml|Dockerfile|\.env\.example)", PAGE))
    assert len(names) >= 5
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_the_page_names_every_metric_there_is_and_no_other():
    from agent.metrics import Gauges
    from tools.meters import Meters

    counted = [*Meters().registry.collect(), *Gauges().registry.collect()]
    known = {family.name for family in counted}
    told = {name.removesuffix("_total") for name in re.findall(r"\bthreedots_[a-z_]+", PAGE)}
    assert told == known


def test_every_door_that_is_named_exists():
    asked = re.findall(r"127\.0\.0\.1:8080(/\w+)", DOCKERFILE)
    asked += [check["path"] for check in FLY["http_service"]["checks"]] + [FLY["metrics"]["path"]]
    asked += re.findall(r"`(/(?:healthz|readyz|metrics|webhooks/\w+))`", PAGE)
    assert len(asked) > 6
    assert set(asked) <= ROUTES
    outside = re.search(r"@outside path (.*)", CADDY)
    assert outside and outside[1].split() == ["/webhooks/agentphone", "/media/*", "/healthz"]


def test_the_image_installs_by_hash_and_runs_as_nobodys_root():
    assert "--require-hashes --only-binary :all: -r requirements.lock" in DOCKERFILE
    copied = re.findall(r"^COPY (?!--from)(\S+) ", DOCKERFILE, re.MULTILINE)
    assert all((ROOT / name).exists() for name in copied)
    [user] = re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE)
    assert int(user) > 0 and f"--uid {user}" in DOCKERFILE
    [entry], [rest] = (re.findall(rf'^{word} (\[.*\])', DOCKERFILE, re.MULTILINE)
                       for word in ("ENTRYPOINT", "CMD"))  # fmt: skip
    words = [*yaml.safe_load(entry), *yaml.safe_load(rest)]
    assert words[0] == "threedots" and parses(words[1:])
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {".env", ".git", ".threedots"} <= set(ignored), "no secret gets into an image"


def test_the_container_may_write_nothing_but_its_data_and_is_given_time_to_stop():
    service = COMPOSE["services"]["threedots"]
    assert service["read_only"] is True and service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert seconds(service["stop_grace_period"]) >= STOPS_WITHIN
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert set(service["environment"]) <= settings()
    volumes = [mount.split(":")[0] for s in COMPOSE["services"].values() for mount in s["volumes"]]
    assert {name for name in volumes if not name.startswith(".")} == set(COMPOSE["volumes"])
    assert [name for name in volumes if name.startswith(".") and not (ROOT / name).exists()] == []


def test_the_database_of_compose_is_reached_by_the_server_alone_and_reaches_nobody():
    services = COMPOSE["services"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert {name for name, one in services.items() if one["networks"] == ["inside"]} == {
        *("database", "backups"),
    }
    assert not any("ports" in services[name] for name in ("database", "backups"))
    assert services["https"]["networks"] == ["outside"]


def test_every_address_that_a_setting_names_is_in_the_list_of_what_is_connected_to():
    told = PAGE.partition("## What it connects to")[2].partition("\n## ")[0]
    fields = Settings.model_fields
    outward = {
        name.upper()
        for name in fields
        if name.endswith(("_url", "_endpoint"))
        and name not in ("threedots_public_url", "otel_exporter_otlp_traces_endpoint")
    }
    assert len(outward) > 4
    assert {name for name in outward if f"`{name}`" not in told} == set()
    host = fields["agentphone_base_url"].default.removeprefix("https://")
    assert f"`{host}`" in told


def test_every_secret_has_a_line_that_says_how_it_is_changed():
    told = PAGE.partition("## When the secret or the key must change")[2].partition("\n## ")[0]
    others = {"agentphone_api_key", "openai_api_key", "agentphone_webhook_secret"}
    secret = {
        n for n, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)
    }
    assert secret >= others
    assert {name for name in secret - others if f"`{name.upper()}`" not in told} == set()
    assert all(words in told for words in ("the API key", "the model's key", "webhook's secret"))


def test_each_host_gives_time_to_stop():
    [unit] = re.findall(r"TimeoutStopSec=(\d+)", UNIT)
    assert min(float(unit), seconds(FLY["kill_timeout"])) >= STOPS_WITHIN
    [render] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    [service] = yaml.safe_load(render)["services"]
    assert service["maxShutdownDelaySeconds"] >= STOPS_WITHIN
    assert {one["key"] for one in service["envVars"]} <= settings()
    assert service["healthCheckPath"] in ROUTES


UNITS = ("threedots.service", "threedots-backup.service", "threedots-backup.timer")


@pytest.mark.parametrize("name", [name for name in UNITS if name.endswith(".service")])
def test_a_unit_runs_a_command_of_ours_as_nobodys_root(name: str):
    unit = (ROOT / "deploy" / name).read_text()
    [start] = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    program, *words = start.split()
    assert program.endswith("/.venv/bin/threedots") and parses(words)
    for held in ("User=threedots", "NoNewPrivileges=yes", "CapabilityBoundingSet=",
                 "ProtectSystem=strict", "UMask=0077"):  # fmt: skip
        assert held in unit.splitlines()
    [folder] = re.findall(r"^WorkingDirectory=/var/lib/(.*)$", unit, re.MULTILINE)
    [kept] = re.findall(r"^StateDirectory=(.*)$", unit, re.MULTILINE)
    assert folder in kept.split()
    assert all(word.removeprefix("/var/lib/") in kept.split() for word in words if "/" in word)


def test_systemd_understands_the_units(tmp_path: Path):
    analyze = shutil.which("systemd-analyze")
    for name in UNITS:
        text = (ROOT / "deploy" / name).read_text()
        assert re.findall(r"^\[(\w+)\]$", text, re.MULTILINE)[0] == "Unit"
        program = "/opt/threedots/.venv/bin/threedots"
        (tmp_path / name).write_text(text.replace(program, sys.executable))
    if analyze:  # where systemd is, it reads the units itself
        units = [str(tmp_path / name) for name in UNITS]
        done = subprocess.run(
            [analyze, "verify", "--man=no", *units], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")


def test_the_hourly_dump_of_compose_is_kept_for_two_days(tmp_path: Path):
    """Its shell is run once here, with stand-ins for Postgres' tools."""
    service = COMPOSE["services"]["backups"]
    assert service["image"] == COMPOSE["services"]["database"]["image"]
    [script] = service["command"]
    script = (
        script.replace("$$", "$").replace("/backups", str(tmp_path)).replace("sleep 3600", "exit")
    )
    tools = 'pg_dump() { for a; do case $a in --file=*) echo x > "${a#--file=}"; esac; done; }\n'
    tools += "pg_restore() { :; }\n"
    for hour in range(50):
        (tmp_path / f"threedots-20200101T{hour:06}Z.dump").touch()
    subprocess.run(["sh", "-c", tools + script], check=True)
    left = sorted(file.name for file in tmp_path.iterdir())
    assert len(left) == 48 and "threedots-20200101T000002Z.dump" not in left
    assert not left[-1].startswith("threedots-2020")


def test_a_port_that_is_taken_is_told_from_an_address_that_is_not_ours(capfd: Any):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for host, port, option in (
            ("127.0.0.1", taken.getsockname()[1], "--port"),
            ("192.0.2.1", 0, "--host"),
        ):
            with pytest.raises(SystemExit):
                _listen(host, port)
            told = capfd.readouterr().err
            assert host in told and told.strip().endswith(f"{option}.")
