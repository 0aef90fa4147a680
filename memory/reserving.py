"""Money a running turn may still cost, set aside before each request to the model.

What turns have cost is counted when they end. Those that run side by side would not see each other
until then, and each could spend what is left of a day; so each sets aside, in one transaction, what
it has cost so far and what its next request may cost, and is refused what the others hold.

On Postgres a replica does not see what another sets aside at that very moment: a limit can be
passed by one request for each further replica.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, get_args

from sqlalchemy import bindparam
from sqlalchemy import select as columns
from sqlmodel import Session, col

from memory.spending import MICROS, Place, subjects_of, used
from memory.tables import Mailbox, Turn, TurnState
from memory.turns import LeaseLost
from phone.clock import utc
from safety.limits import Amounts, Limits, Per, Scope, allows
from safety.verdicts import Allowed, Verdict


@dataclass(frozen=True, slots=True)
class Reserved:
    """What came of setting money aside.

    Attributes:
        verdict: Whether the request may be made.
        is_last: Whether there would be no room for another one like it.
    """

    verdict: Verdict
    is_last: bool = False


def reserve(
    session: Session,
    mailbox: Place,
    turn_id: str,
    *,
    so_far: Decimal,
    next_one: Decimal,
    limits: Limits,
    now: float,
) -> Reserved:
    """Set aside what a turn has cost and what its next request may cost, if the windows have room.

    Args:
        so_far, next_one: Dollars.

    Raises:
        LeaseLost: The turn is not under way any more.
    """
    turn = session.get(Turn, turn_id, with_for_update=True)
    if turn is None or turn.state != TurnState.RUNNING:
        raise LeaseLost(f"turn {turn_id} is not under way any more")
    subjects = subjects_of(mailbox)
    held = list(limits.of(list(subjects), ("cost_usd",)))
    taken = _with_others(session, subjects, turn_id, now=now)
    verdict = allows(held, taken, more=Amounts(cost_usd=so_far + next_one), now=utc(now))
    if not isinstance(verdict, Allowed):
        return Reserved(verdict)
    turn.reserved_micros = int((so_far + next_one) * MICROS)
    session.add(turn)
    session.flush()  # who asks next goes past the session
    twice = Amounts(cost_usd=so_far + next_one + next_one)
    return Reserved(verdict, not isinstance(allows(held, taken, more=twice, now=utc(now)), Allowed))


def _with_others(
    session: Session, subjects: Mapping[Scope, str], turn_id: str, *, now: float
) -> dict[Any, Amounts]:
    """What was spent in the present windows, and what other turns hold."""
    amounts = used(session, subjects, now=now)
    for row in session.connection().execute(_RUNNING, {"turn": turn_id}):
        more = Amounts(cost_usd=Decimal(row.reserved_micros) / MICROS)
        for scope, subject in subjects_of(row).items():
            if subjects.get(scope) != subject:
                continue
            for per in get_args(Per):
                amounts[scope, per] = amounts.get((scope, per), Amounts()) + more
    return amounts


# Prepared once: to build a statement costs more than to run it, and every request asks this.
_RUNNING = (
    columns(
        col(Mailbox.number),
        col(Mailbox.participant),
        col(Mailbox.is_group),
        col(Mailbox.group_id),
        col(Turn.reserved_micros),
    )
    .select_from(Turn)
    .join(Mailbox, col(Mailbox.id) == Turn.mailbox_id)
    .where(
        col(Turn.state) == TurnState.RUNNING.value,
        col(Turn.reserved_micros).is_not(None),
        col(Turn.id) != bindparam("turn"),
    )
)
