"""What somebody may do in the console: a viewer reads, an operator acts, an admin does everything.

Which role a request needs is told by its method and path alone: whatever changes something is an
operator's, what concerns all that is kept about a person is an admin's, the rest is a viewer's.
"""

from __future__ import annotations

from enum import StrEnum

from safety.verdicts import Allowed, Refused, Verdict


class Role(StrEnum):
    """Who somebody is to the console, by the token they logged in with; the least first."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


RANK = tuple(Role)
"""Each may do what those before it may."""

ADMINS = frozenset({"export", "erase"})
"""How the path of what only an admin may do ends."""

EVERYBODYS = frozenset({"logout"})
"""How the path of what changes nothing but one's own session ends."""


def needed(method: str, path: str) -> Role:
    """The role that this request needs at least."""
    act = path.rstrip("/").rpartition("/")[2]
    if act in ADMINS:
        return Role.ADMIN
    if method in ("GET", "HEAD") or act in EVERYBODYS:
        return Role.VIEWER
    return Role.OPERATOR


def may(role: Role, method: str, path: str) -> Verdict:
    """Whether somebody of this role may do this."""
    least = needed(method, path)
    if RANK.index(role) >= RANK.index(least):
        return Allowed()
    article = "an" if least is not Role.VIEWER else "a"
    return Refused("role", f"This needs {article} {least}; you are logged in as {role}.")
