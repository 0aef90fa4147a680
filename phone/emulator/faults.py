"""What is made to go wrong: with the next API calls, and with the next webhooks."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from phone.emulator.refusals import STATUS_OF

TEXTS = {
    "RATE_LIMIT_EXCEEDED": "Rate limit exceeded. Slow down and try again later.",
    "INSUFFICIENT_BALANCE": "The balance is too low. Add credit first.",
    "CARRIER_ERROR": "The carrier did not accept the message.",
    "CONVERSATION_AWAITING_REPLY": "Wait until the person answers.",
    "CONVERSATION_STREAK_LIMIT": "Too many messages in a row without an answer.",
    "CONVERSATION_INACTIVE": "The conversation has been silent for too long.",
    "OUTBOUND_LIMIT_REACHED": "The line has reached its outbound limit for today.",
    "NEW_CONVERSATION_LIMIT_REACHED": "The line has reached its limit of new people for today.",
}
"""What the envelope says for the codes that need more than "a fault"."""


HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")]
HeaderValue = Annotated[str, Field(pattern=r"^[\x20-\x7e]*$")]


class ApiFault(BaseModel):
    """How the next matching API calls fail.

    Attributes:
        method: `POST`, `GET`… or `*`.
        path: Without the query; `*` stands for any text.
        times: For how many calls.
        status: What is answered; left out, the code's own status, or 200 for a bare body.
        code: AgentPhone's code for the envelope.
        body: Answered in place of the envelope: JSON, or a text as it is (a page, half a JSON).
        headers: Extra response headers. A throttle without any says `Retry-After: 1`.
        delay: Seconds of the twin's clock to wait first; alone, the call then succeeds.
        after_effect: Do the work first.
        drop: Cut the connection without an answer.
        undelivered: The call succeeds, and the message it sends later fails for this reason.
    """

    model_config = ConfigDict(extra="forbid")

    method: str = "*"
    path: str = "*"
    times: int = Field(default=1, ge=1)
    status: int | None = Field(default=None, ge=200, le=599)
    code: str | None = None
    body: Any = None
    headers: dict[HeaderName, HeaderValue] | None = None
    delay: float = Field(default=0.0, ge=0, le=86_400)
    after_effect: bool = False
    drop: bool = False
    undelivered: str | None = None

    def matches(self, method: str, path: str) -> bool:
        """Whether a call, its method in capitals, meets this fault."""
        if self.method != "*" and self.method.upper() != method:
            return False
        pattern = ".*".join(re.escape(part) for part in self.path.split("*"))
        return re.fullmatch(pattern, path, re.DOTALL) is not None

    @property
    def answers(self) -> bool:
        """Whether the caller gets this fault's answer in place of the real one."""
        return not self.drop and (
            self.status is not None or self.code is not None or self.body is not None
        )

    @property
    def answer_status(self) -> int:
        """The status of this fault's answer."""
        if self.status is not None:
            return self.status
        if self.code is not None:
            return STATUS_OF.get(self.code, 500)
        return 200

    @property
    def text(self) -> str:
        """What the envelope says."""
        return TEXTS.get(self.code or "", "This call fails by a fault set on the twin.")


class WebhookFault(BaseModel):
    """What happens to the next webhooks.

    Attributes:
        seconds: For `delay`, how long; for `reorder`, how long to wait at most for another webhook
            to overtake this one.
    """

    model_config = ConfigDict(extra="forbid")

    times: int = Field(default=1, ge=1)
    action: Literal["duplicate", "delay", "reorder", "drop", "bad_signature", "old_secret"]
    seconds: float = Field(default=5.0, ge=0, le=86_400)


class ApiFaults:
    """The faults still to come, in the order given."""

    def __init__(self) -> None:
        self.pending: list[ApiFault] = []

    def replace(self, faults: list[ApiFault]) -> None:
        """Put these in place of all that were still to come."""
        self.pending = list(faults)

    def take(self, method: str, path: str) -> ApiFault | None:
        """The fault this call meets, used up by one."""
        for fault in self.pending:
            if fault.matches(method, path):
                fault.times -= 1
                if fault.times == 0:
                    self.pending.remove(fault)
                return fault
        return None
