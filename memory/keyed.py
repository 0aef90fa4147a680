"""What stands for a person in the list of erasures: a hash that only this deployment can make.

The list has to know somebody again whom nothing else may know. A plain hash of a phone number is
undone by trying all numbers, so a secret key goes into it. It is not the opt-out ledger's: the list
is also kept in a file, and who has both shall not be able to compare them.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from weakref import WeakKeyDictionary

from sqlalchemy import Engine
from sqlmodel import Session

from memory.keepsakes import DeploymentKey

KEY = "erased"
"""Under which name the key is kept. The migration makes it, so that every backup has it."""

PREFIX = "erased:"
"""What such a hash begins with: no handle and no id of AgentPhone's does."""

_KEYS: WeakKeyDictionary[Engine, bytes] = WeakKeyDictionary()
"""The key of each open database. It never changes."""


def keyed(session: Session, name: str) -> str | None:
    """The hash for a handle or an id; None while no key was made: then nobody has been erased."""
    key = _key(session)
    return None if key is None else _hash(key, name)


def keyed_for_good(session: Session, name: str) -> str:
    """The same, making the key where there is none yet."""
    if _key(session) is None:
        session.add(DeploymentKey(name=KEY, key=secrets.token_hex(32)))
        session.flush()
    key = session.get_one(DeploymentKey, KEY).key
    return _hash(bytes.fromhex(key), name)


def _hash(key: bytes, name: str) -> str:
    digest = hmac.new(key, name.strip().casefold().encode(), hashlib.sha256).hexdigest()
    return PREFIX + digest


def _key(session: Session) -> bytes | None:
    engine = session.get_bind().engine
    if engine not in _KEYS:
        kept = session.get(DeploymentKey, KEY)
        if kept is None:
            return None
        _KEYS[engine] = bytes.fromhex(kept.key)
    return _KEYS[engine]
