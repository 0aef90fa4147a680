"""What an answer of AgentPhone's means: which error it is, and in which words."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from phone.errors import (
    CallFailed,
    ConversationCap,
    NotFound,
    NotOnIMessage,
    NotRegistered,
    PaymentRequired,
    Refused,
    ReplyTargetGone,
    Throttled,
    Unauthorized,
    Unreachable,
)
from phone.jsontext import read_json

CAPS = frozenset(
    {
        "CONVERSATION_AWAITING_REPLY",
        "CONVERSATION_STREAK_LIMIT",
        "CONVERSATION_INACTIVE",
        "OUTBOUND_LIMIT_REACHED",
        "NEW_CONVERSATION_LIMIT_REACHED",
    }
)
"""The codes of the iMessage anti-spam caps. They come as 429 too, but waiting clears none of them.

Source: AgentPhone docs, Error handling, as three independent clients cite it.
"""

LONGEST_TEXT = 300
"""Most characters of AgentPhone's own words that go into an error."""

LONGEST_WAIT = 3600.0
"""Longest `retry_after` we believe, in seconds: the longest window AgentPhone is known to have."""

_ADVICE: dict[type[CallFailed], str] = {
    Unauthorized: "check AGENTPHONE_API_KEY against the key on AgentPhone's dashboard",
    PaymentRequired: "add funds to the AgentPhone account",
    NotRegistered: "register the number for 10DLC at AgentPhone, or use an iMessage line",
    ReplyTargetGone: "send it again without reply_to_message_id",
    NotOnIMessage: "this is not an iMessage conversation; say it in a text",
    ConversationCap: "wait until they write or react",
}
_SOMETHING_ELSE = re.compile(r"\b(number|agent|conversation|group|recipient|account|media)\b", re.I)
_TELLS_SMS = re.compile(r"\bsms\b|\b(only|not|isn't|requires?|supported)\b.*\bimessage\b", re.I)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.I | re.S)


@dataclass(frozen=True, slots=True)
class Act:
    """What a call was for, as far as it decides what a refusal of it means.

    Attributes:
        name: How errors call it: `"the send"`.
        replying: It answered a message in thread.
        imessage_only: It is something SMS does not have.
        hidden: Texts that must not show up in an error: the key, the message.
    """

    name: str
    replying: bool = False
    imessage_only: bool = False
    hidden: Sequence[str] = ()


class Problem(NamedTuple):
    """What an answer complains about. `text` is never empty and never long."""

    code: str | None
    text: str


def failure(
    status: int, headers: Mapping[str, str], body: bytes, *, act: Act, now: float
) -> CallFailed:
    """The error that an answer outside 2xx is.

    Args:
        headers: As httpx has them, names in any case; `Retry-After` is read.
        now: The present, Unix seconds, for a `Retry-After` that is a date.
    """
    if 300 <= status < 400:
        return CallFailed(
            f"AgentPhone answered {act.name} with a redirect ({status}), which is never followed;"
            " set AGENTPHONE_BASE_URL to where the API really is",
            status=status,
        )
    problem = read_problem(body)
    kind = _kind(status, problem, act)
    text = hide(_sentence(status, problem, act, kind), act.hidden)
    if kind is Throttled:
        wait = retry_after(headers.get("Retry-After"), now)
        return Throttled(text, status=status, code=problem.code, retry_after=wait)
    return kind(text, status=status, code=problem.code)


def read_problem(body: bytes) -> Problem:
    """AgentPhone's code and words, whichever of its two error shapes, or none, the body has."""
    try:
        answer = read_json(body)
    except ValueError:
        return Problem(None, _plain(body))
    if not isinstance(answer, dict):
        return Problem(None, _plain(body))
    error, detail = answer.get("error"), answer.get("detail")
    inner = error if isinstance(error, dict) else {}
    said = (inner.get("message"), detail, _joined(detail), answer.get("message"), error)
    text = next((text for text in said if isinstance(text, str) and text.strip()), None)
    code = inner.get("code") or answer.get("code")
    return Problem(code if isinstance(code, str) else None, _bounded(text or _plain(body)))


def retry_after(header: str | None, now: float) -> float | None:
    """Seconds to wait, 0 to `LONGEST_WAIT`; None when the header is missing or makes no sense."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(header).timestamp() - now
        except (ValueError, OverflowError):
            return None
    return None if math.isnan(seconds) else min(max(seconds, 0.0), LONGEST_WAIT)


def hide(text: str, hidden: Sequence[str]) -> str:
    """The text without these in it; those under four characters are in every text, and stay."""
    for secret in hidden:
        if len(secret) >= 4:
            text = text.replace(secret, "[hidden]")
    return text


def _kind(status: int, problem: Problem, act: Act) -> type[CallFailed]:
    if status >= 500 or status in {408, 409}:
        return Unreachable
    if _is_cap(problem.code):
        return ConversationCap
    if status == 429:
        return Throttled
    if status == 401:
        return Unauthorized
    if status == 402 or problem.code == "INSUFFICIENT_BALANCE":
        return PaymentRequired
    if status == 403 and re.search(r"10DLC|regist", problem.text, re.I):
        return NotRegistered
    if status == 404:
        return ReplyTargetGone if act.replying and _may_mean_the_reply(problem) else NotFound
    if status == 400 and act.imessage_only and _tells_sms(problem.text):
        return NotOnIMessage
    return Refused


def _is_cap(code: str | None) -> bool:
    # New caps are likely to be named like the known ones, and waiting would not clear those either.
    return code is not None and (
        code in CAPS or code.startswith("CONVERSATION_") or code.endswith("_LIMIT_REACHED")
    )


def _may_mean_the_reply(problem: Problem) -> bool:
    if "reply" in problem.text.lower():
        return True
    return problem.code in {None, "NOT_FOUND"} and not _SOMETHING_ELSE.search(problem.text)


def _tells_sms(text: str) -> bool:
    # A line too old for custom emoji is still an iMessage line: the six tapbacks work on it.
    return bool(_TELLS_SMS.search(text)) and "emoji" not in text.lower()


def _sentence(status: int, problem: Problem, act: Act, kind: type[CallFailed]) -> str:
    code = f" {problem.code}" if problem.code else ""
    advice = f"; {_ADVICE[kind]}" if kind in _ADVICE else ""
    return f"AgentPhone answered {act.name} with {status}{code}: {problem.text.rstrip('.')}{advice}"


def _joined(detail: Any) -> str | None:
    if not isinstance(detail, list):
        return None
    said = [item["msg"] for item in detail if isinstance(item, dict) and "msg" in item]
    return "; ".join(text for text in said if isinstance(text, str)) or None


def _plain(body: bytes) -> str:
    text = body[:20_000].decode("utf-8", "replace")
    if "<html" in text.lower() or "<!doctype" in text.lower():
        title = _TITLE.search(text)
        return _bounded(f'a web page titled "{title[1]}"') if title else "a web page"
    return _bounded(text) or "no explanation"


def _bounded(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= LONGEST_TEXT else f"{words[: LONGEST_TEXT - 1]}…"
