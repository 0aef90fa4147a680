"""`threedots consents` and `threedots text-first`: who agreed to be texted first, and doing so."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import phonenumbers
import typer

from agent.commands.database import read, write
from agent.commands.terminal import console, json_instead
from agent.prompts import Prompts
from agent.settings import HOME, Settings
from memory.consent_records import ConsentRecord, add, records
from memory.consents import ledger
from memory.ordering_first import text_first as order_text
from memory.tables import Consent
from memory.texting_first import NotAllowed, Order
from safety.campaign import may_go_by_sms
from safety.verdicts import Refused

out = console()

commands = typer.Typer(
    help="See who agreed to be texted first, and who said STOP", no_args_is_help=True
)

Handle = Annotated[
    str, typer.Argument(metavar="HANDLE", help="A number such as +14155550123, or an e-mail.")
]
Json = Annotated[bool, json_instead("lines")]
Purpose = Annotated[str, typer.Option(help="What for, in a word, such as appointments.")]


@commands.command("list")
def list_consents(
    handle: Annotated[
        str | None, typer.Argument(metavar="HANDLE", help="Only this person's.")
    ] = None,
    json_output: Json = False,
) -> None:
    """List who agreed to be texted first, newest first

    Whoever said STOP since is marked as withdrawn; START does not bring an agreement back.
    """
    found = read(partial(records, participant=handle))
    if json_output:
        out.print_json(data=[record.model_dump(mode="json") for record in found])
    elif not found:
        out.print("Nobody has agreed to be texted first.")
    else:
        for record in found:
            out.print(_in_a_line(record))


@commands.command("opt-outs")
def list_opt_outs(json_output: Json = False) -> None:
    """List the ledger of STOP and START, newest first

    People who were erased stand in it under a hash of their number.
    """
    found: list[Consent] = list(read(ledger))
    if json_output:
        out.print_json(data=[entry.model_dump(mode="json") for entry in found])
    elif not found:
        out.print("Nobody has said STOP.")
    else:
        for entry in found:
            word = "STOP" if entry.opted_out else "START"
            out.print(f"{entry.at:%Y-%m-%d %H:%M}  {word:5}  {entry.how:8}  {entry.participant}")


@commands.command("record")
def record_consent(
    handle: Handle,
    purpose: Purpose,
    text: Annotated[str, typer.Option(help="The words they agreed to, as they were shown.")],
    evidence: Annotated[
        str, typer.Option(help="Where the proof is: a form and its time, a recording, a paper.")
    ],
    given_at: Annotated[
        datetime | None, typer.Option(help="When they agreed, in UTC; now if left out.")
    ] = None,
) -> None:
    """Record that somebody agreed to be texted first"""
    at = given_at.replace(tzinfo=UTC) if given_at else datetime.now(UTC)
    work = partial(
        add, participant=_handle(handle), purpose=purpose, text=text, evidence=evidence,
        given_at=at, now=time.time(),
    )  # fmt: skip
    out.print(f"Recorded as number {write(work).id}.")


def text_first(
    handle: Handle,
    purpose: Purpose,
    say: Annotated[str, typer.Option(help="The words, texted as they are.")],
    from_number: Annotated[
        str | None,
        typer.Option("--from", help="Our number; the one they last wrote to if left out."),
    ] = None,
    zone: Annotated[
        str | None, typer.Option(help="Where they told us they are, such as Europe/Paris.")
    ] = None,
) -> None:
    """Text somebody who did not write first

    Off unless THREEDOTS_TEXT_FIRST=on. Needs a record that they agreed (`consents record`), day
    where they are (9 to 20 h, on Sundays from noon), a country of THREEDOTS_COUNTRIES, fewer than
    three such texts a day, and fewer than fifty people a day who never wrote to that number. A
    running server sends it within a second, and asks all of that once more before it does.
    """
    settings = Settings()
    if settings.threedots_text_first != "on":
        raise NotAllowed("Texting first is off. Set THREEDOTS_TEXT_FIRST=on to allow it.")
    if not say.strip():
        raise typer.BadParameter("there is nothing to say", param_hint="--say")
    prompts = Prompts(settings.threedots_prompts_dir, shipped=HOME / "prompts")
    order = partial(
        order_text, order=Order(_handle(handle), purpose, zone), text=say.strip(),
        introduction=prompts.text("introduction_sms", name=settings.threedots_name),
        number=_handle(from_number) if from_number else None, senders=settings.senders,
        new_id=uuid.uuid4().hex, now=time.time(),
    )  # fmt: skip
    out.print(f"It goes out as bubble {write(order).id}.")
    words = may_go_by_sms(say, settings.campaign)
    if isinstance(words, Refused) and settings.threedots_sms_content != "off":
        out.print(f"Mind that {words.reason}. It is yours to say, and leaves all the same.")


def _handle(text: str) -> str:
    """A number as E.164, or an e-mail address; anything else is a usage error."""
    if "@" in text:
        return text.strip()
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise typer.BadParameter(f"{text!r} is no number; write it like +14155550123")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _in_a_line(record: ConsentRecord) -> str:
    withdrawn = f"  withdrawn {record.withdrawn_at:%Y-%m-%d}" if record.withdrawn_at else ""
    return (
        f"{record.id}  {record.participant}  {record.purpose}  given "
        f"{record.given_at:%Y-%m-%d %H:%M}  {record.evidence}{withdrawn}"
    )
