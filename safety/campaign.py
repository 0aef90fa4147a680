"""What the carriers do not take by SMS, found in what we are about to send. Pure.

A number that texts in the US stands for a campaign its owner registered (10DLC). Filters read every
text: some subjects are refused to everybody, some to whoever has not declared them, and who tries
too often loses the number. iMessage has no such rules.

A word alone is rarely enough. "Wine-red" is a colour, a beer garden has opening hours, a loan is
of a library's, and everybody has taken a shot of something. So there are three tables:

    said      phrases that hardly mean anything else: one is enough
    offered   things that count where something is offered beside them: a price, "order", "free"
    innocent  what has such a word in it and is none: taken out before anybody looks

"We sell no tobacco" is an answer and leaves. The tables are of English.
Source: CTIA, Messaging Principles and Best Practices (2023), §5.3; The Campaign Registry's content
attributes (embedded link, embedded phone number, age-gated content); which of them an age gate lets
out: Twilio, Forbidden message categories for SMS and MMS in the US and Canada.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from safety.campaign_words import OFFER, TABLES, Topic
from safety.folding import clauses
from safety.links import links_in
from safety.senders import AT_HOME, country_of
from safety.verdicts import Allowed, Refused, Verdict

CONTENT = "content"
"""The code of a bubble that was held for its words."""

FOR_ADULTS: frozenset[Topic] = frozenset({"alcohol", "firearms", "tobacco"})
"""Topics that a campaign may have whose people have all proved their age."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """What the registration says that our texts include."""

    links: bool = False
    phone_numbers: bool = False
    age_gated: bool = False


class Found(NamedTuple):
    """Something a carrier would stumble over, and the words it stands in."""

    topic: Topic
    words: str


_NEAR = 8
"""Words between an offer and the thing."""

_NEGATED = re.compile(
    r"\b(?:no|not|never|without|dont|doesnt|didnt|cant|cannot|wont|arent|isnt|neither|nor|zero"
    r"|stop(?! (?:by|in|over)\b)"
    r"|free of|instead of|no longer)\b(?! (?:miss|forget|wait|worry|hesitate|only|need|problem"
    r"|doubt|one|matter|sweat)\b)(?: \w+){0,4} ?$"
)
"""What before it, in its clause, makes it none: "we do not sell cigarettes"."""

_FORBIDDEN = re.compile(
    r"^(?: \w+){0,3} (?:(?:is|are|were) not|isnt|arent|not|prohibited|forbidden|illegal|banned)\b"
)
"""What after it does: "guns are not allowed here"."""

_SHORT = re.compile(
    r"(?<![\w.@-])(?:bit\.ly|bitly\.com|tinyurl\.com|goo\.gl|t\.co|ow\.ly|is\.gd|v\.gd|buff\.ly"
    r"|rebrand\.ly|cutt\.ly|shorturl\.at|tiny\.cc|rb\.gy|t\.ly|bl\.ink|lnkd\.in|trib\.al|adf\.ly"
    r"|soo\.gd|clck\.ru|short\.io|tiny\.one|shorte\.st|u\.to|qr\.ae|dlvr\.it|surl\.li|n9\.cl"
    r"|snip\.ly|urlz\.fr|j\.mp)(?![\w-]|\.\w)",
    re.IGNORECASE,
)
"""Shorteners that everybody may use: filtered wherever they stand, declared or not."""

_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»‘\"'>", " ") | {"$": " dollar ", "%": " percent "})  # noqa: RUF001
"""A filter reads what is quoted too; `folding.clauses` would leave it out."""

_INSIDE = re.compile(r"(?<=\w)['’](?=\w)|(?<=\d)[.,](?=\d)")  # noqa: RUF001
"""Signs that neither quote nor end anything: don't, 5,000."""

_MANY_DIGITS = re.compile(r"\+?(?:\d[\s().-]{0,2}){7}")


def found(text: str, campaign: Campaign) -> list[Found]:
    """What of this text the carriers would refuse to this campaign, each topic once."""
    plain = clauses(_INSIDE.sub("", text).translate(_QUOTES))
    every = [Found(topic, words) for topic in TABLES if (words := _about(topic, plain))]
    every += _addresses(text)
    return [one for one in every if not _declared(one.topic, campaign)]


def may_go_by_sms(text: str, campaign: Campaign) -> Verdict:
    """Whether the carriers would take it."""
    topics = [one.topic for one in found(text, campaign)]
    if not topics:
        return Allowed()
    return Refused(CONTENT, f"the carriers filter it by SMS: {', '.join(topics)}")


def is_registered(number: str) -> bool:
    """Whether a number of ours is of a country with such rules; one of nobody knows where is."""
    country = country_of(number) if number.startswith("+") else None
    return country is None or any(country in group for group in AT_HOME)


def _declared(topic: Topic, campaign: Campaign) -> bool:
    if topic == "link":
        return campaign.links
    if topic == "phone number":
        return campaign.phone_numbers
    return campaign.age_gated and topic in FOR_ADULTS


def _about(topic: Topic, plain: str) -> str | None:
    """The words that make a text one about this; None when none do."""
    words = TABLES[topic]
    if words.innocent is not None:
        plain = words.innocent.sub("_", plain)
    for phrase in words.said.finditer(plain) if words.said else ():
        if _is_meant(phrase, plain):
            return phrase.group()
    for thing in words.offered.finditer(plain) if words.offered else ():
        if _is_meant(thing, plain) and _is_offered(thing, plain):
            return thing.group()
    return None


def _is_meant(match: re.Match[str], plain: str) -> bool:
    before = plain[: match.start()].rpartition("|")[2]
    after = plain[match.end() :].partition("|")[0]
    return not (_NEGATED.search(before) or _FORBIDDEN.match(after))


def _is_offered(match: re.Match[str], plain: str) -> bool:
    before = " ".join(plain[: match.start()].replace("|", " ").split()[-_NEAR:])
    after = " ".join(plain[match.end() :].replace("|", " ").split()[:_NEAR])
    return bool(OFFER.search(before) or OFFER.search(after))


def _addresses(text: str) -> list[Found]:
    every = []
    if short := _SHORT.search(text):
        every.append(Found("short link", short.group()))
    if links := links_in(text):
        every.append(Found("link", links[0]))
    if number := _number_in(text, links):
        every.append(Found("phone number", number))
    return every


def _number_in(text: str, links: list[str]) -> str | None:
    """The first phone number: one that somebody has, or anything in E.164. Not a date or an order's
    number, unless it has ten digits that would do for a phone."""
    for link in links:
        text = text.replace(link, " ")
    if not _MANY_DIGITS.search(text):
        return None
    if international := re.search(r"(?<![\w+])\+[1-9](?:[\s().-]{0,2}\d){6,14}(?!\d)", text):
        return international.group()
    import phonenumbers  # thirty milliseconds of a start, for the first text with digits to bear

    matches = phonenumbers.PhoneNumberMatcher(text, "US")
    return next((str(match.raw_string) for match in matches), None)
