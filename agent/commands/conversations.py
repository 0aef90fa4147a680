"""`threedots conversations`: what people write about, and a person's hand on it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, TypeVar

import typer
from rich.table import Table
from sqlmodel import Session

from agent.commands.database import read, write
from agent.commands.persons import add_person_commands
from agent.commands.terminal import WIDE, console
from memory import audit
from memory.alerts import resolve
from memory.audit import COMMAND_LINE
from memory.operating import conversation_of
from memory.pauses import pause as pause_agent
from memory.pauses import paused_everywhere
from memory.pauses import resume as resume_agent
from memory.tables import Mailbox
from memory.takeovers import NotYours, hand_back, ongoing, take_over
from memory.talks import Asked, Standing, newest
from memory.threads import thread
from tools.reviewing import first_words

T = TypeVar("T")

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead.")]

Which = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="AgentPhone's id of it, a group's id, or the handle of its person."
    ),
]

Maybe = Annotated[str | None, typer.Argument(metavar="ID", help="Which; left out with --all.")]

All = Annotated[bool, typer.Option("--all", help="In all conversations at once.")]

commands = typer.Typer(
    help="Take conversations over, pause, export and erase them",
    no_args_is_help=True,
)
add_person_commands(commands)


@commands.command("list")
def list_conversations(
    search: Annotated[
        str | None, typer.Option(help="Words, a name, a number: in what was written or by whom.")
    ] = None,
    outcome: Annotated[
        str | None, typer.Option(help="Only where a turn ended so: failed, silent, dropped…")
    ] = None,
    standing: Annotated[
        Standing | None, typer.Option(help="Only those that stand so.", show_choices=True)
    ] = None,
    limit: Annotated[int, typer.Option(help="How many, newest first.", min=1)] = 50,
    json_output: Json = False,
) -> None:
    """List conversations, the newest first

    Says which wait for a person, which one holds, and where the agent is paused.
    """
    asked = Asked(words=search, outcome=outcome, standing=standing)
    found = _do("search" if search else "list", partial(_listed, asked=asked, limit=limit))
    if json_output:
        console(width=WIDE).print_json(data=found)
    elif found:
        console(width=WIDE).print(_as_table(found))
    else:
        typer.echo("There are no such conversations.")


@commands.command()
def show(conversation: Which, json_output: Json = False) -> None:
    """Show what was said in a conversation, and who held it

    The newest hundred messages, with what became of each bubble.
    """
    told = _do("read", partial(_thread, key=conversation), conversation)
    if json_output:
        console(width=WIDE).print_json(data=told)
        return
    for entry in told["entries"]:
        typer.echo(_in_a_line(entry))


@commands.command()
def takeover(conversation: Which) -> None:
    """Take a conversation over: the agent is silent in it

    Holds from before its next bubble, until `resume`. Write in /console, or from AgentPhone.
    """
    taken = _do("take over", partial(_take_over, key=conversation), conversation)
    typer.echo(f"Held by: {taken}. The agent is silent; `conversations resume` hands it back.")


@commands.command()
def pause(conversation: Maybe = None, everywhere: All = False) -> None:
    """Pause the agent in a conversation, or with --all everywhere

    The kill switch: it holds from before the very next bubble. What people write is kept and not
    answered later; opt-outs are obeyed.
    """
    _one_or_all(conversation, everywhere)
    name = "pause" if conversation else "pause all"
    _do(name, partial(_pause, key=conversation), conversation)
    where = "there" if conversation else "everywhere"
    typer.echo(f"The agent is paused {where}. `conversations resume` lets it speak again.")


@commands.command()
def resume(conversation: Maybe = None, everywhere: All = False) -> None:
    """Hand a conversation back to the agent, or end a pause

    Ends a takeover and a pause of this conversation; with --all the pause of all of them, while
    those that a person has taken over stay theirs.
    """
    _one_or_all(conversation, everywhere)
    name = "resume" if conversation else "resume all"
    if not _do(name, partial(_resume, key=conversation), conversation):
        typer.echo("The agent was neither paused nor held off.")
        raise typer.Exit(1)
    paused = read(_is_paused_everywhere) if conversation else False
    typer.echo("The agent has it again." + (" It is still paused everywhere." if paused else ""))


def _one_or_all(conversation: str | None, everywhere: bool) -> None:
    if (conversation is None) is not everywhere:
        raise typer.BadParameter("Name one conversation, or say --all.")


def _listed(session: Session, *, asked: Asked, limit: int, now: float) -> list[dict[str, Any]]:
    return newest(session, asked, limit=limit)


def _thread(session: Session, *, key: str, now: float) -> dict[str, Any]:
    return thread(session, _found(session, key))


def _take_over(session: Session, *, key: str, now: float) -> str | None:
    mailbox = _found(session, key)
    return take_over(session, mailbox.id or 0, by=COMMAND_LINE, now=now).claimed_by


def _pause(session: Session, *, key: str | None, now: float) -> None:
    mailbox_id = _found(session, key).id if key else None
    pause_agent(session, mailbox_id, by=COMMAND_LINE, now=now)


def _resume(session: Session, *, key: str | None, now: float) -> bool:
    mailbox_id = _found(session, key).id if key else None
    was_paused = resume_agent(session, mailbox_id, by=COMMAND_LINE, now=now)
    if mailbox_id is None or ongoing(session, mailbox_id) is None:
        return was_paused
    hand_back(session, mailbox_id, by=COMMAND_LINE, now=now)
    resolve(session, mailbox_id, by=COMMAND_LINE, now=now)
    return True


def _is_paused_everywhere(session: Session) -> bool:
    return paused_everywhere(session) is not None


def _found(session: Session, key: str) -> Mailbox:
    mailbox = conversation_of(session, key)
    if mailbox is None:
        raise NotYours(f"There is no conversation {key}; see `threedots conversations list`.")
    return mailbox


def _do(action: str, work: Callable[..., T], key: str | None = None) -> T:
    """Do it on the database of this machine's settings, with its entry in the audit."""
    now = time.time()

    def both(session: Session) -> T:
        answer = work(session, now=now)
        mailbox = conversation_of(session, key) if key else None
        audit.note(session, action, who=COMMAND_LINE, mailbox=mailbox, now=now)
        return answer

    return write(both)


