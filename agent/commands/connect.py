"""`threedots connect`: AgentPhone's webhook pointed at this server, its secret kept."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

import httpx
import typer

from agent.commands.terminal import console, json_instead
from agent.connecting import CannotConnect, Connected, address, connect
from agent.secret_place import place_of
from agent.settings import Settings
from phone.client import AgentPhoneClient
from phone.fetching import is_loopback


def connect_webhook(
    url: Annotated[
        str, typer.Option(help="Where this server is reached from outside: https://your-host.")
    ],
    agent: Annotated[
        str | None,
        typer.Option(help="Set this agent's own webhook; the project's when left out."),
    ] = None,
    rotate: Annotated[
        bool, typer.Option("--rotate", help="Take a new secret although nothing differs.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")
    ] = False,
    json_output: Annotated[bool, json_instead("lines")] = False,
) -> None:
    """Point AgentPhone's webhook at this server

    Reads first and registers only what differs: every registration makes a new secret. The secret
    goes into .env, where a running server sees it; the former one counts for a day more. Then
    AgentPhone is asked to deliver a test. Exit code 1 when something must be mended.
    """
    out = console()
    done = asyncio.run(_connect(Settings(), url, agent=agent, rotate=rotate, dry_run=dry_run))
    if json_output:
        out.print_json(data=done.as_json())
    else:
        for finding in done.findings:
            out.print(str(finding), markup=False)
    raise typer.Exit(any(finding.is_trouble for finding in done.findings))


async def _connect(
    settings: Settings, url: str, *, agent: str | None, rotate: bool, dry_run: bool
) -> Connected:
    key = settings.agentphone_api_key
    if key is None:
        raise CannotConnect("AGENTPHONE_API_KEY is not set; AgentPhone's dashboard shows it.")
    base = settings.agentphone_base_url
    where = address(url, twin=is_loopback(httpx.URL(base)))
    async with AgentPhoneClient(key.get_secret_value(), base_url=base) as phone:
        return await connect(
            phone,
            url=where,
            agent_id=agent,
            kept=settings.webhook_keys,
            place=place_of(settings),
            rotate=rotate,
            dry_run=dry_run,
            now=time.time(),
        )
