"""A turn taken again: the same burst, from the same moment, under other prompts."""

from __future__ import annotations

from pathlib import Path

from tests.desk.branching import Branch, Desk, play
from tests.house import ANA, call, script
from tests.page.conftest import DOT


def test_a_turn_is_taken_again_under_other_prompts(tmp_path: Path):
    played = script(call("remember", fact="Has a dog"), "Noted.", "A poodle?", "Arr, a poodle!")
    own = tmp_path / "own"
    own.mkdir()
    (own / "instructions.md").write_text("You are a pirate called $name.")

    async def story(house: Desk) -> None:
        await house.text("I have a dog")
        await house.settled(turns=1)
        await house.text("guess its breed")
        turn = (await house.settled(turns=2))[1]
        body = {"turn_id": turn.id, "prompts_folder": str(own)}
        told = await house.ask("POST", "/desk/retries", body)
        assert told["before"]["turn_id"] == turn.id
        assert told["after"]["turn_id"] != turn.id
        assert [one["text"] for one in told["after"]["heard"]] == ["guess its breed"]
        assert "pirate" in told["after"]["instructions"]
        assert told["after"]["memory"]["before"]["facts"] == ["Has a dog"]
        bubbles = [act for act in told["after"]["wire"] if act["act"] == "bubble"]
        assert [one["text"] for one in bubbles] == ["Arr, a poodle!"]
        assert told["branch"]["kind"] == "retry"
        assert told["branch"]["turn_id"] == turn.id
        assert turn.id[:8] in told["branch"]["name"]
        bodies = await Branch(house, told["branch"]).bodies()
        assert bodies == ["I have a dog", "Noted.", "guess its breed", "Arr, a poodle!"]

    play(story, played, tmp_path)


def test_all_that_was_heard_is_sent_again_as_one_burst(tmp_path: Path):
    played = script("Hello.", "Two photos and a thread.", "The same again.")

    async def story(house: Desk) -> None:
        first = await house.text("hi")
        await house.settled(turns=1)
        hello = (await house.screen(first.conversation_id)).last["id"]
        urls = [await house.picture(DOT + bytes([n]), "image/png") for n in range(2)]
        await house.text("look", media_urls=urls, reply_to_message_id=hello)
        turn = (await house.settled(turns=2))[1]
        told = await house.ask("POST", "/desk/retries", {"turn_id": turn.id})
        keys = ("text", "media", "reply_to_message_id", "kind", "sender", "channel")
        before, after = (
            [[one[key] for key in keys if key != "media"] for one in told[side]["heard"]]
            for side in ("before", "after")
        )
        assert [one[0] for one in after] == ["", "look"]
        assert after == before
        assert len(told["after"]["heard"][1]["media"]) == 1
        screen = await Branch(house, told["branch"]).screen()
        assert [one["body"] for one in screen["messages"]] == [
            "hi",
            "Hello.",
            "",
            "look",
            "The same again.",
        ]

    play(story, played, tmp_path)


def test_a_turn_about_a_tapback_is_taken_again(tmp_path: Path):
    played = script("Shall I?", "Then I will.", "Then I shall.")

    async def story(house: Desk) -> None:
        sent = await house.text("book a table")
        await house.settled(turns=1)
        asked = (await house.screen(sent.conversation_id)).last["id"]
        await house.tap(asked, "like")
        turn = (await house.settled(turns=2))[1]
        told = await house.ask("POST", "/desk/retries", {"turn_id": turn.id})
        assert [one["kind"] for one in told["after"]["heard"]] == ["tapback"]
        screen = await Branch(house, told["branch"]).screen()
        bodies = [one["body"] for one in screen["messages"]]
        assert bodies == ["book a table", "Shall I?", "Then I shall."]
        assert screen["messages"][1]["reactions"] == [{"reaction": "like", "from_handle": ANA}]

    play(story, played, tmp_path)


def test_the_first_turn_of_all_is_taken_again(tmp_path: Path):
    played = script("One.", "Other.")

    async def story(house: Desk) -> None:
        await house.text("hi")
        turn = (await house.settled(turns=1))[0]
        told = await house.ask("POST", "/desk/retries", {"turn_id": turn.id[:10]})
        assert await Branch(house, told["branch"]).bodies() == ["hi", "Other."]
        assert told["after"]["parent_turn_id"] is None

    play(story, played, tmp_path)


def test_a_turn_nobody_knows_cannot_be_taken_again(tmp_path: Path):
    async def story(house: Desk) -> None:
        status, why = await house.refused("POST", "/desk/retries", {"turn_id": "none"})
        assert (status, why) == (404, "There is no record of a turn none here.")

    play(story, script(), tmp_path)
