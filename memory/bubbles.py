"""The outbox as rows: written, permitted, and told what became of them. No HTTP here.

Everything is a short function over a session, to be run by `Store`. The lease's epoch decides who
may dispatch; what a POST came to is a fact, and is written by whoever learnt it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session, col, func, select

from memory.consents import believe_the_carrier
from memory.introductions import note
from memory.overheard import take_back
from memory.permission import held_back
from memory.spending import correct_segments, spend_on_bubble
from memory.tables import Bubble, BubbleState, Mailbox
from memory.texting_first import KIND, refused_at_the_door
from memory.turns import Claim, LeaseLost, held, wrote_again
from phone.clock import utc
from phone.types import SentMessage
from safety.campaign import CONTENT
from safety.disclosure import Introduction
from safety.limits import Limits
from safety.segments import segments_sent
from safety.verdicts import Allowed, Refused, Verdict

_NO_LIMITS = Limits()

FRESH_FOR = timedelta(minutes=10)
"""How long a bubble may wait to be sent. After that the moment has passed, and it expires."""

NOTICE_FRESH_FOR = timedelta(minutes=5)
"""The same for static words: a later confirmation of STOP would be one text too many, for the law
allows it within five minutes (47 CFR 64.1200(a)(12))."""

FIRST_LOOK = timedelta(minutes=1)
"""Until a conversation is read back for a bubble of unknown fate, once its turn has gone on."""

SUPERSEDED = "superseded"
"""The code of a bubble that did not leave because they wrote again."""

FINISHED = (
    BubbleState.CONFIRMED,
    BubbleState.CONFIRMED_LATE,
    BubbleState.REJECTED,
    BubbleState.CANCELLED,
    BubbleState.EXPIRED,
    BubbleState.UNRESOLVED,
)
"""States after which the next bubble of the conversation may leave."""

LANDED = (BubbleState.CONFIRMED, BubbleState.CONFIRMED_LATE)
"""States that mean AgentPhone took the message."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One bubble to be: its words, pictures, effect, and the message it answers in thread.

    Attributes:
        introduces: Which introduction its words carry, when they do.
        held: Why it is written down for a person to look at and does not leave; None to send it.
    """

    text: str = ""
    media: tuple[str, ...] = ()
    send_style: str | None = None
    reply_to_message_id: str | None = None
    introduces: Introduction | None = None
    held: str | None = None


def prepare(
    session: Session,
    *,
    claim: Claim,
    drafts: Sequence[Draft],
    ids: Sequence[str],
    turn_id: str | None,
    call_id: str | None,
    kind: str,
    now: float,
) -> list[Bubble]:
    """Write the bubbles of one step, in order, before any of them is sent. Raises LeaseLost."""
    _must_hold(session, claim)
    written = [bubble for bubble_id in ids if (bubble := session.get(Bubble, bubble_id))]
    if written:  # the connection broke during this very commit, which had happened, and so: again
        return written
    mailbox = session.get_one(Mailbox, claim.mailbox_id)
    last = session.exec(
        select(func.max(Bubble.position)).where(Bubble.mailbox_id == claim.mailbox_id)
    ).one()
    bubbles = [
        Bubble(
            id=bubble_id,
            mailbox_id=claim.mailbox_id,
            turn_id=turn_id,
            call_id=call_id,
            position=(last or 0) + 1 + index,
            ref=mailbox.next_ref + index,
            kind=kind,
            text=draft.text,
            media=list(draft.media),
            send_style=draft.send_style,
            reply_to_message_id=draft.reply_to_message_id,
            created_at=utc(now),
            expires_at=utc(now) + (NOTICE_FRESH_FOR if kind == "notice" else FRESH_FOR),
        )
        for index, (bubble_id, draft) in enumerate(zip(ids, drafts, strict=True))
    ]
    mailbox.next_ref += len(bubbles)
    session.add_all([mailbox, *bubbles])
    for bubble, draft in zip(bubbles, drafts, strict=True):
        if draft.held is not None:
            finish(bubble, BubbleState.CANCELLED, now, CONTENT, draft.held)
        elif draft.introduces is not None:
            note(session, bubble, mailbox, draft.introduces)
    session.flush()
    return bubbles


def dispatch(
    session: Session,
    *,
    claim: Claim,
    bubble_id: str,
    gives_way_to: Collection[str] | None = (),
    limits: Limits = _NO_LIMITS,
    now: float,
) -> tuple[Bubble, Mailbox]:
    """Let a prepared bubble leave, or say why it may not: the one check before every POST.

    In one transaction: the lease is mine, the bubble is still fresh, the person has not opted out,
    nobody has taken over or paused us, the bubble before it is finished, nobody has written again,
    and a limit has room for it, in which it is counted at once. Raises LeaseLost.

    Args:
        gives_way_to: Handles whose text, come since, stops it; None means anybody's.
        limits: For replies of a turn. What is static, or an operator's order, is only counted.
    """
    _must_hold(session, claim)
    bubble = session.get_one(Bubble, bubble_id)
    mailbox = session.get_one(Mailbox, bubble.mailbox_id)
    if bubble.state == BubbleState.PREPARED:
        _let_leave(session, bubble, mailbox, gives_way_to=gives_way_to, limits=limits, now=now)
        session.add(bubble)
        session.flush()
    return bubble, mailbox


def _let_leave(
    session: Session,
    bubble: Bubble,
    mailbox: Mailbox,
    *,
    gives_way_to: Collection[str] | None,
    limits: Limits,
    now: float,
) -> None:
    if (silence := held_back(session, bubble, mailbox)) is not None:
        finish(bubble, BubbleState.CANCELLED, now, silence.code, silence.reason)
    elif bubble.kind == KIND and (refused := refused_at_the_door(session, bubble, now=now)):
        finish(bubble, BubbleState.CANCELLED, now, refused.code, refused.reason)
    elif utc(now) >= bubble.expires_at:
        finish(bubble, BubbleState.EXPIRED, now, bubble.code or "expired", bubble.reason)
    elif _blocked(session, bubble):
        finish(
            bubble, BubbleState.CANCELLED, now,
            "predecessor_unconfirmed", "Nobody knows whether the bubble before it arrived.",
        )  # fmt: skip
    elif wrote_again(session, bubble.mailbox_id, by=gives_way_to):
        finish(bubble, BubbleState.CANCELLED, now, SUPERSEDED, "They wrote again before it left.")
    elif isinstance(verdict := _counted(session, bubble, mailbox, limits, now), Refused):
        finish(bubble, BubbleState.CANCELLED, now, verdict.code, verdict.reason)
    else:
        bubble.state = BubbleState.DISPATCHED
        bubble.attempt += 1
        bubble.dispatched_at = utc(now)


def _counted(
    session: Session, bubble: Bubble, mailbox: Mailbox, limits: Limits, now: float
) -> Verdict:
    """Count it in what its conversation uses up, or say which limit has no room for it."""
    if bubble.attempt:  # its first attempt, which sent nothing, was counted
        return Allowed()
    return spend_on_bubble(
        session,
        mailbox,
        segments=segments_sent(bubble.text, channel=mailbox.channel, media=len(bubble.media)),
        limits=limits,
        bypasses=bubble.kind != "reply" or bubble.turn_id is None,
        now=now,
    )


def _blocked(session: Session, bubble: Bubble) -> bool:
    """Whether an earlier bubble of the same turn has not come to an end yet."""
    if bubble.turn_id is None:  # sent again by a person, on its own
        return False
    open_before = select(Bubble.id).where(
        Bubble.mailbox_id == bubble.mailbox_id,
        Bubble.turn_id == bubble.turn_id,
        Bubble.position < bubble.position,
        col(Bubble.state).not_in(FINISHED),
    )
    return session.exec(open_before).first() is not None


def record(
    session: Session,
    *,
    bubble_id: str,
    attempt: int,
    state: BubbleState,
    code: str | None,
    reason: str | None,
    drop_reply: bool,
    sent: SentMessage | None,
    now: float,
) -> Bubble:
    """Write what a POST came to, by its attempt, whoever holds the lease by now."""
    bubble = session.get_one(Bubble, bubble_id)
    if bubble.attempt != attempt or bubble.state not in (
        BubbleState.DISPATCHED,
        BubbleState.UNCONFIRMED,
    ):
        return bubble
    asked_for_thread = bubble.reply_to_message_id is not None
    if sent is not None:
        _take_back(session, sent.id, now)
        take_back(session, sent.id, now=now)
        bubble.message_id = sent.id
        bubble.channel = sent.channel
        if asked_for_thread:
            bubble.threaded = not sent.reply_parent_unresolved
        _learn_conversation(session, bubble.mailbox_id, sent)
        _count_fallback(session, bubble, sent, now)
    if drop_reply:
        bubble.reply_to_message_id = None
        bubble.threaded = False
    if state == BubbleState.PREPARED:
        bubble.state, bubble.code, bubble.reason = state, code, reason
    else:
        kept = bubble.code if state == BubbleState.CONFIRMED else code
        finish(bubble, state, now, kept, reason)
    session.add(bubble)
    session.flush()
    if state == BubbleState.REJECTED:
        believe_the_carrier(session, bubble, now=now)
    return bubble


def _count_fallback(session: Session, bubble: Bubble, sent: SentMessage, now: float) -> None:
    """What went out by SMS though iMessage was expected has segments after all, and vice versa."""
    if sent.channel is None:
        return
    mailbox = session.get_one(Mailbox, bubble.mailbox_id)
    told, expected = (
        segments_sent(bubble.text, channel=channel, media=len(bubble.media))
        for channel in (sent.channel, mailbox.channel)
    )
    if told != expected:
        correct_segments(session, mailbox, told - expected, now=now)


def _take_back(session: Session, message_id: str, now: float) -> None:
    """Another bubble was taken for this message by its words; AgentPhone's own answer counts."""
    mistaken = session.exec(select(Bubble).where(Bubble.message_id == message_id)).first()
    if mistaken is not None:
        mistaken.message_id = mistaken.channel = None
        finish(mistaken, BubbleState.UNCONFIRMED, now, mistaken.code, mistaken.reason)
        session.add(mistaken)
        session.flush()  # the id is free only now


