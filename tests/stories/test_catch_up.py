"""Catching up: what was written while nobody listened is answered, or at least known."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlmodel import Session, select

from memory.tables import Consent, Event, Message, Turn
from phone.clock import HeldClock
from tests.house import ANA, BEN, PATIENCE, House, Script, Story, run, script

MINUTE = 60.0


def unheard(folder: Path, story: Story, *, minutes_ago: float = 0.0) -> None:
    """Play a story of which not a single webhook arrives."""

    async def play(house: House) -> None:
        await house.webhook_fault("drop", times=10_000)
        await story(house)

    clock = HeldClock(time.time() - minutes_ago * MINUTE) if minutes_ago else None
    run(play, script(), folder=folder, clock=clock)


def heard(folder: Path, *texts: str, minutes_ago: float) -> None:
    """Ana's texts, each answered with the same word, so that we have met."""

    async def play(house: House) -> None:
        for turn, text in enumerate(texts, start=1):
            await house.text(text)
            await passing(house, turns=turn)

    clock = HeldClock(time.time() - minutes_ago * MINUTE)
    run(play, script(*("ok" for _ in texts)), folder=folder, clock=clock)


async def passing(house: House, *, turns: int) -> None:
    """Let the held clock run, quicker than the machine's, until so many turns are settled."""
    async with asyncio.timeout(PATIENCE):
        while sum(turn.state == "settled" for turn in await house.rows(Turn)) < turns:
            await house.pass_time(0.5)


async def conversation_of(house: House, participant: str = ANA) -> str:
    found = (await house.http.get("/handset/conversations")).json()["conversations"]
    return str(next(one["id"] for one in found if one["participant"] == participant))


async def texts_of(house: House) -> list[tuple[str, str | None]]:
    return [(m.text, m.outcome) for m in await house.messages() if m.direction == "inbound"]


async def answered(house: House, *, turns: int, participant: str = ANA) -> list[str]:
    await house.settled(turns=turns)
    return (await house.screen(await conversation_of(house, participant))).bodies


def test_a_text_written_while_we_were_away_is_answered_at_the_next_start(tmp_path: Path):
    async def away(house: House) -> None:
        await house.text("anybody there?")

    async def back(house: House) -> None:
        assert await answered(house, turns=1) == ["I am."]
        [event] = await house.rows(Event)
        assert (event.event, event.why) == ("catch_up", None)

    unheard(tmp_path, away)
    played = script("I am.")
    run(back, played, folder=tmp_path)
    assert played.asked()[-1].endswith("\nanybody there?")


def test_several_texts_of_one_person_are_one_turn_in_the_order_they_were_written(tmp_path: Path):
    async def away(house: House) -> None:
        for text in ("one", "two", "three"):
            await house.text(text)

    async def back(house: House) -> None:
        assert await answered(house, turns=1) == ["got it"]
        assert [text for text, _ in await texts_of(house)] == ["one", "two", "three"]

    unheard(tmp_path, away)
    run(back, script("got it"), folder=tmp_path)


def test_what_is_older_than_fifteen_minutes_is_not_answered_and_yet_known(tmp_path: Path):
    async def away(house: House) -> None:
        await house.text("is lunch at one?")

    async def back(house: House) -> None:
        assert ("is lunch at one?", "dropped(stale)") in await texts_of(house)
        await house.text("too late now")
        assert (await answered(house, turns=2))[-1] == "Sorry!"

    heard(tmp_path, "hi", minutes_ago=30)
    unheard(tmp_path, away, minutes_ago=20)
    played = script("Sorry!")
    run(back_after_catching_up(back), played, folder=tmp_path)
    assert [words.split("\n")[-1] for words in played.talk()] == [
        "hi",
        "ok",
        "is lunch at one?",
        "too late now",
    ]


def back_after_catching_up(story: Story) -> Story:
    """The story, from when what was missed has been read."""

    async def play(house: House) -> None:
        await house.until(_caught_up)
        await story(house)

    return play


def _caught_up(session: Session) -> bool:
    return session.exec(select(Event.id).where(Event.event == "catch_up")).first() is not None


def _has_heard(text: str) -> Callable[[Session], Any]:
    return lambda session: session.exec(select(Message.id).where(Message.text == text)).first()


