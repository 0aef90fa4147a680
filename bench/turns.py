"""How long a text takes to be acknowledged and to be answered, and how many turns fit in a second.

    python -m bench.turns [--runs 5] [--messages 200] [--database URL] [--json]

The harness runs in a process of its own with a model that answers at once, so what is measured is
ours: intake, the database, the run of the agent loop, the outbox. Driver and line share the other
core. Every run starts on an empty database; the table shows, over the runs, the median of each
percentile with the smallest and the largest.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from bench.harness import SECRET
from bench.line import Line
from phone.webhook import sign

WEBHOOK = "/webhooks/agentphone"
NUMBER = "+15550100001"
CONNECTIONS = 32

Figures = dict[str, float]


async def one_run(messages: int, database: str) -> Figures:
    """Start a harness on an empty database, measure it, end it."""
    line, port = Line(), free_port()
    line_socket = listening()
    server = uvicorn.Server(
        uvicorn.Config(line, log_level="error", access_log=False, lifespan="off")
    )
    serving = asyncio.create_task(server.serve(sockets=[line_socket]))
    line_url = f"http://127.0.0.1:{line_socket.getsockname()[1]}"
    harness = subprocess.Popen(  # noqa: ASYNC220  # started once, before anything is measured
        [sys.executable, "-m", "bench.harness", str(port), line_url, database]
    )
    try:
        limits = httpx.Limits(max_connections=CONNECTIONS)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", limits=limits) as http:
            await ready(http)
            await measure_alone(http, line, people(0, 20))  # warm
            alone = await measure_alone(http, line, people(1, messages))
            return alone | await measure_together(http, line, people(2, messages * 5))
    finally:
        harness.terminate()
        harness.wait(30)
        server.should_exit = True
        await serving


async def measure_alone(http: httpx.AsyncClient, line: Line, group: Sequence[str]) -> Figures:
    """One text at a time: what somebody feels who texts a quiet agent."""
    acknowledged, answered = [], []
    for person in group:
        started = time.perf_counter()
        await deliver(http, person)
        acknowledged.append(time.perf_counter() - started)
        await line.until_sent([person])
        answered.append(line.sent_at[person] - started)
    return {
        **percentiles("acknowledged, ms", acknowledged),
        **percentiles("first send, ms", answered),
    }


async def measure_together(http: httpx.AsyncClient, line: Line, group: Sequence[str]) -> Figures:
    """Everybody at once over 32 connections: what the machine can carry."""
    acknowledged: list[float] = []

    async def text(person: str) -> None:
        started = time.perf_counter()
        await deliver(http, person)
        acknowledged.append(time.perf_counter() - started)

    gate = asyncio.Semaphore(CONNECTIONS)

    async def gated(person: str) -> None:
        async with gate:
            await text(person)

    started = time.perf_counter()
    await asyncio.gather(*(gated(person) for person in group))
    all_acknowledged = time.perf_counter() - started
    await line.until_sent(list(group))
    all_answered = max(line.sent_at[person] for person in group) - started
    return {
        **percentiles("acknowledged under load, ms", acknowledged),
        "acknowledged per second": len(group) / all_acknowledged,
        "turns per second": len(group) / all_answered,
    }


async def deliver(http: httpx.AsyncClient, person: str) -> None:
    """One signed webhook, as AgentPhone would send it."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    event: dict[str, Any] = {
        "event": "agent.message",
        "channel": "imessage",
        "timestamp": at,
        "agentId": "agent",
        "data": {
            "messageId": f"msg{person[1:]}",
            "conversationId": f"conv{person[1:]}",
            "numberId": "number",
            "from": person,
            "to": NUMBER,
            "message": "Are you open on Sunday?",
            "mediaUrl": None,
            "mediaUrls": [],
            "direction": "inbound",
            "receivedAt": at,
        },
        "conversationState": None,
        "recentHistory": [],
    }
    body = json.dumps(event).encode()
    now = int(time.time())
    headers = {
        "Content-Type": "application/json",
        "X-Webhook-Signature": sign(body, secret=SECRET, timestamp=now),
        "X-Webhook-Timestamp": str(now),
        "X-Webhook-ID": f"del_{person[1:]}",
        "X-Webhook-Event": "agent.message",
    }
    (await http.post(WEBHOOK, content=body, headers=headers)).raise_for_status()


def people(group: int, count: int) -> list[str]:
    """So many numbers nobody has."""
    return [f"+1555{group}{index:06d}" for index in range(count)]


def percentiles(name: str, seconds: Sequence[float]) -> Figures:
    """p50, p95 and p99, in milliseconds."""
    cuts = statistics.quantiles(seconds, n=100)
    return {f"{name}, p{p}": cuts[p - 1] * 1000 for p in (50, 95, 99)}


async def ready(http: httpx.AsyncClient) -> None:
    """Wait for the harness to listen."""
    for _ in range(300):
        try:
            if (await http.get("/healthz")).is_success:
                return
        except httpx.HTTPError:
            await asyncio.sleep(0.1)
    raise SystemExit("the harness did not start")


def listening() -> socket.socket:
    """A socket on a free port."""
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    bound.listen(1024)
    return bound


def free_port() -> int:
    """A port nobody uses now."""
    with listening() as probe:
        return int(probe.getsockname()[1])


def table(runs: Sequence[Figures]) -> str:
    """The median over the runs, with the smallest and the largest."""
    lines = ["| figure | median | min | max |", "| --- | ---: | ---: | ---: |"]
    for name in runs[0]:
        values = [run[name] for run in runs]
        cells = (statistics.median(values), min(values), max(values))
        lines.append(f"| {name} | " + " | ".join(f"{value:,.1f}" for value in cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="runs, each on an empty database (5)")
    parser.add_argument(
        "--messages",
        type=int,
        default=200,
        help="texts one at a time; five times as many at once (200)",
    )
    parser.add_argument(
        "--database",
        help="a Postgres URL, emptied by you; SQLite in a temporary folder if left out",
    )
    parser.add_argument("--json", action="store_true", help="print every run as JSON")
    given = parser.parse_args()
    runs = []
    for _ in range(given.runs):
        with tempfile.TemporaryDirectory() as folder:
            database = given.database or f"sqlite:///{Path(folder) / 'bench.db'}"
            runs.append(asyncio.run(one_run(given.messages, database)))
    if given.json:
        print(json.dumps(runs, indent=1))
    else:
        print(
            f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, "
            f"{given.runs} runs\n"
        )
        print(table(runs))


if __name__ == "__main__":
    main()
