"""`threedots transcripts`, and in it `to-scenario`: recorded talk as a scenario one can edit."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from agent.commands.transcripts import commands


@commands.command("to-scenario")
def to_scenario(
    wanted: Annotated[
        list[str],
        typer.Argument(
            metavar="CONVERSATION_OR_TURN",
            help="A conversation (its id, or the number or group it is), or ids of its turns.",
        ),
    ],
    output: Annotated[Path, typer.Option(help="File to write; one that is there is kept.")],
    first: Annotated[
        str | None, typer.Option("--from", metavar="TURN", help="Begin with this turn.")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="TURN", help="End with this turn.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="The scenario's name; the file's when left out.")
    ] = None,
    with_said: Annotated[
        bool, typer.Option("--with-said", help="Expect the very words that were said, too.")
    ] = False,
    phone: Annotated[
        bool, typer.Option("--phone", help="Read .threedots/phone.db, not DATABASE_URL.")
    ] = False,
) -> None:
    """Make a scenario of a recorded conversation

    Of the database of DATABASE_URL. What happened becomes turns and expectations, earlier talk the
    history; phone numbers are replaced by fictitious ones.
    """
    from agent.settings import Settings
    from evals.local import DATABASE
    from evals.records.choosing import choose, text_of, write_new
    from memory.store import Store

    url = f"sqlite:///{DATABASE}" if phone else Settings().database_url
    title = name or output.stem.replace("-", " ").capitalize()

    async def record() -> str:
        async with Store(url) as store:
            chosen = await choose(store, wanted, first=first, last=last)
            return await text_of(store, chosen, name=title, with_said=with_said)

    text = asyncio.run(record())
    try:
        write_new(output, text)
    except FileExistsError as error:
        raise typer.BadParameter(
            f"{output} is there already; choose another name", param_hint="--output"
        ) from error
    typer.echo(f"{output}: edit what is expected to what the agent should do.")