def test_what_somebody_else_has_answered_is_not_answered_again(tmp_path: Path):
    async def away(house: House) -> None:
        await house.text("what time?")
        number = (await house.line())["numbers"][0]["phone_number"]
        body = {"from_number": number, "to_number": ANA, "body": "At six, says Kim."}
        await house.api("POST", "messages", body)

    async def back(house: House) -> None:
        assert await texts_of(house) == [("what time?", "dropped(answered_elsewhere)")]
        await house.text("thanks!")
        assert await answered(house, turns=1) == ["At six, says Kim.", "Welcome."]

    unheard(tmp_path, away)
    played = script("Welcome.")
    run(back_after_catching_up(back), played, folder=tmp_path)
    assert any("At six, says Kim." in words for words in played.talk())


def test_a_stop_that_was_missed_is_obeyed_however_old_it_is(tmp_path: Path):
    async def away(house: House) -> None:
        await house.text("STOP")

    async def back(house: House) -> None:
        [entry] = await house.rows(Consent)
        assert entry.opted_out
        await house.text("one more thing")
        await house.until(_has_heard("one more thing"))
        outcomes = [outcome for _, outcome in await texts_of(house)]
        assert outcomes == ["answered", "dropped(stale)", "dropped(opted_out)"]

    heard(tmp_path, "hi", minutes_ago=30)
    unheard(tmp_path, away, minutes_ago=20)
    run(back_after_catching_up(back), script(), folder=tmp_path)


def test_missed_consent_words_count_in_the_order_they_were_said_anywhere(tmp_path: Path):
    async def away(house: House) -> None:
        await house.text("STOP")
        await house.text("START", to_number=await house.sms_number())

    async def back(house: House) -> None:
        entries = sorted(await house.rows(Consent), key=lambda entry: entry.id)
        assert [entry.opted_out for entry in entries] == [True, False]

    heard(tmp_path, "hi", minutes_ago=30)
    unheard(tmp_path, away, minutes_ago=20)
    run(back_after_catching_up(back), script(), folder=tmp_path)


def test_a_missed_text_in_a_group_is_answered_in_the_group(tmp_path: Path):
    async def away(house: House) -> None:
        group = await house.group(ANA, BEN, name="Hikers")
        await house.text("Threedots, where do we meet?", group_id=group["group_id"])

    async def back(house: House) -> None:
        await house.settled(turns=1)
        [message] = await house.messages()
        assert (message.sender, message.outcome) == (ANA, "answered")
        conversations = (await house.http.get("/handset/conversations")).json()["conversations"]
        [group] = [one for one in conversations if one["is_group"]]
        assert (await house.screen(group["id"])).bodies == ["At the hut."]

    unheard(tmp_path, away)
    played = script("At the hut.")
    run(back, played, folder=tmp_path)
    assert "Hikers" in played.context()


def test_the_webhook_that_comes_after_all_is_a_duplicate(tmp_path: Path):
    async def away(house: House) -> None:
        await house.text("hello?")

    async def back(house: House) -> None:
        await house.settled(turns=1)
        [message] = await house.messages()
        data = {
            "messageId": message.message_id,
            "conversationId": await conversation_of(house),
            "from": ANA,
            "to": (await house.line())["numbers"][0]["phone_number"],
            "message": "hello?",
            "direction": "inbound",
            "receivedAt": message.received_at.isoformat(),
        }
        body = {"event": "agent.message", "channel": "imessage", "timestamp": "x", "data": data}
        assert (await house.webhook(body)).status_code == 200
        assert len(await house.messages()) == 1
        assert len(await house.settled(turns=1)) == 1

    unheard(tmp_path, away)
    run(back, script("Hi."), folder=tmp_path)


def test_what_a_webhook_without_ids_brought_is_not_taken_for_missed(tmp_path: Path):
    async def before(house: House) -> None:
        await house.switch(profile="2025")
        for turn, text in enumerate(["hi", "me again"], start=1):
            await house.text(text)
            await house.settled(turns=turn)

    async def away(house: House) -> None:
        await house.text("still there?")

    async def back(house: House) -> None:
        assert (await answered(house, turns=3))[-1] == "Yes."
        heard = [text for text, outcome in await texts_of(house) if outcome == "answered"]
        assert heard == ["hi", "me again", "still there?"]

    run(before, script("hello", "hello again"), folder=tmp_path)
    unheard(tmp_path, away)
    run(back, script("Yes."), folder=tmp_path)


