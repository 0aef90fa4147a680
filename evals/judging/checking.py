"""Whether what is expected is so: each expectation a small pure function over what is to be seen.

check(turn.expect, seen)  →  verdicts, one for each thing expected, in the order of the format
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import regex

from evals.format.expectations import (
    ANY_TAPBACK,
    Argument,
    Called,
    Expectations,
    MemoryPart,
    is_pattern,
)
from evals.playing.seen import Seen, newest_ref
from memory.state import KEY
from memory.transcript import ToolCall

NO_JUDGE = "not judged: give a model with --judge"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one thing that was expected is so.

    Attributes:
        place: In which turn it was expected: `turn 2 (wish)`, or `the end`.
        what: Which expectation, by its name in the format.
        passed: None while nobody has judged it.
        expected, found: In words; `found` also says why nobody judged it.
        critical: Whether it alone is enough to close a gate.
    """

    place: str
    what: str
    passed: bool | None
    expected: str
    found: str
    critical: bool = False

    def __str__(self) -> str:
        return f"{self.place}: {self.what}: expected {self.expected}; found {self.found}"

    def as_json(self) -> dict[str, Any]:
        """As `--json` and `--out` tell it."""
        return {name: getattr(self, name) for name in self.__slots__}


Finding = tuple[bool | None, str, str]
"""Whether it is so, what was expected, what was found."""


def check(expect: Expectations, seen: Seen) -> list[Verdict]:
    """Everything that is expected of a turn, or of the whole, held against what is to be seen."""
    return [
        Verdict(seen.place, name, passed, wanted, found, expect.critical)
        for name, rule in RULES.items()
        if _is_given(name, getattr(expect, name))
        for passed, wanted, found in rule(expect, seen)
    ]


def _is_given(name: str, value: Any) -> bool:
    """Whether something is expected: `silent: false` expects words, and a zero is a number."""
    if value is None or value == []:
        return False
    return value is not False or name == "silent"


def _called(expect: Expectations, seen: Seen) -> Iterator[Finding]:
    done = [call for call in seen.calls if call.state == "done"]
    for each in expect.called:
        hits = [call for call in done if _is_it(each, call, seen)]
        right = len(hits) == each.times if each.times is not None else bool(hits)
        times = "" if each.times is None else " once" if each.times == 1 else f" {each.times} times"
        yield right, _wanted_call(each) + times, _calls_told(seen.calls)


def _in_order(expect: Expectations, seen: Seen) -> Iterator[Finding]:
    left = iter([call for call in seen.calls if call.state == "done"])
    right = all(any(_is_it(each, call, seen) for call in left) for each in expect.called)
    yield right, " → ".join(each.tool for each in expect.called), _calls_told(seen.calls)


def _not_called(expect: Expectations, seen: Seen) -> Iterator[Finding]:
    for name in expect.not_called:
        right = all(call.name != name for call in seen.calls)
        yield right, f"no call of {name}", _calls_told(seen.calls)


def _bubbles_at_most(expect: Expectations, seen: Seen) -> Iterator[Finding]:
    right = len(seen.bubbles) <= (expect.bubbles_at_most or 0)
    bubbles = "bubble" if expect.bubbles_at_most == 1 else "bubbles"
    yield right, f"{expect.bubbles_at_most} {bubbles} at most", _bubbles_told(seen)


def _silent(expect: Expectations, seen: Seen) -> Iterator[Finding]:
    did = bool(seen.bubbles or seen.tapbacks)
    wanted = "neither words nor a tapback" if expect.silent else "words or a tapback"
    yield did is not expect.silent, wanted, _did_told(seen)


def _reacted(expect: Expectations, seen: Seen) -> Iterator[Finding]:
    tapbacks = set(seen.tapbacks)
    hit = bool(tapbacks) if expect.reacted == ANY_TAPBACK else expect.reacted in tapbacks
    which = "any tapback" if expect.reacted == ANY_TAPBACK else f"the tapback {expect.reacted}"
    yield hit and not seen.bubbles, f"{which} in place of words", _did_told(seen)


def _threaded_to(expect: Expectations, seen: Seen) -> Iterator[Finding]:
    target = seen.ids.get(expect.threaded_to or "")
    right = target is not None and any(bubble.reply_to == target for bubble in seen.bubbles)
    names = {one: name for name, one in seen.ids.items()}
    found = [names.get(b.reply_to, "an older message") for b in seen.bubbles if b.reply_to]
    told = f"bubbles in thread under {', '.join(found)}" if found else "no bubble in thread"
    yield right, f"a bubble in thread under {expect.threaded_to}", told


def _delivered_on(expect: Expectations, seen: Seen) -> Iterator[Finding]:
    channels = [bubble.channel for bubble in seen.bubbles]
    right = bool(channels) and set(channels) == {expect.delivered_on}
    found = ", ".join(f"{n} on {name}" for name, n in Counter(channels).items()) or "no bubble"
    yield right, f"every bubble on {expect.delivered_on}", found


def _answered_within(expect: Expectations, seen: Seen) -> Iterator[Finding]:
    wanted = f"an answer within {expect.answered_within:g} s"
    after = seen.answered_after
    if after is None:
        yield False, wanted, _did_told(seen)
    else:
        yield after <= (expect.answered_within or 0.0), wanted, f"one after {after:.1f} s"


def _memory(expect: Expectations, seen: Seen) -> Iterator[Finding]:
    known = seen.metadata.get(KEY)
    state = known if isinstance(known, dict) else {}
    if expect.memory is None:
        return
    for how, part in (("is", expect.memory.is_), ("contains", expect.memory.contains)):
        for name, wanted in _parts(part):
            found = state.get(name)
            right = _same(found, wanted) if how == "is" else _holds(found, wanted)
            if how == "is" and name in ("flags", "state") and found is not None:
                right = _same(_without_empty(found), _without_empty(wanted))
            yield right, f"{name} {_how(how)} {_short(wanted)}", _short(found)


