"""Whether AgentPhone signs with a secret we do not have: any other tool that sets the webhook anew
changes it, and then every message is refused and never brought again.

Wrong signatures alone prove nothing, for anybody can send them. So AgentPhone is asked.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable

from phone.client import AgentPhoneClient
from phone.errors import PhoneError
from phone.hooks import Hooks, hooks_of, is_ours
from phone.keyring import Keyring

log = logging.getLogger(__name__)

MANY = 3
"""Wrongly signed webhooks since the last right one that are worth a question."""

ASK_EVERY = 300.0
"""Seconds between two questions at least, however many there are."""

SAID = (
    "the secret AgentPhone signs with is not the one in .env: run `threedots connect --url …`;"
    " until then every message is refused"
)
"""What the log, `/readyz` and the doctor say about it."""


class Drift:
    """Counts wrong signatures, and finds out whether a secret has changed behind our back.

    Attributes:
        trouble: What is wrong, for the operator; None while all is well.
    """

    def __init__(self, keyring: Keyring) -> None:
        self.trouble: str | None = None
        self._keyring = keyring
        self._wrong: deque[float] = deque(maxlen=MANY)
        self._asked_at = float("-inf")

    def note(self, *, signed: bool, now: float) -> None:
        """Count a webhook: rightly signed, which settles the question, or not."""
        if signed:
            self._wrong.clear()
            self.trouble = None
        else:
            self._wrong.append(now)

    async def look(self, phone: AgentPhoneClient, *, now: float) -> None:
        """Ask AgentPhone, when there is a reason to and it was not asked just now."""
        is_due = not 0 <= now - self._asked_at < ASK_EVERY
        if not (len(self._wrong) == MANY and is_due):
            return
        self._asked_at = now
        try:
            hooks = await hooks_of(phone)
        except PhoneError as error:
            log.warning(
                "webhooks are signed wrongly, and AgentPhone cannot be asked why: %s", error
            )
            return
        unknown = drifted(hooks, self._keyring.secrets(now))
        self.trouble = SAID if unknown else None
        if unknown:
            log.error("%s", SAID)
        else:
            log.warning("somebody who is not AgentPhone sends webhooks; they are refused")
            self._wrong.clear()


def drifted(hooks: Hooks, known: Iterable[str]) -> list[str | None]:
    """Whose webhooks come to a server like ours and are signed with a secret that is not known."""
    secrets = {"", *known}  # an empty one is not shown, and says nothing
    return [
        agent_id
        for agent_id, hook in hooks.items()
        if is_ours(hook) and hook.secret.get_secret_value() not in secrets
    ]
