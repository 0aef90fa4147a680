"""`threedots replay`: real turns against the present prompts."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from evals.commands.given import Prompts, settings_of


def replay(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.jsonl",
            help="Records, one a line, as `threedots transcripts export` writes them.",
            exists=True,
            dir_okay=False,
        ),
    ],
    prompts: Prompts = None,
    model: Annotated[
        str | None, typer.Option(help="Which model answers; THREEDOTS_MODEL when left out.")
    ] = None,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a turn instead of lines.")
    ] = False,
) -> None:
    """Take real turns again and show what changed

    Each turn begins with what stood before it, on a twin and in a database of its own: no line and
    no database of yours is touched. A burst is sent at once, photos are stand-ins, seconds do not
    compare. Exit code 1 when a turn could not be replayed.
    """
    from agent.models import model_for
    from evals.records.replaying import BadRecords, records_in, told
    from evals.records.replaying import replay as replay_records

    settings = settings_of(prompts=prompts, model=model)
    try:
        with file.open("rb") as lines:
            records = records_in(lines, name=str(file))
    except BadRecords as error:
        raise typer.BadParameter(str(error), param_hint="FILE.jsonl") from error
    chosen = model_for(settings, or_scripted=True)

    async def show() -> bool:
        changed = failed = 0
        async for one in replay_records(records, settings, chosen):
            changed, failed = changed + one.is_changed, failed + (one.problem is not None)
            for line in [json.dumps(one.as_json())] if json_output else told(one):
                typer.echo(line)
        if not json_output:
            typer.echo(
                f"{len(records)} turns: {changed} changed, {failed} could not be replayed."
                f" {chosen.model_name} answered."
            )
        return failed > 0

    raise typer.Exit(asyncio.run(show()))