def _foreign_keys_unchanged(expect: Expectations, seen: Seen) -> Iterator[Finding]:
    was = {name: value for name, value in seen.begun_with.items() if name != KEY}
    now = {name: value for name, value in seen.metadata.items() if name != KEY}
    yield _same(was, now), f"the keys of others as they were: {_short(was)}", _short(now)


def _said(expect: Expectations, seen: Seen) -> Iterator[Finding]:
    for words in expect.said:
        yield is_said(words, seen.words), f"“{words}” said", _bubbles_told(seen)


def _never_said(expect: Expectations, seen: Seen) -> Iterator[Finding]:
    for words in expect.never_said:
        right = not any(is_said(words, bubble.text) for bubble in seen.bubbles)
        yield right, f"“{words}” never said", _bubbles_told(seen)


def _judged(expect: Expectations, seen: Seen) -> Iterator[Finding]:
    for rubric in expect.judged:
        yield None, rubric, NO_JUDGE


Rule = Callable[[Expectations, Seen], Iterator[Finding]]

RULES: Mapping[str, Rule] = {
    "called": _called,
    "in_order": _in_order,
    "not_called": _not_called,
    "bubbles_at_most": _bubbles_at_most,
    "silent": _silent,
    "reacted": _reacted,
    "threaded_to": _threaded_to,
    "delivered_on": _delivered_on,
    "answered_within": _answered_within,
    "memory": _memory,
    "foreign_keys_unchanged": _foreign_keys_unchanged,
    "said": _said,
    "never_said": _never_said,
    "judged": _judged,
}
"""How each expectation of the format is checked, by its name."""


def is_said(words: str, text: str) -> bool:
    """Whether these words, or this `/pattern/`, are in a text, whatever their case."""
    if is_pattern(words):
        return regex.search(words[1:-1], text, regex.IGNORECASE) is not None
    return words.casefold() in text.casefold()


def _is_it(wanted: Called, call: ToolCall, seen: Seen) -> bool:
    return call.name == wanted.tool and all(
        _fits(argument, call.arguments.get(name), call, seen)
        for name, argument in wanted.arguments.items()
    )


def _fits(wanted: Argument, value: Any, call: ToolCall, seen: Seen) -> bool:
    if wanted.message is not None:
        ref = value if value is not None else newest_ref(seen, call)
        return ref is not None and seen.refs.get(seen.ids.get(wanted.message, "")) == ref
    if wanted.matches is not None:
        return isinstance(value, str) and regex.search(wanted.matches, value) is not None
    if wanted.any_order is not None:
        return isinstance(value, list) and _same_items(value, wanted.any_order)
    return _same(value, wanted.equals)


def _same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same: 1.0 is 1, and 1 is not true, though Python says so."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _same_items(one: list[Any], other: list[Any]) -> bool:
    """Whether two lists hold the same items, in any order."""
    left = list(other)
    for item in one:
        place = next((nth for nth, each in enumerate(left) if _same(item, each)), None)
        if place is None:
            return False
        left.pop(place)
    return not left


def _parts(part: MemoryPart | None) -> Sequence[tuple[str, Any]]:
    return [] if part is None else [(n, v) for n, v in part if v is not None]


def _holds(found: Any, wanted: Any) -> bool:
    """Facts and the summary these words, flags and state these keys with these values."""
    if isinstance(wanted, str):
        return isinstance(found, str) and is_said(wanted, found)
    if isinstance(wanted, list):
        facts = found if isinstance(found, list) else []
        return all(any(is_said(words, str(fact)) for fact in facts) for words in wanted)
    there = found if isinstance(found, dict) else {}
    return all(name in there and _same(there[name], value) for name, value in wanted.items())


def _without_empty(values: Any) -> Any:
    """State without its defaults: an empty shopping list is no state."""
    is_keyed = isinstance(values, dict)
    return {n: v for n, v in values.items() if v not in ([], {}, "", None)} if is_keyed else values


def _how(how: str) -> str:
    return "to be" if how == "is" else "to contain"


def _wanted_call(wanted: Called) -> str:
    if not wanted.arguments:
        return f"a call of {wanted.tool}"
    told = [
        f"{name} {_short(argument.model_dump())}" for name, argument in wanted.arguments.items()
    ]
    return f"a call of {wanted.tool} with {', '.join(told)}"


def _calls_told(calls: Sequence[ToolCall]) -> str:
    told = [
        f"{call.name}({_short(call.arguments)})"
        + ("" if call.state == "done" else f" {call.state}")
        for call in calls
    ]
    return "; ".join(told) or "no tool call"


def _bubbles_told(seen: Seen) -> str:
    told = [
        f"“{_short_text(bubble.text)}”" if bubble.text else "a picture" for bubble in seen.bubbles
    ]
    return f"{len(told)}: {' · '.join(told)}" if told else "no bubble"


def _did_told(seen: Seen) -> str:
    tapped = f"the tapback {', '.join(seen.tapbacks)}" if seen.tapbacks else ""
    said = _bubbles_told(seen) if seen.bubbles else ""
    ended = ", ".join(f"{r.outcome} ({r.reason})" if r.reason else r.outcome for r in seen.records)
    nothing = f"neither; the turn ended as {ended}" if ended else "neither, and no turn"
    return "; and ".join(filter(None, [tapped, said])) or nothing


def _short(value: Any) -> str:
    return _short_text(json.dumps(value, ensure_ascii=False, default=str))


def _short_text(text: str, length: int = 160) -> str:
    words = " ".join(text.split())
    return words if len(words) <= length else words[: length - 1] + "…"
