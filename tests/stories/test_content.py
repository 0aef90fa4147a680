"""What the carriers filter leaves by no SMS: the model says it anew, a person may send it."""

from __future__ import annotations

from typing import Any

import pytest

from console.timeline import timeline
from tests.house import House, call, run, script

HOLDS = {"threedots_sms_content": "hold"}
BEER = "Two-for-one beers tonight!"
DRY = "Tonight we have music."


async def by_sms(house: House, words: str = "what's on tonight?") -> str:
    """Text our number for SMS; the conversation."""
    return (await house.text(words, to_number=await house.sms_number())).conversation_id


def test_an_sms_the_carriers_would_filter_is_held_and_the_model_says_it_anew():
    played = script(BEER, DRY)

    async def story(house: House) -> None:
        screen = await house.answered(await by_sms(house))
        assert screen.bodies == [DRY]
        assert "alcohol (“beers”)" in played.retried()[0]

    run(story, played, settings=HOLDS)


@pytest.mark.parametrize("said", [f"Sure. {BEER}", call("send", text=f"Sure. {BEER}")])
def test_a_model_that_insists_is_held_and_a_person_may_send_it(said: Any):
    last = [call("end_turn", reason="no words for it")] if not isinstance(said, str) else []
    played = script(BEER, BEER, said, *last)

    async def story(house: House) -> None:
        place = await by_sms(house)
        [turn] = await house.settled(turns=1)
        assert (turn.outcome, turn.reason) == ("failed", "not_sent: content")
        [bubble] = await house.bubbles()
        assert (bubble.state, bubble.code) == ("cancelled", "content")
        assert bubble.reason.startswith("The carriers filter it by SMS: alcohol.")
        assert (await house.screen(place)).bodies == []

    run(story, played, settings=HOLDS)


def test_on_imessage_it_leaves_and_the_record_warns():
    async def story(house: House) -> None:
        place = (await house.text("what's on?")).conversation_id
        assert (await house.answered(place)).bodies == [BEER]
        [record] = await house.records()
        titles = [entry.title for entry in timeline(record) if entry.kind == "bubble"]
        assert "; carriers filter this by SMS: alcohol" in titles[0]

    run(story, script(BEER), settings=HOLDS)


@pytest.mark.parametrize(("declared", "asked"), [("", 2), ("links, phone_numbers", 1)])
def test_a_link_leaves_by_sms_only_where_the_campaign_declares_links(declared: str, asked: int):
    menu = "https://cafe.example/menu, or 415-555-0199"
    played = script(*[menu, "On our site."][:asked])

    async def story(house: House) -> None:
        screen = await house.answered(await by_sms(house))
        assert screen.bodies == [menu if asked == 1 else "On our site."]
        [turn] = await house.settled(turns=1)
        assert ("No link may leave by SMS here" in turn.instructions) is (asked == 2)

    links = {"threedots_links": "cafe.example", "threedots_sms_campaign": declared}
    run(story, played, settings=HOLDS | links)


def test_static_words_leave_whatever_stands_in_them(tmp_path: Any):
    (tmp_path / "opted_out.md").write_text("No more of our free beers. See example.com")

    async def story(house: House) -> None:
        screen = await house.answered(await by_sms(house, "STOP"))
        assert screen.bodies == ["No more of our free beers. See example.com"]

    run(story, script(), settings=HOLDS | {"threedots_prompts_dir": tmp_path})


def test_at_home_it_is_only_said_in_the_record():
    async def story(house: House) -> None:
        screen = await house.answered(await by_sms(house))
        assert screen.bodies == [BEER]
        [record] = await house.records()
        assert [one.warnings for one in record.wire] == [["alcohol"]]

    run(story, script(BEER))
