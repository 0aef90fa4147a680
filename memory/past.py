"""The recent past of a conversation's metadata: what was read, written, and had to be kept aside.

AgentPhone keeps no versions and every save replaces the whole, so this is where a person recovers
what was lost, and where an old copy that somebody put back is known for one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlmodel import Session, col, delete, select
from sqlmodel.sql.expression import SelectOfScalar

from memory.state import HUGE, ConversationState, found_in
from memory.tables import MetadataEntry, MetadataKind
from phone.clock import utc

DEPTH = 20
"""Reads and writes of the metadata that are kept of one conversation."""

UNREADABLE_DEPTH = 5
"""Unreadable values that are kept of one conversation."""

LONGEST = 4 * HUGE
"""Characters of metadata past which a read is not kept: nothing is ever written over so much."""

SEEN = (MetadataKind.READ, MetadataKind.WRITTEN)


def note(
    session: Session, mailbox_id: int, kind: MetadataKind, metadata: Any, *, now: float
) -> None:
    """Keep the metadata as it was read, or is about to be written; not twice in a row the same."""
    content = json.dumps(metadata)
    newest = session.exec(_entries(mailbox_id, *SEEN).limit(1)).first()
    if len(content) > LONGEST or (kind is MetadataKind.READ and _is(newest, content)):
        return
    state = found_in(metadata).state
    _add(session, mailbox_id, kind, content, rev=state.rev if state else None, now=now)
    _prune(session, mailbox_id, SEEN, DEPTH)


def set_aside(session: Session, mailbox_id: int, unreadable: str, *, now: float) -> None:
    """Keep what stood under our key and could not be read; not twice in a row the same."""
    kind = MetadataKind.UNREADABLE
    if not _is(session.exec(_entries(mailbox_id, kind).limit(1)).first(), unreadable):
        _add(session, mailbox_id, kind, unreadable, rev=None, now=now)
        _prune(session, mailbox_id, (kind,), UNREADABLE_DEPTH)


def archive(session: Session, mailbox_id: int, texts: list[str], *, rev: int, now: float) -> None:
    """Keep facts, or a summary, for which there was no more room. These are never thrown away."""
    kind = MetadataKind.ARCHIVED
    for text in texts:
        _add(session, mailbox_id, kind, json.dumps(text), rev=rev, now=now)


def base_for(
    session: Session,
    mailbox_id: int,
    theirs: ConversationState,
    seen: ConversationState | None,
) -> ConversationState | None:
    """The version that `theirs` was made from: what it differs by is somebody's edit.

    Mostly what we last saw. Another revision is looked up: an old copy put back unchanged is no
    edit at all, nor is a write of ours whose answer was lost; and an edit on top of either counts
    for what was edited. Of an old copy older than all we remember nothing can be told: no edit.
    """
    if seen is not None and theirs.rev == seen.rev:
        return seen
    same = [state for state in _versions(session, mailbox_id) if state.rev == theirs.rev]
    if theirs in same:
        return theirs
    if same:
        return same[0]
    is_too_old_to_tell = seen is not None and 0 < theirs.rev < seen.rev
    return theirs if is_too_old_to_tell else seen


def _versions(session: Session, mailbox_id: int) -> Iterator[ConversationState]:
    """Our memory in all the metadata that was read or written, newest first."""
    for entry in session.exec(_entries(mailbox_id, *SEEN)).all():
        if (state := found_in(json.loads(entry.content)).state) is not None:
            yield state


def _entries(mailbox_id: int, *kinds: MetadataKind) -> SelectOfScalar[MetadataEntry]:
    return (
        select(MetadataEntry)
        .where(MetadataEntry.mailbox_id == mailbox_id, col(MetadataEntry.kind).in_(kinds))
        .order_by(col(MetadataEntry.id).desc())
    )


def _is(entry: MetadataEntry | None, content: str) -> bool:
    return entry is not None and entry.content == content


def _add(
    session: Session,
    mailbox_id: int,
    kind: MetadataKind,
    content: str,
    *,
    rev: int | None,
    now: float,
) -> None:
    entry = MetadataEntry(mailbox_id=mailbox_id, kind=kind, content=content, rev=rev, at=utc(now))
    session.add(entry)
    session.flush()


def _prune(session: Session, mailbox_id: int, kinds: tuple[MetadataKind, ...], depth: int) -> None:
    last_kept = session.exec(_entries(mailbox_id, *kinds).offset(depth - 1).limit(1)).first()
    if last_kept is not None:
        older = col(MetadataEntry.id) < last_kept.id
        ours = col(MetadataEntry.mailbox_id) == mailbox_id
        session.exec(delete(MetadataEntry).where(ours, older, col(MetadataEntry.kind).in_(kinds)))
