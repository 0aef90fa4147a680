"""What can go wrong between us and AgentPhone, split by what the caller does next.

PhoneError                  catch this at the edge
├── BadSignature            the webhook is not from AgentPhone; answer 401
├── BadPayload              signed but unreadable; keep it aside, answer 200
├── BadRequest              we were about to send nonsense: nothing left; fix the call
├── NotSent                 no byte was written; the same call may be made again
├── Throttled               429; wait `retry_after` seconds, then the same call again
├── Unreachable             no readable answer, 408, 409, 5xx: may have gone out; never send again
└── Refused                 a 4xx that trying again will not change
    ├── Unauthorized        401: the key is wrong; sending stops for everybody
    ├── PaymentRequired     402: the balance is empty; sending stops for everybody
    ├── NotRegistered       403: the number may not text there yet; the text is for the operator
    ├── NotFound            404: no such thing, or not ours
    ├── ReplyTargetGone     404 on a send: nothing went out; send once more without the reply
    ├── NotOnIMessage       an iMessage-only act on an SMS conversation
    └── ConversationCap     429 by the anti-spam caps: they must write first
"""

from __future__ import annotations


class PhoneError(Exception):
    """Something between us and AgentPhone failed."""


class BadSignature(PhoneError):
    """The webhook was not signed by AgentPhone just now; answer 401.

    Attributes:
        why: For metrics: `not_signed`, `wrong_signature` or `timestamp_out_of_tolerance`. The last
            one means that the signature itself was right: then a clock is wrong, theirs or ours.
    """

    def __init__(self, text: str, *, why: str = "wrong_signature") -> None:
        super().__init__(text)
        self.why = why


class BadPayload(PhoneError):
    """A body that AgentPhone signed but nobody can read; keep it aside and answer 200."""


class BadRequest(PhoneError):
    """A call that would be refused: nothing left this machine. Names the field and the fix."""


class CallFailed(PhoneError):
    """A call to AgentPhone did not succeed.

    Attributes:
        status: The HTTP status, or None when there was no answer.
        code: AgentPhone's own code (`"INSUFFICIENT_BALANCE"`), or None.
    """

    def __init__(self, text: str, *, status: int | None = None, code: str | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.code = code


class NotSent(CallFailed):
    """Not a byte was written: the connection was never made. The same call may be made again."""


class Throttled(CallFailed):
    """Too many calls just now; nothing was accepted.

    Attributes:
        retry_after: Seconds to wait before the same call, from the header; None if it said nothing.
    """

    def __init__(
        self,
        text: str,
        *,
        status: int | None = 429,
        code: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(text, status=status, code=code)
        self.retry_after = retry_after


class Unreachable(CallFailed):
    """No readable answer, or one that does not say: it may have happened. Never repeat a send."""


class Refused(CallFailed):
    """A definite no that trying again will not change."""


class Unauthorized(Refused):
    """401: the API key is missing or wrong. Ours to mend; nothing can be sent until then."""


class PaymentRequired(Refused):
    """402: the balance is empty. Ours to mend; nothing can be sent until then."""


class NotRegistered(Refused):
    """403 for want of 10DLC registration; the text says where the operator registers."""


class NotFound(Refused):
    """404: no such thing at AgentPhone, or it is not ours."""


class ReplyTargetGone(NotFound):
    """404 on a send: the message replied to is gone, nothing went out. Send without the reply."""


class NotOnIMessage(Refused):
    """An iMessage-only act (tapback, typing, background) on a conversation that is SMS."""


class ConversationCap(Refused):
    """429 by the iMessage anti-spam caps: waiting clears none; the person must write or react."""
