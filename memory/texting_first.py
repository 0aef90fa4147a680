"""The only door by which somebody is texted who did not write first. All must be right at once.

they have not opted out ─ they agreed to this purpose ─ fewer than three a day ─ fewer than fifty
strangers a day from this number ─ it is day there

Asked when the text is ordered, and again in the transaction that lets it leave.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Field, Session, SQLModel, col, func, select

from memory.columns import UTCDateTime
from memory.consent_records import consent_for
from memory.consents import opted_out
from memory.introductions import NEVER_ARRIVED
from memory.minors import is_minor
from memory.silence import silence_in
from memory.tables import Bubble, Mailbox, Message
from phone.clock import utc
from phone.explained import Explained
from safety.quiet_hours import few_enough, few_new_people, in_hours, zones_of
from safety.verdicts import Refused, Verdict

KIND = "first"
"""The kind of such a bubble."""


class FirstText(SQLModel, table=True):
    """What a bubble that nobody asked for is allowed by.

    Attributes:
        purpose: The purpose of the agreement it rests on.
        zone: Where the person said they are; None goes by their number.
    """

    __tablename__ = "first_text"

    bubble_id: str = Field(primary_key=True)
    participant: str = Field(index=True)
    purpose: str
    zone: str | None = None
    at: datetime = Field(sa_type=UTCDateTime)


class NotAllowed(Explained):
    """This person may not be texted first, not now or not at all; the text says why."""


@dataclass(frozen=True, slots=True)
class Order:
    """A text to somebody who did not write: whom, what for, and where they said they are."""

    participant: str
    purpose: str
    zone: str | None = None


def may_text_first(
    session: Session, order: Order, *, number: str, now: float, besides: str | None = None
) -> Verdict:
    """Whether this may leave now.

    Args:
        number: Ours, from which it leaves.
        besides: A bubble that is not counted among those of the last day: the one in question.
    """
    if opted_out(session, order.participant):
        return Refused("opted_out", "They asked not to be texted. Only they can undo that.")
    if is_minor(session, order.participant):
        return Refused("minor", "They said that they are under 18; see: threedots minors list")
    if consent_for(session, order.participant, order.purpose) is None:
        return Refused(
            "no_consent",
            f"There is no record that they agreed to texts for {order.purpose!r}; "
            "see: threedots consents record --help",
        )
    if _is_with_a_person(session, order.participant):
        return Refused(
            "taken_over",
            "A person has been called to them or has them in hand, or the agent is paused; "
            "see: threedots conversations list",
        )
    since = utc(now) - timedelta(days=1)
    few = few_enough(_texts_since(session, order.participant, since, besides))
    if isinstance(few, Refused):
        return few
    if not _has_written(session, order.participant, number):
        few = few_new_people(_new_people_since(session, number, since, order.participant))
        if isinstance(few, Refused):
            return few
    return in_hours(zones_of(order.participant, stated=order.zone), now=utc(now))


def refused_at_the_door(session: Session, bubble: Bubble, *, now: float) -> Refused | None:
    """Why a bubble of this kind may not leave after all; None lets it."""
    first = session.get(FirstText, bubble.id)
    if first is None:
        return Refused("no_consent", "Nobody knows what it was allowed by.")
    order = Order(first.participant, first.purpose, first.zone)
    number = session.get_one(Mailbox, bubble.mailbox_id).number
    answer = may_text_first(session, order, number=number, now=now, besides=bubble.id)
    return answer if isinstance(answer, Refused) else None


def _is_with_a_person(session: Session, participant: str) -> bool:
    theirs = select(Mailbox.id).where(Mailbox.participant == participant)
    return any(silence_in(session, each or 0) is not None for each in session.exec(theirs).all())


def _texts_since(session: Session, participant: str, since: datetime, besides: str | None) -> int:
    sent = (
        select(func.count())
        .select_from(FirstText)
        .outerjoin(Bubble, col(Bubble.id) == FirstText.bubble_id)
        .where(
            FirstText.participant == participant,
            FirstText.at > since,
            FirstText.bubble_id != (besides or ""),
            col(Bubble.state).is_(None) | col(Bubble.state).not_in(NEVER_ARRIVED),
        )
    )
    return session.exec(sent).one()


def _has_written(session: Session, participant: str, number: str) -> bool:
    """Whether they ever wrote to this number of ours."""
    theirs = (
        select(Message.id)
        .join(Mailbox, col(Mailbox.id) == Message.mailbox_id)
        .where(
            Mailbox.number == number,
            Mailbox.participant == participant,
            Message.direction == "inbound",
        )
    )
    return session.exec(theirs.limit(1)).first() is not None


def _new_people_since(session: Session, number: str, since: datetime, besides: str) -> int:
    """How many others were texted first from this number who had not written to it."""
    wrote = (
        select(Message.id)
        .where(Message.mailbox_id == Mailbox.id, Message.direction == "inbound")
        .exists()
    )
    people = (
        select(func.count(func.distinct(FirstText.participant)))
        .select_from(FirstText)
        .join(Bubble, col(Bubble.id) == FirstText.bubble_id)
        .join(Mailbox, col(Mailbox.id) == Bubble.mailbox_id)
        .where(
            Mailbox.number == number,
            FirstText.at > since,
            FirstText.participant != besides,
            col(Bubble.state).not_in(NEVER_ARRIVED),
            ~wrote,
        )
    )
    return session.exec(people).one()
