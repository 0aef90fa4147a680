"""What we do to the line beside words: done once, and noted with what came of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal, TypeVar

from memory.tables import BubbleState
from memory.transcript import Act
from phone.clock import utc
from phone.errors import PhoneError
from tools.hands import Hands
from tools.outbox import fate_of

T = TypeVar("T")

Status = Literal["confirmed", "rejected", "not_sent", "unconfirmed"]

NOT_SHOWN = "not_shown"
"""The code of what AgentPhone answered kindly and did not do."""


async def noted(
    hands: Hands,
    work: Awaitable[T],
    *,
    act: Literal["tapback", "background"],
    call_id: str | None,
    asked: str | None,
    ref: str | None = None,
    landed: Callable[[T], str | None],
) -> T:
    """Do it, and note it for the record; whatever it raises is raised here.

    Args:
        asked: What the model asked for, in its own words; None when something is to be taken away.
        landed: What of it can be seen now, by AgentPhone's answer; None when nothing can.
    """
    done = Act(
        act=act, call_id=call_id, asked=asked, landed=None, ref=ref,
        status="unconfirmed", code=None, reason=None,
        started_at=utc(hands.floor.clock.now()), finished_at=utc(hands.floor.clock.now()),
    )  # fmt: skip
    hands.notes.acts.append(done)
    try:
        answer = await work
        done.status, done.landed = "confirmed", landed(answer)
        if asked is not None and done.landed is None:
            done.status, done.code = "rejected", NOT_SHOWN
        return answer
    except PhoneError as error:
        done.status, done.code, done.reason = _came_to(error)
        raise
    finally:
        done.finished_at = utc(hands.floor.clock.now())


def _came_to(error: PhoneError) -> tuple[Status, str | None, str | None]:
    fate = fate_of(error, attempt=1)
    match fate.state:
        case BubbleState.PREPARED:
            return "not_sent", fate.code, fate.reason
        case BubbleState.REJECTED:
            return "rejected", fate.code, fate.reason
        case _:
            return "unconfirmed", fate.code, fate.reason
