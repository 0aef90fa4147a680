"""Who says of themselves that they are under age: heard by rule, before any model.

    "I'm 15"            ─▶  15        "my son is 12"          ─▶  None
    "tengo 12 años"     ─▶  12        "I'm 15 minutes away"   ─▶  None
    "I'm in 6th grade"  ─▶  12        "when I was 12"         ─▶  None

Nobody is asked, and nothing is guessed from how somebody writes: only what they plainly say counts.
Errors favour care, for an operator can take a mistaken flag away.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from safety.folding import clauses

ADULT = 18
"""From this age on nobody is a minor."""

CHILD = 13
"""Below this age nobody is texted with: COPPA's line (16 CFR 312.2), and that of most platforms."""

LONGEST = 500
"""Characters of a text that are read for it."""

_WRITTEN = (
    "seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen",
    "siete ocho nueve diez once doce trece catorce quince dieciseis diecisiete dieciocho",
    "sept huit neuf dix onze douze treize quatorze quinze seize dix_sept dix_huit",
    "sete oito nove dez onze doze treze quatorze quinze dezesseis dezessete dezoito",
    "sete oito nove dez onze doze treze catorze quinze dezasseis dezassete dezoito",
    "sette otto nove dieci undici dodici tredici quattordici quindici sedici diciassette diciotto",
    "sieben acht neun zehn elf zwolf dreizehn vierzehn funfzehn sechzehn siebzehn achtzehn",
)
"""Ages in words, folded, from seven on: whoever is younger does not text."""

_IN_WORDS = {
    word.replace("_", " "): age for line in _WRITTEN for age, word in enumerate(line.split(), 7)
}

_FROM_THIRD = "third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
_ORDINALS = {word: grade for grade, word in enumerate(_FROM_THIRD.split(), 3)}

_WORDS = "|".join(sorted(_IN_WORDS, key=len, reverse=True))
_AGE = rf"(?P<n>[7-9]|1[0-7]|{_WORDS})"
_ANY = rf"(?P<n>[3-9]|1[0-7]|{_WORDS})"
_SOON = r"(?P<soon>[8-9]|1[0-8]|eighteen|seventeen|sixteen|fifteen|fourteen|thirteen|twelve)"
_YEARS = r"(?: ?(?:years? old|yrs? old|year olds?|y ?o|yrs))"
_MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december"
    r"|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)"
)
_END = (
    r"(?= \||$| (?:and (?!\d)|but|so|lol|lmao|haha|btw|tho|though|now|rn|too|f|m|male|female|girl"
    r"|boy|omg|actually|cant|can|dont|do|if|because|cuz|bc|my|i|im|is|its|pls|please|yo|sorry)\b)"
)
"""Here the statement ends, or goes on with what makes it nothing else: "15 minutes" is no age."""
_FIN = (
    r"(?= \||$| (?:y (?!\d)|e (?!\d)|et (?!\d)|und (?!\d)|pero|mas|mais|ma|aber|de edad|de idade|no"
    r"|ya|jaja\w*|mdr|lol|soy|estoy|mi|me|quiero|puedo|et|je|jsuis|sou|posso|sono|posso|ich|alt"
    r"|darf|kann|recien|cumplidos|compiuti)\b)"
)
_IM = r"\b(?:im|i am|iam)"
_REALLY = r"(?:(?:only|just|like|actually|really|literally|still|a|an|legit|also|both|barely) )*"

_STATED = [
    # I'm 15; im only 12 lol; i am a 16 year old girl; I'm 14f
    rf"{_IM} {_REALLY}{_AGE}(?:f|m|yo)?{_END}",
    rf"{_IM} {_REALLY}{_ANY}{_YEARS}(?! (?:(?:boys?|girls?|kids?) )?(?:mom|mum|dad))\b",
    rf"\bas an? {_ANY}{_YEARS}\b(?! (?:i (?:used|was|had|did|would|loved|thought)|who))",
    rf"\bmy age(?: is)? (?:\| )?{_ANY}{_END}",
    rf"(?:^|\| )age (?:is )?(?:\| )?{_ANY}{_END}",
    rf"\bi (?:just |only |have )?turned {_AGE}"
    r"(?= \||$| (?:last|yesterday|today|this|on|in|a|two|and|so|lol)\b)",
    # Spanish
    rf"\b(?:yo )?tengo (?:solo |apenas |ya |como )*{_ANY} anos{_FIN}",
    rf"\bsoy (?:un |una )(?:nin[oa]|chic[oa]|muchach[oa]|adolescente) de {_ANY}(?: anos)?{_FIN}",
    rf"\b(?:acabo de cumplir|recien cumpli|cumpli) {_AGE}(?: anos)?{_FIN}",
    # French
    rf"\bjai (?:que |seulement |juste |presque |deja )*{_ANY} ans{_FIN}",
    rf"\bje nai que {_ANY} ans{_FIN}",
    rf"\bviens davoir {_AGE} ans{_FIN}",
    # Portuguese
    rf"\b(?:eu )?tenho (?:so |apenas |ja )*{_ANY} anos{_FIN}",
    rf"\b(?:acabei de fazer|fiz) {_AGE} anos{_FIN}",
    # Italian
    rf"\b(?:io )?ho (?:solo |appena |soltanto |gia )*(?:compiuto )?{_ANY} anni{_FIN}",
    # German
    rf"(?:\bich bin|\bbin ich|(?:^|\| )bin) (?:erst |gerade |schon |noch |nur |jetzt |ja )*{_AGE}"
    rf"(?: jahre? alt\b|{_FIN})",
    rf"\b(?:ich bin|bin) (?:erst )?{_ANY} jahre(?: alt\b|{_FIN})",
]  # fmt: skip
"""An age as it is said: group `n`."""

