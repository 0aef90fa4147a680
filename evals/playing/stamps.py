"""The records of a run as a second run of it writes them: no time and no id of the machine's own.

The harness lives by the run's clock and its ids come from the run's seed. pydantic-ai alone stamps
its messages by the machine's clock and by chance; here they get the times at which the harness
asked, and ids that follow from the turn's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from memory.transcript import TurnRecord

_CALL_ID = re.compile(r"\bpyd_ai_[0-9a-f]{32}\b")
"""What pydantic-ai calls a tool call to which the model gave no id."""


def stamped(plain: dict[str, Any]) -> TurnRecord:
    """A record, as the store has it, by the clock and the ids of its run."""
    record = TurnRecord.model_validate(plain)
    runs: dict[str, str] = {}
    place = record.conversation
    heard = {each.received_at for each in record.heard}
    for message, at in zip(record.messages, _times(record), strict=True):
        if run := message.get("run_id"):
            message["run_id"] = runs.setdefault(run, f"{record.turn_id}-{len(runs) + 1}")
        if message.get("conversation_id"):
            message["conversation_id"] = place.conversation_id or place.participant
        for part in [message, *message["parts"]]:
            if part.get("timestamp") and datetime.fromisoformat(part["timestamp"]) not in heard:
                part["timestamp"] = _as_json(at)
    calls: dict[str, str] = {}

    def call_id(found: re.Match[str]) -> str:
        return calls.setdefault(found.group(), f"pyd_ai_{record.turn_id}_{len(calls) + 1}")

    return TurnRecord.model_validate_json(_CALL_ID.sub(call_id, record.model_dump_json()))


def _times(record: TurnRecord) -> Iterator[datetime]:
    """When each message was sent to the model or came from it, by the requests that were noted."""
    kinds = [message.get("kind") for message in record.messages]
    noted = [each for each in record.requests if each.error is None]
    answered = noted[max(len(noted) - kinds.count("response"), 0) :]
    left, now = iter(answered), record.started_at
    coming = next(left, None)
    for kind in kinds:
        if kind != "response":
            now = coming.started_at if coming else record.settled_at
        elif coming:
            now = coming.started_at + timedelta(seconds=coming.seconds or 0.0)
            coming = next(left, None)
        yield now


def _as_json(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
