"""Links in what we are about to send: whose they are decides whether they may leave.

A link the model made up can carry a conversation away, or lead a person astray, with one tap or
none at all: phones and servers fetch previews. So one leaves only where it stands word for word in
what the person wrote, in what the owner wrote, or in what a trusted tool brought; or where it leads
to a domain the owner named.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import regex

ANY = "*"
"""As a domain: every link may leave."""

LEFT_OUT = "[link]"
"""What stands where a link was taken out."""

_ENDINGS = regex.findall(
    r"\w+",
    "com net org edu gov info biz name mobi pro app dev page site online store shop tech cloud "
    "blog link click live life world news space website xyz top club vip fun icu work today group "
    "agency zip mov chat email events finance health help host money pay rocks run social support "
    "team tools travel video wiki zone "
    "ac ad ae ag ai am ar at au be bg bid bio br by ca cc cf ch ci cl cm cn co cr cx cy cz de dk "
    "do ec ee eg es eu fi fm fr ga ge gg gl gp gq gr gs gt hk hm hn hr hu id ie il im in io ir is "
    "it je jp ke kr kz la lc li lk lt lu lv ly ma md me mk ml mn ms mt mu mx my ng nl no nu nz pe "
    "ph pk pl ps pt pw py qa re ro rs ru sa sc se sg sh si sk sm so st su sx tc tel tk tl tn to "
    "tr tt tv tw ua ug uk us uy uz vc vn vu ws za ",
)
"""Ends of names that phones make a link of without `https://`. Others are left as words."""

_ENDING = "|".join(
    [
        f"(?i:{'|'.join(_ENDINGS)})(?=[:/?\\#])",
        *(end for end in _ENDINGS),
        *(end.upper() for end in _ENDINGS),
        *(end.capitalize() for end in _ENDINGS if len(end) > 2),  # "Thanks.So" lacks a space
    ]
)

_LINK = regex.compile(
    rf"""
    \b[a-zA-Z][a-zA-Z0-9+.-]{{1,20}}+://[^\s<>"]+               # https://…, app://…
    | \b(?i:sms|smsto|tel|facetime(?:-audio)?|mailto):[^\s<>"]+
    | (?<![@\p{{L}}\p{{N}}_.-])(?:[\p{{L}}\p{{N}}][\p{{L}}\p{{N}}_-]*+[.\u3002\uff0e\uff61])+
      (?:{_ENDING})(?![\p{{L}}\p{{N}}_@-]|\.[\p{{L}}\p{{N}}])
      (?::[0-9]{{1,5}})?(?:[/?\#][^\s<>"]*)?
    | (?<![\p{{L}}\p{{N}}_.-])[0-9]{{1,3}}(?:\.[0-9]{{1,3}}){{3}}(?::[0-9]{{1,5}}|/)[^\s<>"]*
    """,
    regex.VERSION1 | regex.VERBOSE,
)

_SCHEME = regex.compile(r"^([a-z][a-z0-9+.-]*)://", regex.IGNORECASE)

_AFTERWARDS = ".,;:!?…'\"”’»)]}*_"  # noqa: RUF001  (closing quotes)
"""Ends a sentence around a link rather than the link."""


def links_in(text: str) -> list[str]:
    """The links of a text, as they are written, in order."""
    return [text[start:end] for start, end in _spans(text)]


def bare(link: str) -> str:
    """What two ways of writing one link share: `https://Example.com/` and `example.com`."""
    scheme = _SCHEME.match(link)
    rest = link[scheme.end() :] if scheme else link
    host = regex.match(r"[^/?#]*", rest)
    authority = host.group() if host else ""
    for dot in "\u3002\uff0e\uff61":
        authority = authority.replace(dot, ".")
    same = (authority.lower() + rest[len(authority) :]).removesuffix("/")
    is_web = scheme is None or scheme[1].lower() in ("http", "https")
    return same if is_web else f"{scheme[1].lower()}://{same}" if scheme else same


def strange(text: str, *, known: Collection[str], domains: Sequence[str]) -> list[str]:
    """The links of this text that must not leave.

    Args:
        known: Links as `bare` writes them which stand in somebody's words that count.
        domains: What the owner named: a domain with all below it, or `*`.
    """
    if ANY in domains:
        return []
    return [
        link for link in links_in(text) if bare(link) not in known and not _is_of(link, domains)
    ]


def without(text: str, links: Collection[str]) -> str:
    """The text with these links taken out."""
    pieces, at = [], 0
    for start, end in _spans(text):
        if text[start:end] in links:
            pieces += [text[at:start], LEFT_OUT]
            at = end
    return "".join([*pieces, text[at:]])


def _spans(text: str) -> list[tuple[int, int]]:
    spans = []
    for found in _LINK.finditer(text):
        link = found.group().rstrip(_AFTERWARDS)
        if link.count("(") > link.count(")") and text[found.start() + len(link) :][:1] == ")":
            link += ")"  # a page about something (like this)
        spans.append((found.start(), found.start() + len(link)))
    return spans


def _is_of(link: str, domains: Sequence[str]) -> bool:
    """Whether it leads to one of these domains, and brings nothing along: no query, no user."""
    scheme = _SCHEME.match(link)
    if scheme and scheme[1].lower() not in ("http", "https"):
        return False
    whole = bare(link)
    host = regex.match(r"[a-z0-9.-]+(?=$|[/#])", whole)
    if host is None or "?" in whole or "@" in whole or "\\" in whole:
        return False
    names = [domain.lower().lstrip(".") for domain in domains]
    return any(host.group() == name or host.group().endswith(f".{name}") for name in names)
