"""A turn's record as one timeline in plain words, each entry with the raw of it behind a click.

Pure functions over the record (`memory/transcript.py`) and how its messages arrived. Pages draw
what is returned here and know nothing of records.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from console.changes import changes
from console.curl import curl_of
from console.thinking import requests
from memory.inspection import Arrival
from memory.lines import said_by
from memory.recording import RUNNING
from memory.transcript import Act, BubbleSent, Heard, Learnt, ToolCall, TurnRecord
from safety.approval import KIND
from safety.segments import billed_as, segments

HELD = 0.05
"""Seconds from which a wait for their last word is told."""

Kind = Literal[
    "webhook", "burst", "typing", "memory", "instructions", "request", "tool", "bubble", "act",
    "interruption", "outcome", "learnt",
]  # fmt: skip

Tone = Literal["plain", "good", "bad"]


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened in a turn.

    Attributes:
        title: What, in a few words.
        text: The words it was about, to be shown as they are; may be long.
        tone: `bad` for what went wrong, `good` for what arrived.
        raw: What is behind it, as JSON.
        curl: The call to AgentPhone as a command, where there was one.
        after: The call's id in the model's answer, for what a tool call became.
        order: Tells apart what happened at the same moment.
    """

    at: datetime
    kind: Kind
    title: str
    text: str | None = None
    tone: Tone = "plain"
    raw: Any = None
    curl: str | None = None
    after: str | None = None
    order: int = field(default=5, compare=False)

    def as_json(self) -> dict[str, Any]:
        """As pages get it."""
        told = asdict(self)
        del told["order"]
        return told | {"at": self.at.isoformat()}


def timeline(record: TurnRecord, arrivals: Sequence[Arrival] = ()) -> list[Entry]:
    """Everything that happened in a turn, in the order in which it did."""
    entries = [
        *_webhooks(record, arrivals),
        *_beginning(record),
        *(_asked(one) for one in requests(record)),
        *(_called(call) for call in record.tool_calls),
        *_wire(record),
        *_interruptions(record),
        *_end(record),
    ]
    return sorted(entries, key=lambda entry: (entry.at, entry.order))


def _webhooks(record: TurnRecord, arrivals: Sequence[Arrival]) -> Iterator[Entry]:
    for arrival in arrivals:
        which = f"{', '.join(arrival.refs)} came"
        if arrival.event == "catch_up":
            title = f"{which} by reading back: its webhook had not reached us"
        else:
            title = f"{which} by webhook, was verified and stored"
        again = arrival.duplicates
        if again:
            times = "once" if again == 1 else f"{again} times"
            title += f"; delivered again {times}, recognised and not answered again"
        raw = {"webhook_id": arrival.webhook_id, "event": arrival.event, "body": arrival.body}
        yield Entry(arrival.received_at, "webhook", title, raw=raw, order=0)


def _beginning(record: TurnRecord) -> Iterator[Entry]:
    yield _burst(record)
    typing = record.typing
    if typing.shown_at is not None:
        again = f", {typing.calls} calls" if typing.calls > 1 else ""
        title = f"Typing bubble shown{again}"
        yield Entry(typing.shown_at, "typing", title, raw=_json(typing), order=2)
    elif typing.failed:
        title = "The typing bubble could not be shown"
        yield Entry(record.started_at, "typing", title, tone="bad", raw=_json(typing), order=2)
    asked_at = record.requests[0].started_at if record.requests else record.started_at
    if record.memory.before is not None:
        facts = "; ".join(record.memory.before.get("facts") or []) or "nothing yet"
        yield Entry(
            asked_at, "memory", f"Memory loaded: {facts}", raw=record.memory.before, order=3
        )
    if record.instructions is not None:
        version = f", prompts {record.prompts.version}" if record.prompts else ""
        tools = ", ".join(tool.name for tool in record.tools)
        raw = {
            "prompts": _json(record.prompts) if record.prompts else None,
            "settings": record.settings,
            "tools": [_json(tool) for tool in record.tools],
        }
        yield Entry(
            asked_at,
            "instructions",
            f"Instructions as the model saw them{version}" + (f"; tools: {tools}" if tools else ""),
            record.instructions,
            raw=raw,
            order=4,
        )


