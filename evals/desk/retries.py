"""A turn taken again: in a branch that begins right before it, what was heard is sent once more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
from sqlmodel import Session, col, func, select
from starlette.types import ASGIApp

from agent.deployment import Deployment
from evals.desk.branches import Branches, Wish, harness_of
from evals.desk.cutting import Cut
from evals.local import Local
from memory import transcripts
from memory.keepsakes import Branch
from memory.remembering import hold
from memory.tables import Mailbox, Message, MessageState, Turn
from memory.turns import let_go
from phone.emulator.media import OWN_PATH
from phone.emulator.records import MessageRecord, ReactionRecord
from phone.emulator.rewinding import NoSuchPlace

PATIENCE = 120.0
"""Seconds a turn that is taken again may need before nobody waits for it any longer."""

LOOK_EVERY = 0.05
"""Seconds between two looks at whether it has ended."""

HANDS = "retry"
"""Who holds the branch's mailbox until all of the burst lies in it."""


class NotRetried(Exception):
    """The turn cannot be taken again, or has not ended in time; carries the HTTP `status`."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class Retry:
    """Which turn is taken again, and what is to answer; None for what answered there."""

    turn_id: str
    prompts_folder: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class _Heard:
    """One thing of the burst, as it stands on the line: a text, or a tapback on a message."""

    message: MessageRecord
    tapback: ReactionRecord | None = None

    @property
    def id(self) -> str:
        return self.tapback.id if self.tapback else self.message.id

    @property
    def place(self) -> tuple[float, str]:
        return (self.tapback.created_at if self.tapback else self.message.at), self.id


async def retry(
    asked: Retry, branches: Branches, *, of: Local, here: str | None
) -> tuple[Branch, dict[str, Any], dict[str, Any]]:
    """Take a turn again; the branch, the record of the turn, and that of the new one.

    Raises:
        NoSuchPlace: There is no record of such a turn.
        NotRetried: What it heard is no longer on the line, or it did not end in time.
        BadWish: What is to answer cannot.
    """
    store = harness_of(of).store
    before = await store.read(partial(transcripts.one, turn_id=asked.turn_id))
    if before is None:
        raise NoSuchPlace(f"There is no record of a turn {asked.turn_id} here.")
    turn_id = before["turn_id"]
    heard = _on_the_line(of, await store.read(partial(_burst, turn_id=turn_id)))
    wish = Wish(
        conversation_id=heard[0].message.conversation_id,
        cut=Cut(heard[0].message.conversation_id, heard[0].id, is_before=True, turn_id=turn_id),
        kind="retry",
        name=f"Retry of turn {turn_id[:8]}",
        prompts_folder=asked.prompts_folder,
        model=asked.model,
    )
    branch = await branches.make(wish, of=of, here=here)
    async with branches.opened(branch.id) as (local, app):
        after = await _taken_again(local, app, branch, heard)
    return branch, before, after


def _burst(session: Session, turn_id: str) -> list[Message]:
    return list(session.exec(select(Message).where(Message.turn_id == turn_id)))


def _on_the_line(of: Local, rows: list[Message]) -> list[_Heard]:
    """What a turn heard, as it stands on the line, in order. Raises NotRetried."""
    found = [_found(of, row) for row in rows]
    heard = sorted((one for one in found if one is not None), key=lambda one: one.place)
    if not heard or len(heard) < len(rows):
        raise NotRetried(
            "What this turn heard is no longer on the line, so it cannot be sent again.", 409
        )
    return heard


def _found(of: Local, row: Message) -> _Heard | None:
    wanted = row.target_message_id if row.kind == "tapback" else row.message_id
    message = of.twin.line.messages.get(wanted or "")
    if message is None or row.kind != "tapback":
        return _Heard(message) if message else None
    at = row.received_at.timestamp()
    tapbacks = [
        one
        for one in (*message.reactions, *message.replaced)
        if (one.from_handle, one.reaction) == (row.sender, row.reaction)
    ]
    nearest = min(tapbacks, key=lambda one: abs(one.created_at - at), default=None)
    return _Heard(message, nearest) if nearest else None


async def _taken_again(
    local: Local, app: ASGIApp, branch: Branch, heard: list[_Heard]
) -> dict[str, Any]:
    """Send it all as one burst and wait for the turn about it. Raises NotRetried."""
    deployment = harness_of(local)
    last = await deployment.store.read(_newest)
    try:
        async with asyncio.timeout(PATIENCE):
            async with _held(deployment, branch.conversation_id):
                await _send(local, app, heard)
                await _until(deployment, partial(_arrived, after=last, count=len(heard)))
            await _until(deployment, partial(_settled, after=last))
    except TimeoutError:
        raise NotRetried(
            f"The turn has not ended within {PATIENCE:.0f} s. It goes on in the branch "
            f"{branch.name!r} ({branch.id}).",
            504,
        ) from None
    record = await deployment.store.read(partial(_record, after=last))
    if record is None:
        raise NotRetried(
            f"What was heard started no turn in the branch {branch.name!r} ({branch.id}).", 409
        )
    return record


@asynccontextmanager
async def _held(deployment: Deployment, conversation_id: str) -> AsyncIterator[None]:
    """Let no turn begin in the conversation, so that all that is put there becomes one burst."""
    store, clock = deployment.store, deployment.clock
    mailbox_id = await store.read(partial(_mailbox, conversation_id))
    claim = None
    if mailbox_id is not None:
        holding = partial(hold, mailbox_id=mailbox_id, owner=HANDS, now=clock.now())
        claim = await store.write(holding)
    try:
        yield
    finally:
        if claim is not None:
            await store.write(partial(let_go, claim=claim, now=clock.now()))
            store.wake()


async def _send(local: Local, app: ASGIApp, heard: list[_Heard]) -> None:
    """One after the other, by the handset: as it was written, attached, answered and tapped."""
    base_url, again = local.settings.agentphone_base_url, dict[str, str]()
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url=base_url) as phone:
        for one in heard:
            if one.tapback is not None:
                path, body = "handset/reactions", _tapback(one.tapback, one.message.id, again)
            else:
                path, body = "handset/messages", _text(local, one.message, again)
            answer = await phone.post(f"{base_url}/{path}", json=body)
            if not answer.is_success:
                raise NotRetried(f"What was heard could not be sent again: {answer.text}", 409)
            if one.tapback is None:
                again[one.message.id] = answer.json()["messages"][0]["id"]


def _text(local: Local, message: MessageRecord, again: dict[str, str]) -> dict[str, Any]:
    conversation = local.twin.line.conversations[message.conversation_id]
    to = {"to_number": message.to_number}
    if conversation.is_group:
        to = {"group_id": conversation.participant}
    asked = message.reply_to_message_id
    return to | {
        "from_handle": message.from_handle,
        "body": message.body,
        "media_urls": [_here(local, url) for url in message.media_urls],
        "channel": "imessage" if message.channel == "imessage" else "sms",
        "reply_to_message_id": again.get(asked, asked) if asked else None,
    }


def _tapback(reaction: ReactionRecord, target: str, again: dict[str, str]) -> dict[str, Any]:
    return {
        "from_handle": reaction.from_handle,
        "message_id": again.get(target, target),
        "reaction": reaction.reaction,
    }


def _here(local: Local, url: str) -> str:
    """An uploaded file's address on the branch, which has its own copy of it."""
    _, found, name = url.rpartition(OWN_PATH)
    is_own = found and name.partition(".")[0] in local.twin.line.media
    return f"{local.settings.agentphone_base_url}{OWN_PATH}{name}" if is_own else url