def test_a_first_start_reads_nothing_of_the_years_before(tmp_path: Path):
    async def away(house: House) -> None:
        await house.text("who is this?")

    async def back(house: House) -> None:
        sent = await house.text("hello", from_handle=BEN)
        await house.settled(turns=1)
        assert (await house.screen(sent.conversation_id)).bodies == ["Hi Ben."]
        assert await house.calls("GET", "/v1/conversations"), "the list has been looked at"
        assert await house.calls("GET", f"{await conversation_of(house)}/messages") == []

    unheard(tmp_path, away, minutes_ago=60 * 24)
    run(back, script("Hi Ben."), folder=tmp_path)


def test_more_than_a_page_is_read_and_texts_of_the_same_moment_are_all_there(tmp_path: Path):
    count = 430

    async def away(house: House) -> None:
        assert isinstance(house.clock, HeldClock)
        for number in range(count):
            await house.text(f"text {number}")
            if number % 3 == 0:
                house.clock.advance(0.5)

    async def back(house: House) -> None:
        await house.stored(count + 1)
        kept = [text for text, _ in await texts_of(house)]
        assert len(kept) == len(set(kept)) == count + 1

    heard(tmp_path, "hi", minutes_ago=40)
    unheard(tmp_path, away, minutes_ago=30)
    run(back, script(), folder=tmp_path)


def test_a_webhook_that_was_given_up_is_noticed_within_a_minute(tmp_path: Path):
    async def story(house: House) -> None:
        await house.text("hi")
        await passing(house, turns=1)
        await house.webhook_fault("drop")
        await house.text("did you get this?")
        await passing(house, turns=2)
        assert (await house.screen(await conversation_of(house))).bodies == ["hello", "I did."]

    run(story, script("hello", "I did."), clock=HeldClock(), folder=tmp_path)


def test_what_was_written_while_this_process_stood_still_is_read_back(tmp_path: Path):
    async def story(house: House) -> None:
        assert isinstance(house.clock, HeldClock)
        await house.text("hi")
        await passing(house, turns=1)
        await house.webhook_fault("delay", seconds=3600)
        await house.text("are you asleep?")
        house.clock.advance(300)
        await passing(house, turns=2)
        house.clock.advance(3600)
        deliveries = await house.happened("webhook_delivery", times=2)
        assert [one["status"] for one in deliveries] == [200, 200], "and then it comes, in vain"
        assert len(await house.messages()) == 2
        assert (await house.screen(await conversation_of(house))).bodies == ["hello", "No."]

    run(story, script("hello", "No."), clock=HeldClock(), folder=tmp_path)


def test_a_conversation_that_cannot_be_read_now_is_read_later(tmp_path: Path):
    async def away(house: House) -> None:
        await house.text("hello?")

    async def back(house: House) -> None:
        path = f"/v1/conversations/{await conversation_of(house)}/messages"
        await house.fail("GET", path, status=500, times=4)
        await passing(house, turns=1)
        assert (await house.screen(await conversation_of(house))).bodies == ["Hi."]

    unheard(tmp_path, away, minutes_ago=1)
    played: Script = script("Hi.")
    run(back, played, folder=tmp_path, clock=HeldClock(time.time()))


def test_a_text_whose_webhook_was_lost_before_we_ever_met_is_answered_with_the_next_one():
    played = script("Both.")

    async def story(house: House) -> None:
        await house.webhook_fault("drop")
        await house.text("is there tea?")
        sent = await house.text("and cake?")
        screen = await house.answered(sent.conversation_id)
        assert screen.bodies == ["Both."]
        assert [text for text, _ in await texts_of(house)] == ["and cake?", "is there tea?"]
        assert {outcome for _, outcome in await texts_of(house)} == {"answered"}

    run(story, played)
    assert [words.splitlines()[-1] for words in played.asked()] == ["is there tea?", "and cake?"]


def test_a_stop_whose_webhook_was_lost_before_we_ever_met_is_obeyed():
    async def story(house: House) -> None:
        await house.webhook_fault("drop")
        await house.text("STOP")
        sent = await house.text("hello?")
        screen = await house.answered(sent.conversation_id)
        assert [consent.opted_out for consent in await house.rows(Consent)] == [True]
        assert not any("hello" in body.lower() for body in screen.bodies)

    run(story, script())
