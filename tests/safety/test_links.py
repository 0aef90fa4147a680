"""Links out: only from the owner, a trusted tool, or the person's own words."""

from __future__ import annotations

import pytest

from safety.links import bare, links_in, strange, without


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("see https://example.com/a?b=c.", ["https://example.com/a?b=c"]),
        ("see http://user:pw@evil.example/x", ["http://user:pw@evil.example/x"]),
        ("go to evil.com now", ["evil.com"]),
        ("go to EVIL.COM, Evil.Com", ["EVIL.COM", "Evil.Com"]),
        ("HTTPS://Evil.Example/x and Evil.Co/x", ["HTTPS://Evil.Example/x", "Evil.Co/x"]),
        ("(www.evil.co.uk/path)", ["www.evil.co.uk/path"]),
        ("secret-data.evil.xyz, tap it", ["secret-data.evil.xyz"]),
        ("bücher.de and пример.com", ["bücher.de", "пример.com"]),
        ("evil。com/x", ["evil。com/x"]),
        ("at 203.0.113.9/steal and 203.0.113.9:8080", ["203.0.113.9/steal", "203.0.113.9:8080"]),
        ("myapp://open?x=1", ["myapp://open?x=1"]),
        ("sms:+19005550123&body=hi", ["sms:+19005550123&body=hi"]),
        ("https://en.wikipedia.org/wiki/Cup_(disc)", ["https://en.wikipedia.org/wiki/Cup_(disc)"]),
    ],
)
def test_a_link_is_seen_however_it_is_written(text: str, links: list[str]):
    assert links_in(text) == links


@pytest.mark.parametrize(
    "text",
    [
        "e.g. this, i.e. that, 3.5 km, v1.2.3.4, a.m. and p.m.",
        "Ph.D. Dr.No etc. node.js setup.exe",
        "write to ana@example.com",
        "Thanks.So nice.And you?",
        "half/half and/or 24/7 :// no",
        "",
    ],
)
def test_what_only_looks_like_one_is_left_as_words(text: str):
    assert links_in(text) == []


def test_one_link_has_several_spellings():
    assert bare("HTTPS://Example.com/") == bare("example.com") == "example.com"
    assert bare("https://example.com/A") != bare("https://example.com/a")
    assert bare("myapp://example.com") != bare("example.com")


def test_a_link_they_wrote_may_be_said_again_word_for_word():
    known = {bare("https://ana.example.com/menu")}
    assert strange("Is it ana.example.com/menu?", known=known, domains=[]) == []
    for other in ("https://ana.example.com/menu?d=secret", "https://ana.example.com/menu/x"):
        assert strange(other, known=known, domains=[]) == [other]


@pytest.mark.parametrize(
    "link", ["https://cafe.example/menu", "book.cafe.example.", "https://cafe.example/a#today"]
)
def test_the_owners_domain_may_be_linked_to(link: str):
    assert strange(f"Here: {link}", known=(), domains=["cafe.example"]) == []


@pytest.mark.parametrize(
    "link",
    [
        "https://cafe.example/menu?note=secret",
        "https://cafe.example.evil.com/",
        "https://notcafe.example/",
        "https://cafe.example@evil.com/",
        "https://cafe.example:pw@evil.com/",
        "https://evil.com/#cafe.example",
        "https://evil.com\\@cafe.example/",
        "ftp://cafe.example/x",
        "https://\u0441afe.example/",  # a Cyrillic letter
    ],
)
def test_what_only_looks_like_the_owners_domain_may_not(link: str):
    assert strange(link, known=(), domains=["cafe.example"]) == [link]


def test_a_star_lets_every_link_out():
    assert strange("https://evil.com", known=(), domains=["*"]) == []


def test_a_link_taken_out_leaves_the_words_around_it():
    text = "Look (https://evil.com/?q=1). And cafe.com, too."
    assert without(text, ["https://evil.com/?q=1"]) == "Look ([link]). And cafe.com, too."


def test_a_long_text_is_searched_quickly():
    assert links_in("a" * 20_000 + "." + "b-" * 10_000) == []
    assert links_in("a." * 10_000) == []