def _learn_conversation(session: Session, mailbox_id: int, sent: SentMessage) -> None:
    mailbox = session.get_one(Mailbox, mailbox_id)
    if mailbox.conversation_id is not None or not sent.conversation_id:
        return
    known = select(Mailbox.id).where(Mailbox.conversation_id == sent.conversation_id)
    if session.exec(known).first() is None:  # otherwise intake merges the two at the next webhook
        mailbox.conversation_id = sent.conversation_id
        session.add(mailbox)


def expire(session: Session, *, bubble_id: str, now: float) -> Bubble:
    """Give up a bubble that may not be tried again before its time is up."""
    bubble = session.get_one(Bubble, bubble_id)
    if bubble.state == BubbleState.PREPARED:
        finish(bubble, BubbleState.EXPIRED, now, bubble.code, bubble.reason)
    return bubble


def cancel_rest(session: Session, *, after: Bubble, now: float) -> None:
    """Cancel what the same turn still had to say: it would read oddly after a missing bubble.

    What a person wrote, or had sent again, belongs to no turn and stands by itself.
    """
    if after.turn_id is None:
        return
    waiting = select(Bubble).where(
        Bubble.mailbox_id == after.mailbox_id,
        Bubble.turn_id == after.turn_id,
        Bubble.position > after.position,
        Bubble.state == BubbleState.PREPARED,
    )
    for bubble in session.exec(waiting):
        finish(
            bubble, BubbleState.CANCELLED, now,
            "predecessor_unconfirmed", "Nobody knows whether the bubble before it arrived.",
        )  # fmt: skip
        session.add(bubble)


