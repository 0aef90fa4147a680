"""`threedots conversations export` and `erase`: what is kept of a person, given or deleted."""

from __future__ import annotations

import asyncio
import json
import os
import time
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from agent.erasing import Erased, erase_person, list_of, scrub
from agent.settings import Settings
from memory.person_export import export
from memory.persons import Person, find
from memory.store import Store
from phone.client import AgentPhoneClient
from phone.clock import SystemClock
from phone.errors import PhoneError

Who = Annotated[
    str,
    typer.Argument(
        metavar="ID|HANDLE",
        help="A number (+14155550123), an e-mail address, or AgentPhone's id of a conversation.",
    ),
]

BEYOND_US = """\
Outside our reach:
  - AgentPhone keeps the messages themselves; delete the conversation in its dashboard.
  - The model's provider keeps requests for as long as your contract with it says.
  - The carriers, and the phones of the people in the conversation.
  - Backups made before now. `threedots restore` erases this person in them again; until then, keep
    them no longer than you must.
  - What was exported: transcripts, recordings, pictures of a screen."""
"""What an erasure cannot do. Said each time: the person has a right to know."""


def export_person(
    who: Who,
    output: Annotated[
        Path, typer.Option(help="The file to write, JSON; only its owner may read it.")
    ],
) -> None:
    """Write everything that is kept about a person to a file

    Their messages and those to them, turns with what the model read, memory, consent, webhooks.
    Of groups it holds what they wrote themselves.
    """
    told = asyncio.run(_export(Settings().database_url, who))
    if told is None:
        _nobody(who)
    opener = partial(os.open, mode=0o600)
    with open(output, "w", encoding="utf-8", opener=opener) as file:
        json.dump(told, file, ensure_ascii=False, indent=2, default=str)
        file.write("\n")
    typer.echo(f"{output}: {len(told['messages'])} messages, {len(told['turns'])} turns.")


def erase(
    who: Who,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase a person: here, and our memory at AgentPhone

    Their conversations go whole; in groups a mark stands for their words. That they said STOP is
    kept as a hash. A turn of theirs that is under way is stopped. It cannot be undone.
    """
    settings = Settings()
    if settings.agentphone_api_key is None:
        typer.echo(
            "AGENTPHONE_API_KEY is not set: what is remembered at AgentPhone would stay. Nothing "
            "was erased.",
            err=True,
        )
        raise typer.Exit(2)
    if not yes:
        typer.confirm(
            f"Erase everything that is kept about {who}? It cannot be undone.", abort=True
        )
    try:
        erased = asyncio.run(_erase(settings, who))
    except (PhoneError, OSError) as error:
        typer.echo(f"{error} Nothing was erased; try it again.", err=True)
        raise typer.Exit(1) from error
    if erased is None:
        _nobody(who)
    scrub(settings.database_url)
    typer.echo(f"Erased: {_counted(erased)}.")
    typer.echo(BEYOND_US)


def add_person_commands(commands: typer.Typer) -> None:
    """Put both under `threedots conversations`."""
    commands.command("export")(export_person)
    commands.command("erase")(erase)


async def _export(database_url: str, who: str) -> Any:
    async with Store(database_url) as store:
        person = await store.read(partial(find, who=who))
        if person is None:
            return None
        return await store.read(partial(export, person=person, now=time.time()))


async def _erase(settings: Settings, who: str) -> Erased | None:
    clock, key = SystemClock(), settings.agentphone_api_key
    async with (
        Store(settings.database_url) as store,
        AgentPhoneClient(
            key.get_secret_value() if key else "", base_url=settings.agentphone_base_url
        ) as phone,
    ):
        person: Person | None = await store.read(partial(find, who=who))
        if person is None:
            return None
        return await erase_person(
            person, store=store, phone=phone, clock=clock, listed_in=list_of(settings)
        )


def _counted(erased: Erased) -> str:
    rows = ", ".join(f"{count} in {name}" for name, count in erased.rows.items())
    return f"{rows or 'no rows'}; memory at AgentPhone of {len(erased.conversations)} conversations"


def _nobody(who: str) -> NoReturn:
    typer.echo(
        f"Nothing is kept of {who}. Write a number as +14155550123, or give AgentPhone's id of the "
        "conversation.",
        err=True,
    )
    raise typer.Exit(1)
