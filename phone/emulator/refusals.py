"""What the twin answers when it will not do a thing.

AgentPhone documents an `error` envelope and its server also answers FastAPI's `detail`; both are
sent together, as seen on the live service, unless a switch asks for one of them.
"""

from __future__ import annotations

from typing import Any

TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "payment_required",
    403: "permission_error",
    404: "not_found",
    409: "conflict",
    422: "validation_error",
    429: "rate_limit_error",
}
"""The envelope's `type` for each status; anything else is an `api_error`."""

CODES = {
    400: "VALIDATION_ERROR",
    401: "UNAUTHORIZED",
    402: "INSUFFICIENT_BALANCE",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    409: "CONFLICT",
    422: "VALIDATION_ERROR",
    429: "RATE_LIMIT_EXCEEDED",
}
"""The envelope's `code` where the refusal names none."""

STATUS_OF = {
    "VALIDATION_ERROR": 422,
    "VALIDATION_ERROR_URL": 422,
    "VALIDATION_ERROR_NUMBER_LIMIT": 409,
    "INSUFFICIENT_BALANCE": 402,
    "RATE_LIMIT_EXCEEDED": 429,
    "RATE_LIMITED": 429,
    "PHONE_NUMBER_NOT_FOUND": 404,
    "INBOUND_ONLY": 400,
    "WHATSAPP_NOT_ENABLED": 403,
    "CARRIER_ERROR": 502,
    "CONVERSATION_AWAITING_REPLY": 429,
    "CONVERSATION_STREAK_LIMIT": 429,
    "CONVERSATION_INACTIVE": 429,
    "OUTBOUND_LIMIT_REACHED": 429,
    "NEW_CONVERSATION_LIMIT_REACHED": 429,
}
"""The status each known code comes with, for a fault that gives only the code."""

HTML = (
    "<!DOCTYPE html><html><head><title>{status} | api.agentphone.ai</title></head>"
    "<body><h1>Error {status}</h1><p>The server could not answer.</p></body></html>"
)


class Refusal(Exception):
    """The call is answered with an error.

    Attributes:
        code: AgentPhone's code; None for the usual one of the status.
        field: The request field at fault, for the details.
        headers: Extra response headers, such as `Retry-After`.
    """

    def __init__(
        self,
        status: int,
        text: str,
        *,
        code: str | None = None,
        field: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.code = code
        self.field = field
        self.headers = headers or {}


def not_found(what: str) -> Refusal:
    """404 for something the line does not have."""
    return Refusal(404, f"{what} not found.")


def invalid(field: str, text: str) -> Refusal:
    """422 for a field that is wrong: the text goes on after its name, and says the fix."""
    return Refusal(422, f"{field} {text}", field=field)


def envelope(
    status: int,
    text: str,
    *,
    code: str | None = None,
    detail: Any = None,
    details: list[dict[str, str]] | None = None,
    shape: str = "both",
) -> dict[str, Any]:
    """The error body; `detail` replaces the plain text there (FastAPI's array on a 422)."""
    error = {
        "message": text,
        "code": code or CODES.get(status, "INTERNAL_ERROR"),
        "type": TYPES.get(status, "api_error"),
        "details": details or [],
    }
    both = {"detail": text if detail is None else detail, "error": error}
    return {key: value for key, value in both.items() if shape in ("both", key)}