def abandon(session: Session, *, turn_id: str, now: float) -> list[Bubble]:
    """What a dead worker left: what was dispatched is unknown now, what was written is returned."""
    rows = session.exec(
        select(Bubble).where(Bubble.turn_id == turn_id).order_by(col(Bubble.position))
    ).all()
    for bubble in rows:
        if bubble.state == BubbleState.DISPATCHED:
            finish(
                bubble, BubbleState.UNCONFIRMED, now,
                "crash", "We stopped before AgentPhone's answer was written down.",
            )  # fmt: skip
            session.add(bubble)
    return [bubble for bubble in rows if bubble.state == BubbleState.PREPARED]


def of_turn(session: Session, turn_id: str) -> list[Bubble]:
    """A turn's bubbles, in order."""
    return list(
        session.exec(select(Bubble).where(Bubble.turn_id == turn_id).order_by(col(Bubble.position)))
    )


def redispatchable(bubble: Bubble) -> bool:
    """Whether the POST definitely sent nothing, so that the same bubble may be tried again."""
    return bubble.state == BubbleState.PREPARED


def finish(
    bubble: Bubble, state: BubbleState, now: float, code: str | None, reason: str | None
) -> None:
    """Write a bubble's fate, and when to look for it if that is unknown."""
    bubble.state, bubble.code, bubble.reason = state, code, reason
    bubble.finished_at = utc(now)
    bubble.look_at = utc(now) + FIRST_LOOK if state == BubbleState.UNCONFIRMED else None


def _must_hold(session: Session, claim: Claim) -> None:
    if not held(session, claim):
        raise LeaseLost(
            f"conversation {claim.mailbox_id}: epoch {claim.epoch} is no longer the latest"
        )
