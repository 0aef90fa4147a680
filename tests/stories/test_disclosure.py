"""People learn once, unasked, that an AI writes; and the truth whenever they ask."""

from __future__ import annotations

from memory.introductions import IntroductionTold
from phone.clock import HeldClock
from tests.house import ANA, BEN, House, call, run, script

TOLD = "(I'm Threedots, an AI assistant.)"
TOLD_BY_SMS = "I'm Threedots, an AI assistant. Reply HELP for help, STOP to opt out."
TRUTH = "I'm Threedots, an AI assistant, not a person."

ON = {"threedots_introduction": "on"}


def test_on_imessage_the_first_bubble_says_once_that_an_ai_writes():
    async def story(house: House) -> None:
        sent = await house.text("hi")
        await house.settled(turns=1)
        await house.text("and?")
        screen = await house.answered(sent.conversation_id, turns=2)
        assert screen.bodies == [f"Hello!\n\n{TOLD}", "And so on."]

    run(story, script("Hello!", "And so on."), settings=ON)


def test_by_sms_the_first_bubble_names_the_brand_and_how_to_stop():
    async def story(house: House) -> None:
        sms = await house.sms_number()
        sent = await house.text("hi", to_number=sms)
        await house.settled(turns=1)
        await house.text("and?", to_number=sms)
        screen = await house.answered(sent.conversation_id, turns=2)
        assert screen.bodies == [f"Hello!\n\n{TOLD_BY_SMS}", "And so on."]

    run(story, script("Hello!", "And so on."), settings=ON)


def test_it_holds_for_all_our_numbers_and_sms_still_needs_its_own_words():
    async def story(house: House) -> None:
        sms = await house.sms_number()
        await house.text("hi")
        await house.settled(turns=1)
        by_sms = await house.text("hi", to_number=sms)
        await house.settled(turns=2)
        again = await house.text("hi")
        await house.settled(turns=3)
        assert (await house.screen(by_sms.conversation_id)).bodies == [f"two\n\n{TOLD_BY_SMS}"]
        assert (await house.screen(again.conversation_id)).bodies == [f"one\n\n{TOLD}", "three"]

    run(story, script("one", "two", "three"), settings=ON)


def test_it_is_said_again_after_half_a_year():
    clock = HeldClock(1_800_000_000.0)

    async def story(house: House) -> None:
        sent = await house.text("hi")
        await house.settled(turns=1)
        clock.advance(181 * 86_400)
        await house.text("hi")
        screen = await house.answered(sent.conversation_id, turns=2)
        assert screen.bodies == [f"one\n\n{TOLD}", f"two\n\n{TOLD}"]

    run(story, script("one", "two"), settings=ON, clock=clock)


def test_a_bubble_that_was_refused_has_told_nobody():
    async def story(house: House) -> None:
        await house.fail("POST", "/v1/messages", status=400, code="BAD")
        sent = await house.text("hi")
        screen = await house.answered(sent.conversation_id)
        assert screen.bodies == [f"two\n\n{TOLD}"]
        assert len(await house.rows(IntroductionTold)) == 2

    run(story, script("one", "two"), settings=ON)


def test_it_goes_with_an_effect_and_a_picture_has_it_as_its_words():
    played = script(
        [call("send", text="Hurray!", send_style="confetti")], "Bye.", call("end_turn", reason="x")
    )

    async def story(house: House) -> None:
        sent = await house.text("I won!")
        await house.settled(turns=1)
        screen = await house.screen(sent.conversation_id)
        assert screen.bodies == [f"Hurray!\n\n{TOLD}", "Bye."]
        assert screen.outbound[0]["send_style"] == "confetti"
        await house.text("ok")
        await house.settled(turns=2)

    run(story, played, settings=ON)


def test_words_that_were_sent_already_are_not_repeated_for_the_sake_of_the_introduction():
    played = script([call("send", text="Hello there!")], "Hello there!")

    async def story(house: House) -> None:
        sent = await house.text("hi")
        assert (await house.answered(sent.conversation_id)).bodies == [f"Hello there!\n\n{TOLD}"]

    run(story, played, settings=ON)


def test_a_group_is_told_once():
    async def story(house: House) -> None:
        group = await house.group(ANA, BEN)
        for turn, who in enumerate((ANA, BEN), start=1):
            await house.text("Threedots?", from_handle=who, group_id=group["group_id"])
            await house.settled(turns=turn)
        screen = await house.screen(group["conversation_id"])
        assert screen.bodies == [f"one\n\n{TOLD}", "two"]

    run(story, script("one", "two"), settings=ON)


def test_the_static_words_about_consent_stand_alone():
    async def story(house: House) -> None:
        sent = await house.text("STOP")
        assert TOLD not in (await house.answered(sent.conversation_id)).bodies[0]

    run(story, script(), settings=ON)


def test_whoever_asks_gets_the_truth_whatever_the_model_says():
    async def story(house: House) -> None:
        texts = ["are you a real person?", "so you are a bot?", "¿eres un robot?", "are you human?"]
        for turn, text in enumerate(texts, start=1):
            sent = await house.text(text)
            await house.settled(turns=turn)
        assert (await house.screen(sent.conversation_id)).bodies == [
            f"{TRUTH}\n\nDinner is at eight.",
            "Yes, I'm an AI.",
            "Soy Threedots, un asistente de inteligencia artificial, no una persona.",
            TRUTH,
        ]

    played = script(
        "Of course I'm human! Dinner is at eight.",
        "Yes, I'm an AI.",
        "No soy un robot.",
        call("end_turn", reason="no need"),
    )
    run(story, played)


def test_a_denial_in_a_second_bubble_does_not_leave_either():
    played = script([call("send", text="I'm human.")], "Really, I'm a real person. Coming?")

    async def story(house: House) -> None:
        sent = await house.text("are you human?")
        assert (await house.answered(sent.conversation_id)).bodies == [TRUTH, "Coming?"]

    run(story, played)


def test_in_a_group_only_what_is_asked_of_us_counts():
    async def story(house: House) -> None:
        group = await house.group(ANA, BEN)
        await house.text("are you a bot? lol", from_handle=BEN, group_id=group["group_id"])
        await house.stored(1)
        await house.text("Threedots, dinner at 8?", from_handle=ANA, group_id=group["group_id"])
        screen = await house.answered(group["conversation_id"], turns=1)
        assert TRUTH not in " ".join(screen.bodies)
        await house.text("Threedots, are you human?", from_handle=BEN, group_id=group["group_id"])
        screen = await house.answered(group["conversation_id"], turns=len(screen.bodies) + 1)
        assert screen.bodies[-1].startswith(TRUTH)

    run(story, script("Fine.", "Ha!"))
