"""One text as the bubbles a considerate person would send: few, whole thoughts, nothing torn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile

import regex

COMFORTABLE = 320
"""Characters that read at a glance on a phone."""

PARAGRAPH = regex.compile(r"(?<!:)\n\s*\n\s*")
LINE = regex.compile(r"(?<!:)\n+(?!https?://)")
"""What ends with a colon stays with what it announces, an address with the line that names it."""

SENTENCE = regex.compile(
    r"(?<=[。！？][」』”’]*)(?![」』”’])"  # noqa: RUF001  (the signs of Chinese and Japanese)
    r"|(?<=[.!?…][\"”’)\]]*)"  # noqa: RUF001  (closing quotes)
    r"(?<!(^|\s)(\d+|Mrs?|Ms|Dr|St|No|vs|[a-z]\.[a-z])\.)"  # "1. Tea", "Dr. No", "e.g. tea"
    r"\s+(?![a-z])"
)
WORD = regex.compile(r"\s+")

WHOLE = regex.compile(r"https?://[!-~]+|\X")
"""What is never torn: a link, and a character as people see it (👩‍👩‍👧 is five code points)."""

Span = tuple[int, int]


def split(text: str, *, limit: int, at_most: int = 3) -> list[str]:
    """The bubbles of a text, in order. Every word is in one of them; `""` has none.

    Two short paragraphs are one bubble. Otherwise each paragraph is its own, a long one is several
    at the ends of sentences, and neighbours share one where there would be more than `at_most`.
    Only a text that `at_most` bubbles of `limit` characters cannot hold gets more.

    Args:
        limit: The most characters of one bubble. Only a link longer than that goes beyond.
        at_most: How many bubbles it should be; 1 or more.
    """
    text = text.strip()
    comfortable = min(COMFORTABLE, limit)
    paragraphs = _apart(text, (0, len(text)), PARAGRAPH)
    if len(text) <= comfortable and len(paragraphs) <= 2:
        return [text] if text else []
    thoughts = [part for whole in paragraphs for part in _halved(text, whole, comfortable)]
    spans = _joined(thoughts, limit, at_most)
    if len(spans) > at_most or any(end - start > limit for start, end in spans):
        spans = _packed(text, limit, at_most)
    return [bubble for start, end in spans if (bubble := text[start:end].strip())]


def _apart(text: str, span: Span, gap: regex.Pattern[str]) -> list[Span]:
    """The spans between the gaps."""
    start, end = span
    gaps = [found.span() for found in _gaps(text, start, end, gap)]
    starts, ends = [start, *(g[1] for g in gaps)], [*(g[0] for g in gaps), end]
    return list(zip(starts, ends, strict=True))


def _gaps(text: str, start: int, end: int, gap: regex.Pattern[str]) -> Iterator[regex.Match[str]]:
    enough_to_see_what_follows = end + 16
    matches = gap.finditer(text, start, enough_to_see_what_follows)
    found = takewhile(lambda match: match.start() < end, matches)
    return (match for match in found if match.start() > start)


def _halved(text: str, span: Span, comfortable: int) -> list[Span]:
    """A long paragraph at the end of the line or sentence nearest its middle, and so its halves."""
    start, end = span
    lines, sentences = ([m.span() for m in _gaps(text, start, end, g)] for g in (LINE, SENTENCE))
    gaps = lines or sentences
    if end - start <= comfortable or not gaps:
        return [span]
    middle = (start + end) / 2
    before, after = min(gaps, key=lambda gap: abs(gap[0] - middle))
    left, right = (start, before), (after, end)
    return _halved(text, left, comfortable) + _halved(text, right, comfortable)


def _joined(spans: Sequence[Span], limit: int, at_most: int) -> list[Span]:
    """Neighbours together, the shortest pair first, until there are few enough or none fit."""
    spans = list(spans)
    while len(spans) > at_most:
        size, index = min((spans[i + 1][1] - spans[i][0], i) for i in range(len(spans) - 1))
        if size > limit:
            break
        spans[index : index + 2] = [(spans[index][0], spans[index + 1][1])]
    return spans


def _packed(text: str, limit: int, at_most: int) -> list[Span]:
    """Full bubbles: ending with paragraphs if few enough are so, else with sentences or words."""
    gaps = [PARAGRAPH, LINE, SENTENCE, WORD]
    candidates = [_filled(text, limit, gaps[first:]) for first in range(len(gaps))]
    by_sentence = candidates[2]
    return next((spans for spans in candidates if len(spans) <= at_most), by_sentence)


def _filled(text: str, limit: int, gaps: Sequence[regex.Pattern[str]]) -> list[Span]:
    spans: list[Span] = []
    start = 0
    while len(text) - start > limit:
        end, next_start = _last_gap(text, start, limit, gaps)
        spans.append((start, end))
        start = next_start
    return [*spans, (start, len(text))]


def _last_gap(text: str, start: int, limit: int, gaps: Sequence[regex.Pattern[str]]) -> Span:
    """The last gap in time of the first kind that has one; else the last place nothing is torn."""
    for gap in gaps:
        found: list[Span] = [match.span() for match in _gaps(text, start, start + limit + 1, gap)]
        if found:
            return found[-1]
    wholes = WHOLE.finditer(text, start)
    end: int = next(wholes).end()
    for whole in takewhile(lambda whole: whole.end() <= start + limit, wholes):
        end = whole.end()
    return end, end