_SOON_OF_AGE = [
    rf"{_IM} (?:almost|nearly|turning|about to (?:be|turn)|going to be|gonna be) {_SOON}"
    rf"(?:{_END}|(?= (?:next|tomorrow|soon|this|in {_MONTH})\b))",
    rf"{_IM} not (?:even |yet )?(?P<soon>18|eighteen)(?: yet)?{_END}",
    rf"\bi(?:ll| will)? (?:be|turn|be turning) {_SOON} (?:next|tomorrow|soon|this (?:week|month"
    rf"|year|summer|fall|winter|spring)|in {_MONTH}|on {_MONTH})\b",
    rf"{_IM} (?:still )?under (?:the age of )?{_SOON}{_END}",
    rf"\bcumplo {_SOON}(?: anos)? (?:manana|el|en|la|este|pronto)\b",
    rf"\b(?:vou fazer|faco) {_SOON} anos\b",
    rf"\bje vais avoir {_SOON} ans\b",
    rf"\bich werde (?:bald |morgen |nachste woche |nachsten monat )?{_SOON}{_FIN}",
]
"""Statements of somebody who is a year younger than the age in them."""

_IN_SCHOOL = [
    r"{im} (?:going )?(?:in|into) (?:the )?(?P<grade>{n}) grade\b(?! (?:math|science|class))",
    r"{im} an? (?P<grade>{n}) grader\b",
    r"\b(?:ich bin|bin|ich gehe?) in (?:der|die) (?P<grade>\d{{1,2}}) (?:\| )?klasse\b",
]
_GRADES = r"\d{1,2}(?:st|nd|rd|th)|" + "|".join(_ORDINALS)

_MINORS = [
    rf"{_IM} (?:still |only |just |actually |also |legally )*(?:a minor|underage|under age)\b"
    r"(?! (?:in|at|of|league|leaguer|character|player|part|shareholder|celebrity|drinking"
    r"|inconvenience)\b)",
    rf"{_IM} (?:still |only )?(?:in|at) (?:high|middle|junior high|secondary) school{_END}",
    rf"{_IM} (?:still )?a (?:freshman|sophomore|junior|senior) in high school\b",
    r"\bsoy (?:una? )?menor(?: de edad)?(?= \||$| (?:y|pero)\b)|\baun soy menor de edad\b",
    r"\bje suis (?:encore )?(?:un )?mineure?(?= \||$| (?:et|mais)\b)",
    r"\b(?:eu )?(?:ainda )?sou (?:de )?menor(?: de idade)?(?= \||$| (?:e|mas)\b)",
    r"\bsono (?:ancora )?(?:un )?minorenne\b",
    r"\b(?:ich bin|bin) (?:noch )?minderjahrig\b",
]
"""Who says that much and no age is taken for one of seventeen."""

_BORN = re.compile(
    r"\b(?:i was born|im born|naci|je suis nee?|nasci|sono nat[oa]|ich bin|ich wurde|bin)"
    r"(?: (?:in|on|en|em|nel|im|le|el|am|jahr|the|of|de|\d{1,2}|[a-z]{3,10})){0,4}?"
    r" (?P<year>20[0-2]\d)\b(?P<de> geboren)?"
)
_BORN_DE = ("ich", "bin")
"""In German the year alone says nothing: "ich bin 2013 …" wants its `geboren`."""

_NOT_MEANT = re.compile(
    r"(?:\b(?:like|as if|as though|if|when|whenever|till?|until|once|pretend|pretending|imagine"
    r"|suppose|act|acting|acts|wish|thinks?|thinking|thought|believes?|assumed?|guess|says"
    r"|by the time|song|lyric|lyrics|movie|character|quote"
    r"|cuando|si|como si|desde que|imagina que|finge que|cree que|piensa que"
    r"|quand|depuis que|comme si|imagine que|croit que|pense que|lorsque"
    r"|quando|desde que|como se|se eu|finge que|acha que|da quando|come se|pensa che|crede che"
    r"|als ob|wenn|stell dir vor|er denkt|sie denkt|denkt)"
    r"|\b(?:he|she|they|mom|mum|dad|people|everyone) (?:said|told (?:him|her|them|you|people))"
    r"|\b(?:it|this) says)"
    r"(?: (?:that|i|me|im|is|was|were|que|qu|yo|eu|je|io|ich|ware|sei|hatte|tengo|a))*\s*$"
)
"""What before it makes it no statement about now: "explain it like I'm 12", "when I'm 15"."""

