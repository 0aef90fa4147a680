"""The branches of a phone as rows of its own database: what they are called, who came from whom."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session, col, select, update

from memory.keepsakes import Branch


class NoSuchBranch(LookupError):
    """There is no branch with this id."""

    def __init__(self, branch_id: str) -> None:
        super().__init__(
            f"There is no branch {branch_id}; GET /desk/branches tells which ones there are."
        )


def every(session: Session) -> list[Branch]:
    """All of them, oldest first."""
    return list(session.exec(select(Branch).order_by(col(Branch.created_at), col(Branch.id))))


def one(session: Session, branch_id: str) -> Branch:
    """Raises NoSuchBranch."""
    found = session.get(Branch, branch_id)
    if found is None:
        raise NoSuchBranch(branch_id)
    return found


def add(session: Session, branch: Branch) -> None:
    """Keep a new one."""
    session.merge(branch)


def rename(session: Session, branch_id: str, name: str) -> Branch:
    """Call it otherwise. Raises NoSuchBranch."""
    found = one(session, branch_id)
    found.name = name
    session.add(found)
    return found


def remove(session: Session, branch_id: str) -> None:
    """Forget it; those made from it move up to where it came from. Raises NoSuchBranch."""
    gone = one(session, branch_id)
    children = update(Branch).where(col(Branch.parent) == branch_id)
    session.exec(children.values(parent=gone.parent))
    session.delete(gone)


def view(branch: Branch, *, prompts_folder: str, model: str) -> dict[str, Any]:
    """A branch as the desk's API tells it.

    Args:
        prompts_folder: The phone's own, for a branch without another.
        model: The name of the phone's own, in the same way.
    """
    return {
        "id": branch.id,
        "name": branch.name,
        "parent": branch.parent,
        "kind": branch.kind,
        "conversation_id": branch.conversation_id,
        "message_id": branch.message_id,
        "words": branch.words,
        "turn_id": branch.turn_id,
        "created_at": branch.created_at.isoformat(),
        "prompts_folder": branch.prompts_folder or prompts_folder,
        "model": branch.model or model,
        "address": f"{address_of(branch.id)}/",
    }


def address_of(branch_id: str) -> str:
    """The path below which a branch is served, without a slash at its end."""
    return f"/branches/{branch_id}"
