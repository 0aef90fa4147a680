"""A turn as one HTML file that reads like the chat it was: no script, nothing from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from html import escape
from typing import Any

from agent.commands.transcripts_shown import did, foot, head, thoughts
from memory.lines import said_by
from memory.transcript import ARRIVED, Act, BubbleSent, Heard, ToolCall, TurnRecord

STYLE = """
:root { color-scheme: light dark; --ground: #fff; --ink: #111113; --quiet: #5c5c63; --grey: #e9e9eb;
  --blue: #0066d6; --green: #177a35; --soft: #f3f3f6; --alarm: #b3261e; --line: #d8d8de; }
@media (prefers-color-scheme: dark) { :root { --ground: #101012; --ink: #f2f2f4; --quiet: #a6a6ae;
  --grey: #2c2c31; --soft: #1b1b1f; --alarm: #ff8a80; --line: #38383e; } }
body { margin: 0 auto; max-width: 44rem; padding: 1.5rem 1rem 4rem; background: var(--ground);
  color: var(--ink); font: 16px/1.4 system-ui, sans-serif; }
h1 { font-size: 1.1rem; }
.facts { color: var(--quiet); font-size: .85rem; overflow-wrap: anywhere; }
.chat { list-style: none; margin: 1.2rem 0; padding: 0; display: grid; gap: .5rem; }
.chat li { max-width: 85%; overflow-wrap: anywhere; }
.said, .heard { padding: .5rem .8rem; border-radius: 1.1rem; white-space: pre-wrap; }
.heard { justify-self: end; background: var(--blue); color: #fff; }
.heard.sms { background: var(--green); }
.said { justify-self: start; background: var(--grey); }
.said.bad { outline: 2px solid var(--alarm); }
.chat .aside { justify-self: center; max-width: 100%; color: var(--quiet); font-size: .85rem;
  background: var(--soft); padding: .3rem .7rem; border-radius: .6rem; white-space: pre-wrap; }
.about { display: block; font-size: .75rem; opacity: .92; }
details { border-top: 1px solid var(--line); padding: .6rem 0; font-size: .85rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; }
"""

Line = tuple[datetime, str]


def as_page(record: TurnRecord) -> str:
    """The whole file."""
    title = f"Turn {record.turn_id[:8]}: {record.outcome}"
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>",
        f'<h1>{escape(title)}</h1><p class="facts">{escape(head(record))}</p>',
        chat(record),
        f'<p class="facts">{escape(foot(record))}</p>',
        *_behind("Instructions as the model saw them", record.instructions),
        *_behind("Memory before", record.memory.before),
        *_behind("Memory after", record.memory.after),
        *_behind("The whole record", record.model_dump(mode="json")),
        "</main></body></html>",
    ]
    return "\n".join(parts) + "\n"


def chat(record: TurnRecord) -> str:
    """The bubbles with what was done between them, as a list; to be drawn with `STYLE`."""
    lines = sorted(_lines(record), key=lambda line: line[0])
    return "\n".join(['<ol class="chat">', *(text for _, text in lines), "</ol>"])


def _lines(record: TurnRecord) -> Iterator[Line]:
    yield from (_heard(heard) for heard in record.heard)
    yield from ((at, _aside(f"Thought: {words}")) for at, words in thoughts(record))
    yield from (_called(call) for call in record.tool_calls)
    for it in record.interruptions:
        yield it.at, _aside(" ".join([it.what.replace("_", " "), *it.refs]))
    for act in record.wire:
        yield _said(act) if isinstance(act, BubbleSent) else _did(act)


def _heard(heard: Heard) -> Line:
    who = said_by(heard)
    words = " ".join([heard.text, *(f"[{handle}]" for handle in heard.media)])
    if heard.kind == "tapback":
        words = f"tapped back {heard.reaction} on “{heard.target_text or '…'}”"
    kind = "heard" if heard.channel == "imessage" else "heard sms"
    about = f"{heard.ref} · {who}" + ("" if heard.in_turn else f" · {heard.outcome or 'noted'}")
    return heard.stored_at, _bubble(kind, words, about)


def _said(act: BubbleSent) -> Line:
    words = " ".join([act.text, *(f"[{handle}]" for handle in act.media)])
    about = [act.ref, act.channel or "", act.send_style or "", *(f"{it} lost" for it in act.lost)]
    is_good = act.status in ARRIVED
    if not is_good:
        about.append(": ".join(part for part in (act.status, act.code) if part))
    kind = "said" if is_good else "said bad"
    told = " · ".join(part for part in about if part)
    return act.dispatched_at or act.written_at, _bubble(kind, words, told)


def _called(call: ToolCall) -> Line:
    given = ", ".join(f"{name}={value!r}" for name, value in call.arguments.items())
    answer = call.result if call.state in ("done", "failed") else call.state
    return call.started_at, _aside(f"{call.name}({given})\n→ {answer}")


def _did(act: Act) -> Line:
    return act.started_at, _aside(did(act))


def _bubble(kind: str, words: str, about: str) -> str:
    return f'<li class="{kind}">{escape(words)}<span class="about">{escape(about)}</span></li>'


def _aside(text: str) -> str:
    return f'<li class="aside">{escape(text)}</li>'


def _behind(title: str, value: Any) -> Iterator[str]:
    """Something long, behind a click; nothing where there is none."""
    if value is None:
        return
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    yield f"<details><summary>{title}</summary><pre>{escape(text)}</pre></details>"