_NO_AGE = re.compile(
    r"[#$£€№]\s?\d+|\d+(?:\s?[.,:/x×*'’\"″-]\s?\d+)+|\d+\s?[%°+'\"″£€$](?!\w)|\d{5,}"  # noqa: RUF001
)
"""Figures that are no ages: 5'4, 7:30, 15-20, 10%, #12."""

_MAYBE = re.compile(
    rf"(?<!\d)(?:[3-9]|1\d|20[0-2]\d)(?!\d)|\b(?:{_WORDS}|{'|'.join(_ORDINALS)})\b|minor|underage"
    r"|under age|menor|mineur|minderj|school"
)
"""Without one of these nobody speaks of their age: most messages need not be looked at further."""

_Rule = tuple[list[re.Pattern[str]], Callable[[re.Match[str]], int]]


def _compiled(patterns: Iterable[str]) -> list[re.Pattern[str]]:
    return [re.compile(pattern) for pattern in patterns]


_RULES: list[_Rule] = [
    (_compiled(_STATED), lambda found: _number(found["n"])),
    (_compiled(_SOON_OF_AGE), lambda found: _number(found["soon"]) - 1),
    (
        _compiled([pattern.format(im=_IM, n=_GRADES) for pattern in _IN_SCHOOL]),
        lambda found: min(_grade(found["grade"]) + 6, ADULT - 1),
    ),
    (_compiled([rf"{_IM} in year (?P<n>[7-9]|1[01]){_END}"]), lambda found: int(found["n"]) + 5),
    (_compiled(_MINORS), lambda _: ADULT - 1),
]


def stated_age(text: str, *, year: int) -> int | None:
    """The age under 18 that somebody says they have; None when they say nothing of the kind.

    Of several the lowest. Somebody "in high school" or "a minor" counts as seventeen.

    Args:
        year: The present one, for who tells when they were born.
    """
    plain = clauses(_NO_AGE.sub(" some ", text[:LONGEST]))
    if not _MAYBE.search(plain):
        return None
    ages = [age for age in (*_ages(plain), *_born(plain, year)) if 3 <= age < ADULT]
    return min(ages, default=None)


def age_alone(text: str) -> int | None:
    """The age that a bare answer to "how old are you?" tells: "12", "tengo doce", "15 lol"."""
    plain = clauses(text[:LONGEST])
    bare = re.fullmatch(
        r"(?:\w+ ){0,2}?(?P<n>\d{1,2}|" + _WORDS + r")(?: (?:lol|years?|anos|ans|anni|jahre|"
        r"why|haha|y o|yo|old|\|))*(?: (?:lol|why|you|u|y tu|and|\|))*",
        plain,
    )
    if bare is None or _NO_AGE.search(text):
        return None
    age = _number(bare["n"])
    return age if 3 <= age < ADULT else None


def asks_for_age(text: str) -> bool:
    """Whether this, which we said, asks somebody how old they are."""
    return _ASKING.search(clauses(text[-LONGEST:])) is not None


_ASKING = re.compile(
    r"\bhow old (?:are|r) (?:you|u)\b|\bwhat age are you\b"
    r"|\b(?:whats|what is|tell me|may i ask|can i ask|share) your age\b"
    r"|\bcuantos anos (?:tienes|tiene usted)\b|\bque edad (?:tienes|tiene)\b"
    r"|\bquel age (?:as tu|avez vous)\b|\btu as quel age\b"
    r"|\bquantos anos (?:voce tem|tens|vc tem)\b"
    r"|\bqual (?:e )?(?:a )?(?:sua|tua) idade\b|\bquanti anni (?:hai|ha)\b"
    r"|\bwie alt (?:bist du|sind sie)\b"
)


def _ages(plain: str) -> Iterator[int]:
    for patterns, age_in in _RULES:
        for pattern in patterns:
            for found in pattern.finditer(plain):
                if _NOT_MEANT.search(plain[: found.start()].rpartition("|")[2]) is None:
                    yield age_in(found)


def _born(plain: str, year: int) -> Iterator[int]:
    for found in _BORN.finditer(plain):
        if found["de"] is not None or not found[0].startswith(_BORN_DE):
            yield year - int(found["year"])


def _number(written: str) -> int:
    return int(written) if written.isdigit() else _IN_WORDS[written]


def _grade(written: str) -> int:
    digits = re.match(r"\d+", written)
    return int(digits[0]) if digits else _ORDINALS[written]
