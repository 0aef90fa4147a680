"""The picture behind a conversation: put there, found there already, taken away."""

from __future__ import annotations

from phone.clock import HeldClock
from tests.house import House, call, run, script


def test_a_background_is_set_and_seen():
    played = script(call("set_background", media="dusk"), call("end_turn", reason="it shows"))

    async def story(house: House) -> None:
        sent = await house.text("something warm behind us please")
        [turn] = await house.settled(turns=1)
        background = (await house.screen(sent.conversation_id)).data["background"]
        assert "dusk.jpg" in str(background)
        assert played.told() == ["dusk is the background now."]
        assert (turn.outcome, turn.reason) == ("reacted", "it shows")

    run(story, played)


def test_the_same_background_again_is_said_to_have_been_there():
    again = call("set_background", media="dusk")
    played = script(again, "There.", again, "It was there already.")

    async def story(house: House) -> None:
        sent = await house.text("dusk please")
        await house.settled(turns=1)
        await house.text("dusk please")
        screen = await house.answered(sent.conversation_id, turns=2)
        assert played.told() == ["dusk was the background already."]
        assert "dusk.jpg" in str(screen.data["background"])

    run(story, played)


def test_a_background_is_taken_away():
    played = script(
        call("set_background", media="dusk"), "There.", call("remove_background"), "Gone."
    )

    async def story(house: House) -> None:
        sent = await house.text("dusk please")
        await house.settled(turns=1)
        await house.text("no more of it")
        screen = await house.answered(sent.conversation_id, turns=2)
        assert screen.data["background"] is None
        assert played.told() == ["The background is gone."]

    run(story, played)


def test_a_background_that_is_refused_is_told():
    played = script(call("set_background", media="dusk"), "It did not work.")

    async def story(house: House) -> None:
        await house.fail("POST", "/v1/conversations/*/background", status=500)
        sent = await house.text("dusk please")
        screen = await house.answered(sent.conversation_id)
        assert "The background was not set" in played.told()[0]
        assert screen.data["background"] is None
        assert len(await house.calls("POST", "/background")) == 1

    run(story, played)


def test_a_tapback_and_a_background_that_hang_are_given_up():
    played = script([call("react", tapback="love"), call("set_background", media="dusk")], "There.")

    async def story(house: House) -> None:
        hang = {"method": "POST", "delay": 3600}
        await house.faults(
            {"path": "/v1/messages/*/reactions", **hang},
            {"path": "/v1/conversations/*/background", **hang},
        )
        sent = await house.text("dusk please")
        screen = await house.answered(sent.conversation_id)
        assert screen.bodies == ["There."]
        tapped, set_behind = played.told()
        assert "No tapback on m1" in tapped and "The background was not set" in set_behind

    run(story, played, clock=HeldClock())