def _burst(record: TurnRecord) -> Entry:
    asked = [heard for heard in record.heard if heard.in_turn]
    kinds = {"tapback": "a tapback", KIND: "the operator's yes"}
    what = kinds.get(asked[0].kind, "a text") if asked else "a text"
    many = f"a burst of {len(asked)}" if len(asked) > 1 else what
    wait = record.latencies.queue
    waited = f" after {wait:.1f} s" if wait >= 0.1 else ""
    words = "\n".join(_heard(heard) for heard in record.heard)
    raw = [_json(heard) for heard in record.heard]
    return Entry(
        record.started_at, "burst", f"The turn began{waited}: {many}", words, raw=raw, order=1
    )


def _heard(heard: Heard) -> str:
    who = said_by(heard)
    pictures = "".join(f" [{handle}]" for handle in heard.media)
    if heard.kind == "tapback":
        return f"{heard.ref} {who} tapped back {heard.reaction} on “{heard.target_text or '…'}”"
    aside = "" if heard.in_turn else f" ({heard.outcome or 'noted'})"
    return f"{heard.ref} {who}: {heard.text}{pictures}{aside}"


def _asked(one: Any) -> Entry:
    request = one.request
    figures = [request.model or "the model"]
    if request.seconds is not None:
        figures.append(f"{request.seconds:.1f} s")
    if request.model is not None:
        figures.append(f"{request.input_tokens} tokens in, {request.output_tokens} out")
        cost = request.cost_usd
        figures.append("price not known" if cost is None else f"${float(cost):.4f}")
    title = f"Request {one.number}: {' · '.join(figures)}"
    tone: Tone = "plain"
    if request.error is not None:
        title, tone = f"{title}: {request.error}", "bad"
    elif request.seconds is None:
        title += ": thinking…"
    if request.is_thrown_away:
        title += " (thrown away: they wrote on)"
    raw = {"request": _json(request), "answer": one.answer}
    return Entry(request.started_at, "request", title, one.text, tone=tone, raw=raw)


def _called(call: ToolCall) -> Entry:
    given = ", ".join(f"{name}={value!r}" for name, value in call.arguments.items())
    told = {
        "done": None if call.result is None else str(call.result),
        "failed": f"It said no: {call.result}",
        "unknown": "It was cut off: nobody knows whether it happened",
        "pending": "Under way…",
    }
    tone: Tone = "bad" if call.state in ("failed", "unknown") else "plain"
    return Entry(
        call.started_at,
        "tool",
        f"{call.name}({given})",
        told.get(call.state, call.state),
        tone=tone,
        raw=_json(call),
        after=call.call_id,
    )


def _wire(record: TurnRecord) -> Iterator[Entry]:
    first = True
    for act in record.wire:
        if isinstance(act, BubbleSent):
            yield _bubble(record, act, is_first=first)
            first = False
        else:
            yield _act(record, act)


def _bubble(record: TurnRecord, act: BubbleSent, *, is_first: bool) -> Entry:
    how = [act.channel or "", f"with {act.send_style}" if act.send_style else ""]
    channel = act.channel or record.conversation.channel
    billed = billed_as(act.text, channel=channel, media=len(act.media))
    if billed and not act.media:
        how.append(str(segments(act.text)))
    how += ["in thread" if act.is_threaded else "", *(f"{lost} lost" for lost in act.lost)]
    named = {"confirmed": "arrived", "confirmed_late": "arrived, as was found out later"}
    title = f"Bubble {act.ref} {named.get(act.status, act.status)}"
    if about := [part for part in how if part]:
        title += f" ({', '.join(about)})"
    if act.code or act.reason:
        title += f": {act.reason or act.code}"
    if act.warnings:
        title += f"; carriers filter this by SMS: {', '.join(act.warnings)}"
    held = _held(record, act) if is_first else 0.0
    if held >= HELD:
        title += f"; held {held:.1f} s until they had finished"
    tone: Tone = {"confirmed": "good", "confirmed_late": "good"}.get(act.status, "bad")  # type: ignore[assignment]
    if act.status in ("prepared", "dispatched"):
        tone = "plain"
    words = "".join([act.text, *(f" [{handle}]" for handle in act.media)])
    return Entry(
        act.dispatched_at or act.written_at,
        "bubble",
        title,
        words,
        tone=tone,
        raw=_json(act) | ({"billed": billed} if billed else {}),
        curl=curl_of(record, act),
        after=act.call_id,
        order=6,
    )