async def _until(deployment: Deployment, is_so: Callable[[Session], bool]) -> None:
    """Wait until the branch's database says so."""
    while not await deployment.store.read(is_so):  # noqa: ASYNC110  # a database rings no bell
        await asyncio.sleep(LOOK_EVERY)


def _newest(session: Session) -> int:
    return session.exec(select(func.max(Message.id))).one() or 0


def _mailbox(conversation_id: str, session: Session) -> int | None:
    found = select(Mailbox.id).where(Mailbox.conversation_id == conversation_id)
    return session.exec(found).first()


def _arrived(session: Session, *, after: int, count: int) -> bool:
    return len(session.exec(select(Message.id).where(col(Message.id) > after)).all()) >= count


def _settled(session: Session, *, after: int) -> bool:
    """Whether all that was sent again has been dealt with, and the turn about it has a record."""
    rows = session.exec(select(Message).where(col(Message.id) > after)).all()
    return all(row.state == MessageState.SETTLED for row in rows)


def _record(session: Session, *, after: int) -> dict[str, Any] | None:
    """The record of the turn about the first thing sent again."""
    about = select(Turn.id).join(Message, col(Message.turn_id) == Turn.id)
    first = about.where(col(Message.id) > after).order_by(col(Message.id)).limit(1)
    turn_id = session.exec(first).first()
    return transcripts.one(session, turn_id) if turn_id else None
