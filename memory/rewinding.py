"""A conversation put back to how it was at one of its messages, in a copy of a database.

What came later is gone, as if it had not happened: messages, tapbacks, turns with all that is of
them, consent, the memory's later versions. Nothing in the copy waits to be done. What stays was
dealt with, whatever became of it: nothing before that message is answered again.

For a copy alone, never for a database in use: the other conversations are deleted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import Session, col, delete, func, or_, select, update

from memory.admission import Muted
from memory.alerts import Alert
from memory.approvals import Approval
from memory.audit import AuditEntry
from memory.catching_up import known
from memory.console_sessions import ConsoleSession
from memory.introductions import IntroductionTold
from memory.keepsakes import Branch
from memory.minors import MinorFlag
from memory.pauses import Pause
from memory.sources import FactSource
from memory.spending import LimitAlert, Spent
from memory.tables import (
    AS_WRITTEN,
    Bubble,
    Consent,
    DeadLetter,
    Event,
    EventKey,
    Mailbox,
    Message,
    MessageState,
    MetadataEntry,
    ToolCall,
    Transcript,
    Turn,
    TurnState,
)
from memory.takeovers import Takeover
from memory.texting_first import FirstText
from memory.verifying import Verification
from memory.wrong_tokens import WrongToken
from phone.clock import utc

REWOUND = "rewound"
"""Why something that was under way at the point has come to nothing."""

UNANSWERED = f"dropped({REWOUND})"
"""The outcome of a message whose turn had not begun at the point."""

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

FOREVER = datetime(9999, 1, 1, tzinfo=UTC)

INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Point:
    """A place in a conversation, right after one of its messages or right before it.

    The line knows the order in which people saw the messages; our own rows know when we heard of
    them and what was done about it.

    Attributes:
        kept: The messages of the line before the point, by AgentPhone's id, and when each was
            written, Unix seconds on the line's clock.
        message_id: The message at the point; None for the end of all that `kept` names.
        is_before: Whether that message is gone.
        turn_id: For the point right before what a turn has heard, in place of the two above.
    """

    kept: Mapping[str, float]
    message_id: str | None = None
    is_before: bool = False
    turn_id: str | None = None


def rewind(session: Session, conversation_id: str, *, to: Point) -> float | None:
    """Put the conversation back to the point, and delete all the others.

    Returns:
        When the last whole turn that stays had ended, Unix seconds on the line's clock: what the
        agent did until then, such as saving its memory, stays with it. None when there is none.
    """
    mailbox = session.exec(
        select(Mailbox).where(Mailbox.conversation_id == conversation_id)
    ).first()
    _leave_only(session, mailbox)
    ended_at = None
    if mailbox is not None:
        past = _Past(session, mailbox, to)
        ended_at = past.on_the_line(past.ended_at)
        past.rewind()
    _count_as_heard(session, to)
    session.flush()
    return ended_at


def _leave_only(session: Session, mailbox: Mailbox | None) -> None:
    """Delete every other conversation, and what is about none: raw webhooks, branches, counts.

    Nor does anybody hold or watch the copy: it is there for the agent to be tried out in.
    """
    kept_id = mailbox.id if mailbox is not None else None
    others = session.exec(select(Mailbox.id).where(col(Mailbox.id) != (kept_id or 0))).all()
    turns = select(Turn.id).where(col(Turn.mailbox_id).in_(others))
    session.exec(delete(ToolCall).where(col(ToolCall.turn_id).in_(turns)))
    of_it = (Alert, Approval, Bubble, FactSource, Transcript, MetadataEntry, Message, Turn)
    for table in (*of_it, Verification):
        session.exec(delete(table).where(col(table.mailbox_id).in_(others)))
    strangers = col(MinorFlag.participant).not_in(select(Message.sender))
    session.exec(delete(MinorFlag).where(strangers))
    session.exec(delete(Alert).where(col(Alert.mailbox_id).is_(None)))
    unneeded = (Takeover, Pause, AuditEntry, ConsoleSession, WrongToken, Spent, LimitAlert, Muted)
    for whole in (EventKey, Event, DeadLetter, Branch, *unneeded):
        session.exec(delete(whole))
    session.exec(delete(Mailbox).where(col(Mailbox.id).in_(others)))


def _count_as_heard(session: Session, to: Point) -> None:
    """What stands on the line and never reached us is not to be caught up now."""
    strange = to.kept.keys() - known(session, to.kept)
    if not strange:
        return
    event = Event(
        webhook_id="", event=REWOUND, body=b"", why=REWOUND, received_at=utc(max(to.kept.values()))
    )
    session.add(event)
    session.flush()
    session.add_all(EventKey(key=f"msg:{one}", event_id=event.id or 0) for one in strange)


class _Past:
    """The rows of one conversation, sorted by the point: what stays, what goes, what is cut."""

    def __init__(self, session: Session, mailbox: Mailbox, to: Point) -> None:
        self._session = session
        self._mailbox = mailbox
        self._to = to
        mine = Mailbox.id == mailbox.id
        self._messages = session.exec(
            select(Message).join(Mailbox).where(mine).order_by(*AS_WRITTEN)
        ).all()
        self._bubbles = session.exec(
            select(Bubble).join(Mailbox).where(mine).order_by(col(Bubble.position))
        ).all()
        self._turns = session.exec(
            select(Turn).join(Mailbox).where(mine).order_by(col(Turn.started_at))
        ).all()
        self._heard: dict[str | None, list[Message]] = defaultdict(list)
        self._said: dict[str | None, list[Bubble]] = defaultdict(list)
        for message in self._messages:
            self._heard[message.turn_id].append(message)
        for bubble in self._bubbles:
            self._said[bubble.turn_id].append(bubble)
        self._at = self._moment()
        begun = [turn for turn in self._turns if self._is_begun(turn)]
        self._whole = [turn for turn in begun if self._is_over(turn)]
        self._cut = [turn for turn in begun if not self._is_over(turn)]

    @property
    def ended_at(self) -> datetime | None:
        """When the last whole turn had ended."""
        ends = [turn.settled_at for turn in self._whole if turn.settled_at is not None]
        return max(ends, default=None)

    def on_the_line(self, at: datetime | None) -> float | None:
        """One of our times on the line's clock, which may have been moved on."""
        if at is None:
            return None
        ahead = 0.0
        for bubble in self._bubbles:
            if (written := self._to.kept.get(bubble.message_id or "")) and bubble.dispatched_at:
                ahead = written - bubble.dispatched_at.timestamp()
        return at.timestamp() + ahead

    def rewind(self) -> None:
        """Write it."""
        self._mend_cut_turns()
        self._delete_turns()
        self._settle_messages()
        self._forget_later_versions()
        self._put_mailbox_back()

    def _moment(self) -> datetime:
        """When, on our own clock, the point is: what happened until then stays."""
        to, heard = self._to, self._messages
        if to.turn_id is not None:
            stored = [one.stored_at for one in self._heard[to.turn_id]]
            return min(stored) - INSTANT if stored else LONG_AGO
        for message in heard:
            if to.message_id and message.message_id == to.message_id:
                return message.stored_at - INSTANT if to.is_before else message.stored_at
        for bubble in self._bubbles:
            if to.message_id and bubble.message_id == to.message_id:
                began = bubble.dispatched_at or bubble.created_at
                return began - INSTANT if to.is_before else bubble.finished_at or began
        if to.message_id is None:
            return FOREVER
        times = [one.stored_at for one in heard if one.message_id in to.kept]
        times += [one.finished_at or one.created_at for one in self._bubbles if self._landed(one)]
        return max(times, default=LONG_AGO)

    def _landed(self, bubble: Bubble) -> bool:
        """Whether it stood on the line before the point."""
        return bubble.message_id in self._to.kept

    def _has_come(self, message: Message) -> bool:
        """Whether it had been written: a tapback, which has no id, by when we heard of it."""
        if message.message_id is not None:
            return message.message_id in self._to.kept
        return message.stored_at <= self._at

    def _is_begun(self, turn: Turn) -> bool:
        """Whether it had begun, with something that stays to be about or to have said."""
        if turn.started_at > self._at or turn.id == self._to.turn_id:
            return False
        heard, said = self._heard[turn.id], self._said[turn.id]
        return any(map(self._has_come, heard)) or any(map(self._landed, said))

    def _is_over(self, turn: Turn) -> bool:
        """Whether all of it lies before the point; the end of it may come a little later."""
        said = [bubble for bubble in self._said[turn.id] if bubble.message_id]
        is_all_there = all(map(self._has_come, self._heard[turn.id])) and all(
            map(self._landed, said)
        )
        return turn.state == TurnState.SETTLED and is_all_there

    def _mend_cut_turns(self) -> None:
        """Such a turn is told by its bubbles: what else it did lies after the point."""
        for turn in self._cut:
            has_said = any(map(self._landed, self._said[turn.id]))
            before = turn.memory_before or (turn.notes or {}).get("memory_before")
            turn.state = TurnState.SETTLED
            turn.outcome = "answered" if has_said else "dropped"
            turn.reason = None if has_said else REWOUND
            turn.messages = turn.usage = turn.notes = None
            turn.memory_before = turn.memory_after = before
            turn.memory_saved = turn.memory_note = None
            turn.settled_at = min(turn.settled_at or turn.started_at, self._at)
            self._session.add(turn)
        cut = [turn.id for turn in self._cut]
        self._session.exec(delete(ToolCall).where(col(ToolCall.turn_id).in_(cut)))
        self._session.exec(delete(Transcript).where(col(Transcript.turn_id).in_(cut)))

    def _delete_turns(self) -> None:
        """What was begun later goes, with all that is of it, and bubbles that are not there yet."""
        whole, cut = {one.id for one in self._whole}, {one.id for one in self._cut}
        gone = {turn.id for turn in self._turns} - whole - cut
        for bubble in self._bubbles:
            if bubble.turn_id not in whole and not self._landed(bubble):
                self._session.delete(bubble)
            elif bubble.turn_id in gone:
                bubble.turn_id = None
        self._session.flush()
        for table in (ToolCall, Transcript):
            self._session.exec(delete(table).where(col(table.turn_id).in_(gone)))
        for message in self._messages:
            if message.turn_id in gone:
                message.turn_id, message.outcome = None, UNANSWERED
        self._session.flush()
        self._session.exec(delete(Turn).where(col(Turn.id).in_(gone)))

    def _settle_messages(self) -> None:
        whole = {turn.id for turn in self._whole}
        for message in self._messages:
            is_noted = message.message_id is None and self._is_noted(message)
            if not (self._has_come(message) or message.turn_id in whole or is_noted):
                self._session.delete(message)
                continue
            message.state, message.event_id = MessageState.SETTLED, None
            message.outcome = message.outcome or UNANSWERED
            self._session.add(message)
        self._session.flush()
        newest = self._session.exec(
            select(func.max(Message.id)).where(Message.mailbox_id == self._mailbox.id)
        ).one()
        # Ids are given out again: what comes next must count as news to the next record.
        late = col(Transcript.last_message_id) > (newest or 0)
        self._session.exec(update(Transcript).where(late).values(last_message_id=newest or 0))

    def _is_noted(self, message: Message) -> bool:
        """Whether a tapback came while the last whole turn was ending."""
        return message.turn_id is None and message.stored_at <= self._until

    @property
    def _until(self) -> datetime:
        return max(self._at, self.ended_at or self._at)

    def _forget_later_versions(self) -> None:
        """The memory's past, consent, and what waits for a yes, as they were."""
        self._session.exec(delete(MetadataEntry).where(col(MetadataEntry.at) > self._until))
        mine = {one.message_id for one in self._messages if one.message_id}
        gone = mine - self._to.kept.keys()
        later = or_(col(Consent.at) > self._until, col(Consent.message_id).in_(gone))
        self._session.exec(delete(Consent).where(later))
        said_later = or_(col(MinorFlag.at) > self._until, col(MinorFlag.message_id).in_(gone))
        self._session.exec(delete(MinorFlag).where(said_later))
        self._session.exec(delete(Alert).where(col(Alert.at) > self._until))
        for of_bubble in (IntroductionTold, FirstText):
            gone_too = col(of_bubble.bubble_id).not_in(select(Bubble.id))
            self._session.exec(delete(of_bubble).where(gone_too))
        self._session.exec(delete(Approval).where(col(Approval.asked_at) > self._until))
        self._session.exec(delete(FactSource).where(col(FactSource.noted_at) > self._until))
        self._session.exec(delete(Verification))  # who plays them in a copy has proved nothing

    def _put_mailbox_back(self) -> None:
        mailbox = self._mailbox
        remembered = [turn for turn in self._whole if turn.memory_after is not None]
        state, seen, is_saved = _memory(remembered, self._cut)
        mailbox.state, mailbox.state_seen, mailbox.state_saved = state, seen, is_saved
        mailbox.state_blocked = None
        mailbox.due_at = mailbox.lease_owner = mailbox.leased_until = None
        mailbox.others = [one for one in mailbox.others if one in self._to.kept]
        heard = [m for m in self._messages if m.direction == "inbound" and self._has_come(m)]
        texts = [message for message in heard if message.kind == "text"]
        if texts:
            mailbox.channel, mailbox.participant = texts[-1].channel, texts[-1].sender
        self._session.add(mailbox)


def _memory(
    whole: Sequence[Turn], cut: Iterable[Turn]
) -> tuple[dict[str, Any] | None, dict[str, Any] | None, bool]:
    """The memory after the last whole turn, what AgentPhone held of it, whether they are the same.

    Before the first one it is what the next turn will read at AgentPhone.
    """
    if not whole:
        before = next((turn.memory_before for turn in cut if turn.memory_before), None)
        return before, before, True
    last = whole[-1]
    if last.memory_saved is not False:
        return last.memory_after, last.memory_after, True
    saved = [turn.memory_after for turn in whole if turn.memory_saved is not False]
    return last.memory_after, saved[-1] if saved else None, False


def rename(session: Session, conversation_id: str, group_name: str | None) -> None:
    """Call a group what the line calls it at the point: our rows keep only its latest name."""
    of_it = col(Mailbox.conversation_id) == conversation_id
    session.exec(update(Mailbox).where(of_it).values(group_name=group_name))
