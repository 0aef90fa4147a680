"""Records as a person reads them in a terminal: many as a table, one as the chat it was."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from rich.table import Table

from memory.lines import said_by
from memory.transcript import Act, BubbleSent, Heard, Learnt, ToolCall, TurnRecord

SHOWN = 40
"""Characters of somebody's words in a table."""

LONGEST = 300
"""Characters of a tool's arguments or answer that are shown."""

Line = tuple[datetime, str]
"""Something that happened, and when."""


def summary(record: TurnRecord) -> dict[str, Any]:
    """A record in a few JSON values."""
    return {
        "turn_id": record.turn_id,
        "session": record.session,
        "conversation_id": record.conversation.conversation_id,
        "started_at": record.started_at.isoformat(),
        "outcome": record.outcome,
        "reason": record.reason,
        "model": record.model,
        "prompt_version": record.prompts.version if record.prompts else None,
        "first_bubble_seconds": record.latencies.first_bubble,
        "cost_usd": None if record.usage.cost_usd is None else float(record.usage.cost_usd),
        "heard": [heard.words for heard in record.heard if heard.in_turn],
        "said": [act.text for act in record.wire if isinstance(act, BubbleSent)],
        "tools": [call.name for call in record.tool_calls],
        "labels": record.labels,
    }


def as_table(summaries: list[dict[str, Any]]) -> Table:
    """Several of them, one a line."""
    table = Table("Turn", "Conversation", "Began (UTC)", "Outcome", "Wait", "Heard", box=None)
    for told in summaries:
        wait = told["first_bubble_seconds"]
        table.add_row(
            told["turn_id"],
            told["conversation_id"] or "not known yet",
            told["started_at"][:19].replace("T", " "),
            told["outcome"],
            "" if wait is None else f"{wait:.1f} s",
            _cut(" / ".join(told["heard"]), SHOWN),
        )
    return table


def as_chat(record: TurnRecord) -> str:
    """One turn in the order in which it happened, what the tools did between the bubbles."""
    told = sorted(_lines(record), key=lambda line: line[0])
    return "\n".join([head(record), "", *(text for _, text in told), "", foot(record)])


def head(record: TurnRecord) -> str:
    """Which turn it is and how it ended, on one line."""
    reason = f" ({record.reason})" if record.reason else ""
    words = [
        f"Turn {record.turn_id}",
        f"{record.outcome}{reason}",
        record.started_at.strftime("%a %d %b %Y, %H:%M:%S UTC"),
        record.session,
        *([record.model] if record.model else []),
        *([f"prompts {record.prompts.version}"] if record.prompts else []),
        *record.labels,
    ]
    return _plain(" · ".join(words))


def foot(record: TurnRecord) -> str:
    """How long it took and what it cost, on one line."""
    waits, usage = record.latencies, record.usage
    first = "" if waits.first_bubble is None else f"first bubble after {waits.first_bubble:.1f} s, "
    tokens = f"{usage.input_tokens} tokens in, {usage.output_tokens} out"
    cost = "price not known" if usage.cost_usd is None else f"${usage.cost_usd:.4f}"
    return f"{first}{waits.total:.1f} s in all; {tokens}, {cost}"


def _lines(record: TurnRecord) -> Iterator[Line]:
    since = {learnt.bubble_id: learnt for learnt in record.since}
    yield from (_heard(heard) for heard in record.heard)
    for at, words in thoughts(record):
        yield at, _plain(f"      thought: {_cut(words, LONGEST)}")
    yield from (_called(call) for call in record.tool_calls)
    yield from ((it.at, f"      ({it.what.replace('_', ' ')})") for it in record.interruptions)
    for act in record.wire:
        yield _said(act, since) if isinstance(act, BubbleSent) else _did(act)


def _heard(heard: Heard) -> Line:
    who = said_by(heard)
    if who == heard.sender_name:
        who = f"{who} ({heard.sender})"
    pictures = [f"[{handle}]" for handle in heard.media]
    words = heard.text
    if heard.kind == "tapback":
        words = f"tapped back {heard.reaction} on “{_cut(heard.target_text or '…', SHOWN)}”"
    return heard.stored_at, _plain(f"{heard.ref:>4}  {who}: {' '.join([words, *pictures])}")


def thoughts(record: TurnRecord) -> Iterator[Line]:
    """Words beside tool calls, and when: nobody was texted these."""
    for message in record.messages:
        parts = message.get("parts", [])
        if not any(part.get("part_kind") == "tool-call" for part in parts):
            continue
        for part in parts:
            if part.get("part_kind") == "text" and part["content"].strip():
                yield datetime.fromisoformat(message["timestamp"]), part["content"]


def _called(call: ToolCall) -> Line:
    given = ", ".join(f"{name}={value!r}" for name, value in call.arguments.items())
    answer = call.result if call.state in ("done", "failed") else call.state
    text = f"{call.name}({_cut(given, LONGEST)}) → {_cut(str(answer), LONGEST)}"
    return call.started_at, _plain(f"      {text}")


def _said(act: BubbleSent, since: dict[str, Learnt]) -> Line:
    learnt = since.get(act.bubble_id)
    about = [act.channel or "", act.send_style or "", *(f"{lost} lost" for lost in act.lost)]
    if act.status != "confirmed":
        about.append(f"{act.status}: {act.code}" if act.code else act.status)
    if learnt is not None:
        about.append(f"since then {_news(learnt)}")
    words = " ".join([*([act.text] if act.text else []), *(f"[{handle}]" for handle in act.media)])
    told = f"{act.ref:>4}  → {words}   ({', '.join(part for part in about if part)})"
    return act.dispatched_at or act.written_at, _plain(told)


def _news(learnt: Learnt) -> str:
    if learnt.is_undelivered:
        return "not delivered"
    return f"sent again as {learnt.sent_again_as}" if learnt.sent_again_as else learnt.status


def _did(act: Act) -> Line:
    return act.started_at, _plain(f"      {did(act)}")


def did(act: Act) -> str:
    """What was done beside words: `→ tapback love on m3 (confirmed)`."""
    where = f" on {act.ref}" if act.ref else ""
    what = act.landed or act.asked or "removed"
    return f"→ {act.act} {what}{where} ({act.status})"


def _cut(text: str, length: int) -> str:
    words = " ".join(text.split())
    return words if len(words) <= length else words[: length - 1] + "…"


def _plain(text: str) -> str:
    """Without control characters, which a terminal would obey."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)
