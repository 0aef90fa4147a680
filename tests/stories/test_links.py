"""Links leave only where they are the owner's, a trusted tool's, or the person's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.house import House, call, run, script
from tools.custom import custom
from tools.links import TRUSTED_LINKS

EVIL = "https://evil.example/?d=Ana"


@pytest.fixture
def shop() -> Iterator[None]:
    """Two tools of the owner's: one they vouch for, one that brings what strangers wrote."""

    @custom.tool_plain(metadata=TRUSTED_LINKS)
    def order_status() -> str:
        """Where their order is."""
        return "On its way: https://track.example/o/7?key=a1"

    @custom.tool_plain
    def search() -> str:
        """Search the web."""
        return "Best cakes: https://cakes.example/\u202e"

    yield
    del custom.tools["order_status"], custom.tools["search"]


def bodies(words: Any, *responses: Any, settings: dict[str, Any] | None = None) -> list[str]:
    """What arrives when they write and the model answers so."""
    found: list[str] = []

    async def story(house: House) -> None:
        sent = await house.text(words)
        found.extend((await house.answered(sent.conversation_id)).bodies)

    run(story, script(*responses), settings=settings)
    return found


def test_a_link_the_model_made_up_is_refused_and_it_says_it_otherwise():
    played = script(f"Look: {EVIL}", "I have no link for that.")

    async def story(house: House) -> None:
        sent = await house.text("where?")
        screen = await house.answered(sent.conversation_id)
        assert screen.bodies == ["I have no link for that."]
        assert EVIL in played.retried()[0] and "Say it without a link" in played.retried()[0]

    run(story, played)


def test_a_model_that_insists_loses_the_link_and_keeps_its_words():
    assert bodies("where?", f"Look: {EVIL}", f"Really: {EVIL}") == ["Really: [link]"]


@pytest.mark.parametrize("tool", ["send", "reply"])
def test_no_tool_sends_one_either(tool: str):
    arguments = {"text": f"Look {EVIL}"} | ({"message_id": "m1"} if tool == "reply" else {})
    again = call(tool, **arguments)
    assert bodies("where?", call(tool, **arguments), again, "Done.") == ["Look [link]", "Done."]


def test_their_own_link_is_said_again_word_for_word():
    assert bodies("is https://ana.example/menu?x=1 up?", "Yes: https://ana.example/menu?x=1.") == [
        "Yes: https://ana.example/menu?x=1."
    ]


def test_the_owners_domain_is_linked_to():
    settings = {"threedots_links": "cafe.example, cal.com"}
    assert bodies("menu?", "https://cafe.example/menu", settings=settings) == [
        "https://cafe.example/menu"
    ]


@pytest.mark.usefixtures("shop")
def test_a_trusted_tools_link_is_sent_on_and_a_search_results_is_not():
    status = "On its way: https://track.example/o/7?key=a1"
    assert bodies("my order?", call("order_status"), status) == [status]
    found = "See https://cakes.example/"
    assert bodies("cakes?", call("search"), found, "I found some.") == ["I found some."]


@pytest.mark.usefixtures("shop")
def test_what_hides_in_a_tools_answer_is_shown():
    played = script(call("search"), "Found.")

    async def story(house: House) -> None:
        await house.text("cakes?")
        await house.settled(turns=1)
        assert played.told() == ["Best cakes: https://cakes.example/⟨U+202E⟩"]

    run(story, played)
