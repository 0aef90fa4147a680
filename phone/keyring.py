"""The webhook secrets that count just now, and until when those count that were replaced.

    AGENTPHONE_WEBHOOK_SECRET=whsec_new,whsec_old@2026-11-26T18:00Z

The newest is first. One with a time behind it counts until then: so the former secret is accepted
for a day after a change and no longer, whether a server runs meanwhile or is started anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from phone.clock import utc
from phone.webhook import check_secrets

FORMER_FOR = 86_400.0
"""Seconds a secret goes on being accepted after another has taken its place."""

LOOK_EVERY = 1.0
"""Seconds between looks at where the secrets are kept."""


@dataclass(frozen=True, slots=True)
class Key:
    """One secret; `until` is Unix seconds, None for one that nothing has replaced."""

    secret: str
    until: float | None = None

    def counts(self, now: float) -> bool:
        """Whether a webhook signed with it is AgentPhone's just now."""
        return self.until is None or now < self.until

    def __repr__(self) -> str:
        return f"Key(until={self.until})"


def read_keys(text: str) -> list[Key]:
    """The secrets of a setting, newest first; a time that cannot be read belongs to the secret."""
    return [_key(part.strip()) for part in text.split(",") if part.strip()]


def write_keys(keys: Iterable[Key]) -> str:
    """The setting that `read_keys` reads."""
    return ",".join(
        key.secret if key.until is None else f"{key.secret}@{written(key.until)}" for key in keys
    )


def written(until: float) -> str:
    """A moment as it stands behind a secret, to the minute."""
    return f"{utc(until):%Y-%m-%dT%H:%MZ}"


def replaced(kept: Sequence[Key], *, live: Sequence[str], now: float) -> list[Key]:
    """The secrets to keep, now that these are the ones AgentPhone signs with.

    What was kept and signs no longer counts for a day more; what had its day is dropped.

    Args:
        kept: The secrets so far, newest first.
        live: The newest first. Several where an agent has a webhook of its own.
    """
    # To the minute, which is what is written: a second run then finds nothing to change.
    until = (now + FORMER_FOR) // 60 * 60
    former = [
        Key(key.secret, key.until or until)
        for key in kept
        if key.secret not in live and key.counts(now)
    ]
    return [*(Key(secret) for secret in dict.fromkeys(live)), *former]


class Keyring:
    """The secrets a webhook may be signed with, looked up anew where they are kept.

    Args:
        keys: Newest first.
        again: Gives those that are kept now, None when nothing can be read there. None when they
            came from where nothing changes while we run.

    Raises:
        ValueError: There are none, or one cannot be a secret.
    """

    def __init__(
        self, keys: Sequence[Key], *, again: Callable[[], Sequence[Key] | None] | None = None
    ) -> None:
        check_secrets([key.secret for key in keys])
        self._keys = list(keys)
        self._again = again
        self._looked_at = float("-inf")

    def secrets(self, now: float) -> list[str]:
        """Those that count, newest first."""
        if not 0 <= now - self._looked_at < LOOK_EVERY:
            self._looked_at = now
            self.look_again()
        return [key.secret for key in self._keys if key.counts(now)]

    def look_again(self) -> bool:
        """Whether others are kept by now; those count from here on."""
        found = self._again() if self._again else None
        if found is None or list(found) == self._keys:
            return False
        try:
            check_secrets([key.secret for key in found])
        except ValueError:
            return False  # half written, or emptied by mistake: what counted goes on counting
        self._keys = list(found)
        return True


def _key(part: str) -> Key:
    secret, at, time = part.rpartition("@")
    try:
        until = datetime.fromisoformat(time) if at else None
    except ValueError:
        return Key(part)
    if until is None:
        return Key(part)
    return Key(secret, (until if until.tzinfo else until.replace(tzinfo=UTC)).timestamp())
