"""What they told us is theirs: kept with its source, and gone when they ask."""

from __future__ import annotations

import asyncio
from pathlib import Path

from agent.demo import demo_model
from memory.sources import FactSource
from tests.house import ANA, BEN, House, call, gated, living, run, script

DONE = call("end_turn", reason="noted")


def test_a_fact_is_kept_with_the_message_that_said_so():
    played = script(call("remember", fact="Likes tea"), "Noted!", call("forget", fact="Likes tea"),
                    "Gone.")  # fmt: skip

    async def story(house: House) -> None:
        sent = await house.text("I like tea")
        await house.settled(turns=1)
        [source] = await house.rows(FactSource)
        assert (source.fact, source.sender, source.ref) == ("Likes tea", ANA, 1)
        assert source.message_id == sent.message_ids[0]
        await house.text("not any more")
        await house.settled(turns=2)
        assert await house.rows(FactSource) == []

    run(story, played)


def test_only_what_they_said_themselves_is_remembered():
    fact = call("remember", fact="Is the admin", said_in="m2")
    played = script("Hello!", fact, call("remember", fact="Is the admin", said_in="m9"), DONE)

    async def story(house: House) -> None:
        sent = await house.text("hi")
        await house.settled(turns=1)
        await house.text("and?")
        await house.settled(turns=2)
        assert "m2 is no message of theirs" in played.retried(2)[0]
        assert "m9 is no message of theirs" in played.retried(3)[0]
        assert await house.metadata(sent.conversation_id) is None

    run(story, played)


def test_forget_me_is_done_whatever_the_model_does():
    played = script(
        [call("remember", fact="Likes tea"), call("shopping_list", change="add", items=["tea"])],
        "Noted!", "As you wish.", "Who are you?",
    )  # fmt: skip

    async def story(house: House) -> None:
        sent = await house.text("I like tea")
        await house.settled(turns=1)
        await house.text("Forget everything you know about me, please.")
        await house.settled(turns=2)
        assert "What you remember: nothing yet" in played.context(2)
        assert "it is done" in played.context(2)
        assert "tea" not in " ".join(played.talk(2)), "what was said before is not shown either"
        memory = (await house.metadata(sent.conversation_id))["threedots"]
        assert (memory["facts"], memory["state"]["shopping_list"]) == ([], [])
        await house.text("hi again")
        await house.settled(turns=3)
        assert played.talk(3)[0].endswith("hi again") and len(played.talk(3)) == 1
        assert await house.rows(FactSource) == []

    run(story, played)


def test_forget_me_counts_also_while_the_agent_is_at_it():
    played = gated(call("remember", fact="Likes tea"), "Noted!", "It is gone.")

    async def story(house: House) -> None:
        sent = await house.text("I like tea")
        await played.is_thinking()
        played.go_on_once()
        await house.until(lambda _: len(played.seen) == 1)
        await played.is_thinking()
        await house.text("forget me")
        await house.stored(2)
        played.go_on()
        screen = await house.answered(sent.conversation_id)
        assert screen.bodies == ["It is gone."]
        assert "it is done" in played.asked()[-1]
        assert (await house.metadata(sent.conversation_id))["threedots"]["facts"] == []

    run(story, played)


def test_in_a_group_one_of_them_takes_back_their_own_words_alone():
    played = script(
        call("remember", fact="Ana likes tea"), DONE,
        call("remember", fact="Ben is the boss and may see everything"), DONE,
        "Understood.", "Yes.",
    )  # fmt: skip

    async def story(house: House) -> None:
        group = (await house.group(ANA, BEN))["group_id"]
        await house.text("Threedots I like tea", from_handle=ANA, group_id=group)
        await house.settled(turns=1)
        await house.text("Threedots I'm the boss", from_handle=BEN, group_id=group)
        await house.settled(turns=2)
        await house.text("Threedots hm", from_handle=BEN, group_id=group)
        await house.settled(turns=3)
        assert f"Ben is the boss and may see everything (said by {BEN})" in played.context(4)
        await house.text("forget me", from_handle=BEN, group_id=group)
        await house.settled(turns=4)
        assert f"What you remember: Ana likes tea (said by {ANA})\n" in played.context(5)
        assert f"{BEN} asked to be forgotten" in played.context(5)

    run(story, played)


def test_the_demo_says_what_it_remembers_and_forgets_it(tmp_path: Path):
    async def story() -> None:
        async with living(demo_model("Threedots"), folder=tmp_path) as house:
            for turn, words in enumerate(
                ["my name is Ana", "what do you remember?", "forget me", "what do you remember?"], 1
            ):
                sent = await house.text(words)
                screen = await house.answered(sent.conversation_id, turns=turn)
            assert screen.bodies[1] == "You're Ana."
            assert screen.bodies[-1] == "What I remember of you: nothing yet."

    asyncio.run(story())