def _as_table(found: list[dict[str, Any]]) -> Table:
    table = Table("Conversation", "With", "Newest (UTC)", "Stands", "Words", box=None)
    for one in found:
        who = one["name"] or one["participant"]
        at = one["at"][:19].replace("T", " ")
        words = first_words(one["preview"], 0) if one["preview"] else ""
        table.add_row(one["key"], first_words(who, 0), at, _stands(one), words)
    return table


def _stands(one: dict[str, Any]) -> str:
    takeover = one["takeover"]
    marks = [
        "waits for a person" if takeover and not takeover["claimed_by"] else "",
        f"held by {takeover['claimed_by']}" if takeover and takeover["claimed_by"] else "",
        "paused" if one["is_paused"] else "",
        "opted out" if one["opted_out"] else "",
        f"{one['unconfirmed']} unconfirmed" if one["unconfirmed"] else "",
    ]
    return ", ".join(mark for mark in marks if mark) or (one["outcome"] or "")


def _in_a_line(entry: dict[str, Any]) -> str:
    at = entry["at"][:19].replace("T", " ")
    if entry["kind"] == "event":
        return f"{at}        — {_plain(entry['text'])} —"
    who = entry.get("by") or entry.get("name") or entry.get("sender")
    # Of ours the pictures are counted, of theirs each has a handle.
    pictures = entry["pictures"]
    names = (
        ["[picture]"] * pictures if isinstance(pictures, int) else [f"[{it}]" for it in pictures]
    )
    words = " ".join(filter(None, [entry["text"], *names]))
    if entry["kind"] == "tapback":
        words = f"tapped back {entry['reaction']}"
    state = f"   [{entry['state']}]" if entry["kind"] == "bubble" else ""
    return f"{at}  {entry['ref']:>5} {_plain(str(who))}: {_plain(words)}{state}"


def _plain(words: str) -> str:
    """Somebody's words without what a terminal would obey."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in words)
