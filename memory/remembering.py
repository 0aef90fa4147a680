"""Loading the memory when a turn starts and saving it at its end: GET, merge, PATCH, compare."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from memory.state import ConversationState, found_in, merge, with_state
from memory.store import Store
from memory.tables import Mailbox
from phone.client import AgentPhoneClient
from phone.errors import PhoneError
from phone.types import Conversation

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Memory:
    """The memory of one conversation during one turn.

    Attributes:
        state: What the tools read and change.
        before: What it was when the turn began.
        seen: What AgentPhone last held, as far as we know: the base of the merge.
        writable: False when a newer harness wrote it.
        unsaved: True when our own copy was ahead of AgentPhone before the turn even began.
    """

    state: ConversationState
    before: ConversationState
    seen: ConversationState | None
    writable: bool = True
    unsaved: bool = False

    @property
    def changed(self) -> bool:
        """Whether there is something that AgentPhone does not have yet."""
        return self.unsaved or self.state.content() != self.before.content()


def load(mailbox: Mailbox, conversation: Conversation | None) -> Memory:
    """What is remembered now: AgentPhone's copy joined with ours, or ours alone."""
    local = _state(mailbox.state)
    seen = _state(mailbox.state_seen)
    if conversation is None:
        state = local or ConversationState()
        return Memory(state, state.model_copy(deep=True), seen, unsaved=not mailbox.state_saved)
    found = found_in(conversation.metadata)
    if local is None or (mailbox.state_saved and found.state is not None):
        # A copy, because tools change it in place and `found.state` stays the base of the merge.
        state = found.state.model_copy(deep=True) if found.state else ConversationState()
        unsaved = False
    else:
        state = merge(base=seen, theirs=found.state, ours=local)
        unsaved = found.state is None or state.content() != found.state.content()
    return Memory(state, state.model_copy(deep=True), found.state, found.writable, unsaved)


async def save(
    memory: Memory,
    *,
    conversation_id: str | None,
    mailbox_id: int,
    phone: AgentPhoneClient,
    store: Store,
) -> bool:
    """Write the memory back if it changed; True when AgentPhone now holds what we hold.

    AgentPhone replaces the metadata whole and has no versions, so it is read again just before it
    is written, to keep what others put there. A failure is not the turn's: our copy stays the
    truth and the next turn tries again.
    """
    if not memory.changed:
        await _keep(store, mailbox_id, memory.state, memory.seen, saved=True)
        return True
    state, seen, saved = memory.state, memory.seen, False
    if conversation_id is not None and memory.writable:
        try:
            state = await _write_back(memory, conversation_id, phone)
            seen, saved = state, True
        except PhoneError as error:
            log.warning("memory of conversation %s not saved: %s", conversation_id, error)
    memory.state = state
    await _keep(store, mailbox_id, state, seen, saved=saved)
    return saved


async def _write_back(
    memory: Memory, conversation_id: str, phone: AgentPhoneClient
) -> ConversationState:
    now_there = (await phone.conversation(conversation_id, message_limit=1)).metadata
    found = found_in(now_there)
    if not found.writable:
        raise PhoneError("a newer version of this harness wrote the metadata; it was left alone")
    state = merge(base=memory.seen, theirs=found.state, ours=memory.state)
    state.rev = max(state.rev, found.state.rev if found.state else 0) + 1
    wanted = with_state(now_there, state)
    answer = await phone.update_conversation(conversation_id, metadata=wanted)
    if answer.metadata != wanted:
        log.warning(
            "metadata of conversation %s came back different from what was written", conversation_id
        )
    return state


async def _keep(
    store: Store,
    mailbox_id: int,
    state: ConversationState,
    seen: ConversationState | None,
    *,
    saved: bool,
) -> None:
    def work(session: Session) -> None:
        mailbox = session.get_one(Mailbox, mailbox_id)
        mailbox.state = state.model_dump(mode="json")
        mailbox.state_seen = seen.model_dump(mode="json") if seen else None
        mailbox.state_saved = saved
        session.add(mailbox)

    await store.write(work)


def _state(kept: dict[str, Any] | None) -> ConversationState | None:
    return ConversationState.model_validate(kept) if kept is not None else None