def _held(record: TurnRecord, act: BubbleSent) -> float:
    """Seconds the first bubble waited although the model was done with it."""
    ready = [call.started_at for call in record.tool_calls if call.call_id == act.call_id]
    if not ready:
        ready = [one.ended_at for one in requests(record) if one.ended_at is not None]
        ready = [at for at in ready if at <= act.written_at][-1:]
    if not ready or act.dispatched_at is None:
        return 0.0
    return (act.dispatched_at - ready[0]).total_seconds()


def _act(record: TurnRecord, act: Act) -> Entry:
    if act.act == "tapback":
        instead = f" instead of {act.asked}" if act.landed and act.landed != act.asked else ""
        title = f"Tapback {act.landed or act.asked}{instead} on {act.ref}: {act.status}"
    else:
        title = f"Background {act.asked or 'removed'}: {act.status}"
    if act.reason or act.code:
        title += f" ({act.reason or act.code})"
    return Entry(
        act.started_at,
        "act",
        title,
        tone="good" if act.status == "confirmed" else "bad",
        raw=_json(act),
        curl=curl_of(record, act),
        after=act.call_id,
        order=6,
    )


def _interruptions(record: TurnRecord) -> Iterator[Entry]:
    words = {
        "began_again": "They wrote {refs} before anything had been done: all was thought anew",
        "heard": "They wrote {refs}; the model read it with its next request",
        "taken_up": "The worker stopped here, and another went on",
    }
    for it in record.interruptions:
        title = words[it.what].format(refs=", ".join(it.refs) or "on")
        yield Entry(it.at, "interruption", title, raw=_json(it))


def _end(record: TurnRecord) -> Iterator[Entry]:
    if record.outcome == RUNNING:
        return
    memory = record.memory
    changed = changes(memory.before, memory.after)
    if changed or memory.note:
        saved = {True: "saved", False: "not saved", None: "not saved yet"}[memory.is_saved]
        title = f"Memory {saved}" + (f": {memory.note}" if memory.note else "")
        tone: Tone = "bad" if memory.is_saved is False else "plain"
        raw = {"before": memory.before, "after": memory.after}
        text = "\n".join(changed) or None
        yield Entry(record.settled_at, "memory", title, text, tone=tone, raw=raw, order=8)
    reason = f": {record.reason}" if record.reason else ""
    yield Entry(
        record.settled_at,
        "outcome",
        f"The turn ended {record.outcome}{reason} after {record.latencies.total:.1f} s",
        tone="bad" if record.outcome == "failed" else "plain",
        raw={"latencies": _json(record.latencies), "usage": _json(record.usage)},
        order=9,
    )
    refs = {act.bubble_id: act.ref for act in record.wire if isinstance(act, BubbleSent)}
    for learnt in record.since:
        yield _learnt(record, learnt, refs.get(learnt.bubble_id, "a bubble"))


def _learnt(record: TurnRecord, learnt: Learnt, ref: str) -> Entry:
    news = learnt.status
    if learnt.is_undelivered:
        news = "was not delivered"
    elif learnt.sent_again_as:
        news = "was sent again by a person"
    at = learnt.learnt_at or record.settled_at
    reason = f": {learnt.reason}" if learnt.reason else ""
    return Entry(at, "learnt", f"Since then {ref} {news}{reason}", raw=_json(learnt), order=10)


def _json(part: Any) -> Any:
    return part.model_dump(mode="json")
