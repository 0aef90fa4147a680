"""Whether a turn may begin: who they are, whether they are a machine, and what is left for them.

Asked after consent words have had their answer and before any model is. What is turned away is
kept with the reason; nobody is called, nothing is spent.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from sqlmodel import Session

from agent.deployment import Deployment
from memory.admission import Facts, facts, mute
from memory.spending import keep_alert, keep_once, subjects_of
from memory.tables import Mailbox, Message
from memory.turns import Burst
from phone.clock import utc
from safety.limits import (
    BEFORE_A_TURN,
    OVER_LIMIT,
    Allowance,
    Amounts,
    Limit,
    Limits,
    Scope,
    allowance,
    allows,
    refused_by,
)
from safety.loops import LOOP, no_loop
from safety.senders import Senders, may_answer
from safety.verdicts import Allowed, Refused, Verdict

log = logging.getLogger(__name__)

MUTED = "muted"
"""The code of what is not answered because the loop breaker has silenced us towards them."""

FOR_GOOD = datetime(1970, 1, 1, tzinfo=UTC)
"""The window of a static text that is said once and not once in each window."""


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """A turn that may not begin.

    Attributes:
        reason: For the turn and its messages.
        words: The prompt file with a static text that they get once; None for silence.
    """

    reason: str
    words: str | None = None


async def admit(
    deployment: Deployment, mailbox: Mailbox, burst: Burst, asked_by: Collection[str] | None
) -> Allowance | TurnedAway:
    """What this turn may use up, or why it may not begin.

    One that another worker had begun was admitted then, and goes on with what is left.

    Args:
        asked_by: In a group, who spoke to us: the rules about senders are about them.
    """
    now, guard = deployment.clock.now(), deployment.guard
    known = await deployment.store.read(
        partial(facts, mailbox=mailbox, turn_id=burst.turn.id, limits=guard.limits, now=now)
    )
    verdict: Verdict = Allowed()
    if not burst.resumed:
        asked = [m for m in burst.messages if asked_by is None or m.sender in asked_by]
        verdict = _senders(guard.senders, mailbox, asked)
        if guard.breaks_loops and isinstance(verdict, Allowed):
            verdict = _loops(known, now=now)
        if isinstance(verdict, Allowed):
            verdict = _limits(guard.limits, known, channel=mailbox.channel, now=utc(now))
    if isinstance(verdict, Allowed):
        return allowance(guard.limits, list(known.subjects), known.used)
    return await turn_away(deployment, mailbox, verdict)


async def turn_away(deployment: Deployment, mailbox: Mailbox, verdict: Refused) -> TurnedAway:
    """Keep what follows from a refusal, and say what they are told."""
    words = await deployment.store.write(
        partial(
            _consequences,
            verdict=verdict,
            subjects=subjects_of(mailbox),
            limits=deployment.guard.limits,
            strangers=deployment.guard.senders.strangers,
            now=deployment.clock.now(),
        )
    )
    if verdict.code == LOOP:
        deployment.meters.loop()
        log.error("LOOP in conversation %s, muted for an hour: %s", mailbox.id, verdict.reason)
    return TurnedAway(f"{verdict.code}: {verdict.reason}", words)


def _senders(senders: Senders, mailbox: Mailbox, asked: Sequence[Message]) -> Verdict:
    """Refused when nobody who asked may be answered."""
    judge = partial(may_answer, senders, channel=mailbox.channel, number=mailbox.number)
    verdicts = [judge(message.sender, text=message.text) for message in asked]
    allowed = [verdict for verdict in verdicts if isinstance(verdict, Allowed)]
    return verdicts[-1] if verdicts and not allowed else Allowed()


def _loops(known: Facts, *, now: float) -> Verdict:
    if known.muted_until is not None:
        return Refused(MUTED, f"until {known.muted_until:%H:%M} UTC, for {known.muted_because}")
    return no_loop(known.heard, now=utc(now))


def _limits(limits: Limits, known: Facts, *, channel: str, now: datetime) -> Verdict:
    measures: list[str] = [*BEFORE_A_TURN, "bubbles"]  # who can say nothing need not think
    measures += ["segments"] if channel in ("sms", "mms") else []
    measures += ["newcomers"] if known.is_newcomer else []
    more = Amounts(turns=1, newcomers=int(known.is_newcomer))
    return allows(list(limits.of(list(known.subjects), measures)), known.used, more=more, now=now)


def _consequences(
    session: Session,
    *,
    verdict: Refused,
    subjects: Mapping[Scope, str],
    limits: Limits,
    strangers: str,
    now: float,
) -> str | None:
    """Keep what follows from a refusal; the static text to say, if it was not said yet."""
    whose = next(iter(subjects.values()))
    if verdict.code == LOOP:
        mute(session, whose, reason=verdict.reason, now=now)
        return None
    if verdict.code == "unknown_sender" and strangers == "static":
        is_new = keep_once(session, whose, "unknown sender", FOR_GOOD, "told", now=now)
        return "unknown_sender" if is_new else None
    limit = refused_by(verdict, limits) if verdict.code == OVER_LIMIT else None
    if limit is None:
        return None
    keep_alert(session, subjects[limit.scope], limit, "reached", now=now)
    return "limit_reached" if _is_told(session, limit, whose, now=now) else None


def _is_told(session: Session, limit: Limit, whose: str, *, now: float) -> bool:
    """Whether this person, or group, is told now: once in a window, and only of their own limit."""
    return limit.scope in ("sender", "group") and keep_alert(session, whose, limit, "told", now=now)
