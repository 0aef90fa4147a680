"""`threedots transcripts`: the records of turns, read, taken out and checked."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlmodel import Session

from agent.commands.database import read, write
from agent.commands.terminal import WIDE, console, json_instead
from agent.commands.transcript_page import as_page
from agent.commands.transcripts_shown import as_chat, as_table, summary
from agent.settings import Settings
from memory import labels
from memory.exports.formats import Arguments, Format
from memory.transcript import TurnRecord
from memory.transcripts import Wanted, newest, one
from phone.explained import Explained

TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


class Outcome(StrEnum):
    """How a turn can have ended."""

    ANSWERED = "answered"
    REACTED = "reacted"
    SILENT = "silent"
    HANDED_OVER = "handed_over"
    DROPPED = "dropped"
    FAILED = "failed"


After = Annotated[
    datetime | None, typer.Option(help="Only turns that began then or later (UTC).", formats=TIMES)
]
Before = Annotated[
    datetime | None, typer.Option(help="Only turns that began before that (UTC).", formats=TIMES)
]
Conversation = Annotated[
    str | None, typer.Option(help="Only this conversation: its id, or the number or group it is.")
]
Ended = Annotated[Outcome | None, typer.Option(help="Only turns that ended so.")]
Called = Annotated[str | None, typer.Option(help="Only turns in which this tool was called.")]
Words = Annotated[
    str | None,
    typer.Option(help="Only turns with these words in what was heard, said, called or a reason."),
]

Labelled = Annotated[str | None, typer.Option(help="Only turns with this label.")]

commands = typer.Typer(
    help="Read what happened in each turn, and take it out", no_args_is_help=True
)


@commands.command("list")
def list_records(
    after: After = None,
    before: Before = None,
    conversation: Conversation = None,
    outcome: Ended = None,
    tool: Called = None,
    text: Words = None,
    label: Labelled = None,
    limit: Annotated[int, typer.Option(help="How many, newest first.", min=1)] = 50,
    json_output: Annotated[bool, json_instead("a table")] = False,
) -> None:
    """List turns, newest first

    Of the database of DATABASE_URL; what `threedots phone` keeps is sqlite:///.threedots/phone.db.
    """
    wanted = _wanted(after, before, conversation, outcome, tool, text, label)
    found = read(partial(newest, wanted=wanted, limit=limit))
    summaries = [summary(TurnRecord.model_validate(record)) for record in found]
    out = console(width=WIDE)
    if json_output:
        out.print_json(data=summaries)
    elif summaries:
        out.print(as_table(summaries))
    else:
        out.print("There are no such turns.")


@commands.command()
def show(
    turn_id: Annotated[str, typer.Argument(help="Which one; the beginning of its id will do.")],
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the whole record as JSON.")
    ] = False,
    html: Annotated[
        Path | None,
        typer.Option(help="Write it as one HTML file that needs nothing else.", dir_okay=False),
    ] = None,
) -> None:
    """Show one turn as the chat it was

    With what the tools did between the bubbles, and what was learnt of them since.
    """
    record = _found(turn_id, read(partial(one, turn_id=turn_id)))
    if html is not None:
        html.write_text(as_page(TurnRecord.model_validate(record)), encoding="utf-8")
        typer.echo(f"Written to {html}.")
    elif json_output:
        console().print_json(data=record)
    else:
        typer.echo(as_chat(TurnRecord.model_validate(record)))


@commands.command()
def label(
    turn_id: Annotated[str, typer.Argument(help="Which one; the beginning of its id will do.")],
    add: Annotated[list[str], typer.Option(help="A label it gets; may be given again.")] = [],  # noqa: B006
    remove: Annotated[list[str], typer.Option(help="A label it loses.")] = [],  # noqa: B006
    json_output: Annotated[bool, json_instead("a line")] = False,
) -> None:
    """Say what a turn is an example of

    Labels are told with the turn wherever it is read, and narrow lists and exports (--label).
    Without --add and --remove those it has are printed.
    """

    def put(session: Session) -> list[str]:
        record = _found(turn_id, one(session, turn_id=turn_id))
        known = record["turn_id"]
        return labels.put(session, turn_id=known, add=add, remove=remove, now=time.time())

    try:
        given = write(put)
    except labels.BadLabel as error:
        raise typer.BadParameter(str(error)) from error
    if json_output:
        console().print_json(data=given)
    else:
        typer.echo(", ".join(given) or "no labels")


@commands.command()
def export(
    format: Annotated[
        Format,
        typer.Option(help="jsonl: the records, one a line. The others: docs/exports.md."),
    ] = Format.JSONL,
    output: Annotated[
        Path | None,
        typer.Option(
            help="File to write, anew; standard output when left out. For otlp, a name that "
            "ends in .pb means protobuf."
        ),
    ] = None,
    after: After = None,
    before: Before = None,
    conversation: Conversation = None,
    outcome: Ended = None,
    tool: Called = None,
    text: Words = None,
    label: Labelled = None,
    arguments: Annotated[
        Arguments | None,
        typer.Option(
            help="For openai: JSON in a string, as without it, or objects as chat templates take "
            "them."
        ),
    ] = None,
    with_numbers: Annotated[
        bool,
        typer.Option(
            "--with-numbers", help="Leave phone numbers and e-mail addresses as they are."
        ),
    ] = False,
) -> None:
    """Write turns to a file, oldest first

    All turns unless filtered; where each is told with the talk before it (openai, inspect), one
    conversation after another. Numbers and e-mail addresses are replaced by names that are the same
    in every export of this deployment; people's names and words stay.
    """
    if format is Format.INSPECT and output is None:
        raise typer.BadParameter("A log of Inspect is no text: name a file with --output.")
    if format is not Format.OPENAI and arguments is not None:
        raise typer.BadParameter("--arguments is for --format openai alone.")
    wanted = _wanted(after, before, conversation, outcome, tool, text, label)
    from agent.commands.transcript_files import write_records
    from memory.exports.forms import form_of

    is_protobuf = output is not None and output.suffix == ".pb"
    form = form_of(format, arguments=arguments or Arguments.TEXT, is_protobuf=is_protobuf)
    database_url = Settings().database_url
    asyncio.run(write_records(database_url, wanted, output, form, with_numbers=with_numbers))


@commands.command()
def validate(
    path: Annotated[
        Path, typer.Argument(help="A file that was exported.", exists=True, dir_okay=False)
    ],
) -> None:
    """Check an exported file, line by line

    Its format is recognised by what is in it. Says what is wrong in which line (in a log of
    Inspect and in protobuf: in the how-manieth). Exit code 1 when anything is.
    """
    from memory.exports.checks import checked

    pieces = wrong = 0
    with path.open("rb") as file:
        checks = checked(file)
        for line, problems in checks.pieces:
            pieces += 1
            for problem in problems:
                wrong += 1
                typer.echo(f"{path}:{line}: {problem}", err=True)
    typer.echo(f"{pieces} {checks.called}, {wrong} problems.")
    raise typer.Exit(wrong > 0)


class NoSuchRecord(Explained):
    """No record goes by this id."""


def _found(turn_id: str, record: dict[str, Any] | None) -> dict[str, Any]:
    if record is None:
        raise NoSuchRecord(
            f"There is no turn {turn_id}, or several begin so; `threedots transcripts list` "
            "shows them."
        )
    return record


def _wanted(
    after: datetime | None,
    before: datetime | None,
    conversation: str | None,
    outcome: Outcome | None,
    tool: str | None,
    text: str | None,
    label: str | None,
) -> Wanted:
    return Wanted(
        after=after and after.replace(tzinfo=UTC),
        before=before and before.replace(tzinfo=UTC),
        conversation=conversation,
        outcome=outcome,
        tool=tool,
        words=text,
        label=label,
    )
