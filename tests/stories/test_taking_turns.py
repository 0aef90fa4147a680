"""One turn at a time in a conversation, many conversations at once, and nothing lost by a stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlmodel import Session, select

from memory.store import Store
from memory.tables import Bubble, BubbleState, Mailbox, Message, ToolCall, Turn
from phone.clock import utc
from tests.house import ANA, House, call, crash, gated, living, run, script
from tests.stories.test_intake import message


def all_taken(count: int) -> Callable[[Session], bool]:
    """Whether so many messages have come, and the turn under way has taken them all."""

    def work(session: Session) -> bool:
        messages = session.exec(select(Message)).all()
        return len(messages) == count and all(message.turn_id for message in messages)

    return work


def test_a_text_that_comes_while_the_agent_thinks_is_answered_with_the_first():
    played = gated("both")

    async def story(house: House) -> None:
        sent = await house.text("first")
        await played.is_thinking()
        await house.text("second")
        await house.until(all_taken(2))
        played.go_on()
        screen = await house.answered(sent.conversation_id)
        assert screen.bodies == ["both"]
        assert [words.split("]\n")[-1] for words in played.talk()] == ["first", "second"]

    run(story, played)


def test_twenty_texts_while_it_is_busy_are_all_read():
    played = gated("all of it", last_for_ever=True)

    async def story(house: House) -> None:
        sent = await house.text("text 0")
        await played.is_thinking()
        for number in range(1, 20):
            await house.text(f"text {number}")
        await house.stored(20)
        played.go_on()
        await house.settled(turns=1)
        assert (await house.screen(sent.conversation_id)).bodies
        read = " ".join(" ".join(played.asked(place)) for place in range(len(played.seen)))
        assert all(f"text {number}" in read for number in range(20))
        assert all(message.state == "settled" for message in await house.messages())

    run(story, played)


def test_what_arrives_out_of_order_is_read_in_the_order_it_was_written():
    played = gated("all three")

    async def story(house: House) -> None:
        await house.text("first")
        await played.is_thinking()
        await house.webhook_fault("reorder", seconds=60)
        await house.text("written before")
        await house.text("written after")
        await house.until(all_taken(3))
        played.go_on()
        await house.settled(turns=1)
        stored = [m.text for m in await house.messages()]
        assert stored == ["first", "written after", "written before"]
        asked = [words.split("]\n")[-1] for words in played.asked()]
        assert asked == ["first", "written before", "written after"]

    run(story, played)


def test_what_arrives_after_the_answer_to_a_later_text_is_told_as_late_and_answered_alone():
    played = script("Monday it is.", "Never mind Tuesday, then.")

    async def story(house: House) -> None:
        later = message("no, Monday", messageId="msg_2", receivedAt="2026-01-01T00:00:02Z")
        assert (await house.webhook(later)).status_code == 200
        await house.settled(turns=1)
        before = message("Tuesday?", messageId="msg_1", receivedAt="2026-01-01T00:00:01Z")
        assert (await house.webhook(before)).status_code == 200
        await house.settled(turns=2)
        assert [b.text for b in await house.bubbles()] == [
            "Monday it is.",
            "Never mind Tuesday, then.",
        ]
        [late] = played.asked()
        assert late.endswith("· came late, written before m1]\nTuesday?")
        said = [words.split("]\n")[-1] for words in played.talk()]
        assert said == ["no, Monday", "Monday it is.", "Tuesday?"]

    run(story, played)


def test_many_people_are_answered_at_once():
    people = [f"+1415555{number:04}" for number in range(100, 120)]
    played = gated(*["hello"] * len(people))

    async def story(house: House) -> None:
        sent = [await house.text("hi", from_handle=who) for who in people]
        await played.is_thinking(about=len(people))
        played.go_on()
        await house.settled(turns=len(people))
        for one in sent:
            assert (await house.screen(one.conversation_id)).bodies == ["hello"]

    run(story, played)


# A stop in the middle: what the next start makes of it.


def stopped_while_thinking(folder: Path) -> None:
    """Ana wrote "hi", and the harness stopped while the model thought about it."""

    async def play() -> None:
        thinking = gated("never said")

        async def story(house: House) -> None:
            await house.text("hi")
            await thinking.is_thinking()

        await crash(story, thinking.model, folder=folder)

    asyncio.run(play())


def set_the_scene(folder: Path, work: Callable[[Session, Turn], None]) -> None:
    """Change the database between two starts, at the turn that did not end."""

    def change(session: Session) -> None:
        work(session, session.exec(select(Turn).where(Turn.state == "running")).one())

    async def write() -> None:
        async with Store(f"sqlite:///{folder / 'phone.db'}") as store:
            await store.write(change)

    asyncio.run(write())


def left(session: Session, turn: Turn, text: str, state: BubbleState, **columns: Any) -> None:
    """A bubble that the stopped turn had got so far with."""
    mailbox = session.get_one(Mailbox, turn.mailbox_id)
    session.add(
        Bubble(
            id=f"bubble {mailbox.next_ref}",
            mailbox_id=turn.mailbox_id,
            turn_id=turn.id,
            position=mailbox.next_ref,
            ref=mailbox.next_ref,
            text=text,
            state=state,
            attempt=0 if state == BubbleState.PREPARED else 1,
            created_at=turn.started_at,
            expires_at=columns.pop("expires_at", utc(4_000_000_000)),
            **columns,
        )
    )
    mailbox.next_ref += 1
    session.add(mailbox)


async def conversation_with_ana(house: House) -> str:
    found = (await house.http.get("/handset/conversations")).json()["conversations"]
    return str(next(one["id"] for one in found if one["participant"] == ANA))


def test_a_text_whose_turn_was_cut_off_is_answered_once_after_the_next_start(tmp_path: Path):
    stopped_while_thinking(tmp_path)

    async def story(house: House) -> None:
        [turn] = await house.settled(turns=1)
        assert (turn.outcome, turn.attempts) == ("answered", 2)
        screen = await house.screen(await conversation_with_ana(house))
        assert screen.bodies == ["hello"]
        assert [m.outcome for m in await house.messages()] == ["answered"]

    run(story, script("hello"), folder=tmp_path)


def test_a_bubble_that_was_written_goes_out_after_the_next_start_and_no_model_is_asked(
    tmp_path: Path,
):
    stopped_while_thinking(tmp_path)

    def work(session: Session, turn: Turn) -> None:
        left(session, turn, "one", BubbleState.PREPARED)
        left(session, turn, "two", BubbleState.PREPARED)

    set_the_scene(tmp_path, work)

    async def story(house: House) -> None:
        [turn] = await house.settled(turns=1)
        assert (turn.outcome, turn.reason) == ("answered", "taken up after a stop")
        screen = await house.screen(await conversation_with_ana(house))
        assert screen.bodies == ["one", "two"]

    run(story, script(), folder=tmp_path)


def test_a_bubble_that_may_have_left_is_not_sent_again_nor_what_follows_it(tmp_path: Path):
    stopped_while_thinking(tmp_path)

    def work(session: Session, turn: Turn) -> None:
        long_ago = turn.started_at - timedelta(minutes=1)
        left(session, turn, "one", BubbleState.DISPATCHED, dispatched_at=long_ago)
        left(session, turn, "two", BubbleState.PREPARED)

    set_the_scene(tmp_path, work)
    played = script("Did you get it?")

    async def story(house: House) -> None:
        [turn] = await house.settled(turns=1)
        assert (turn.outcome, turn.reason) == ("answered", "taken up after a stop")
        assert [b.state for b in await house.bubbles()] == ["unconfirmed", "cancelled"]
        assert await house.calls("POST", "/v1/messages") == []
        await house.text("?")
        screen = await house.answered(await conversation_with_ana(house), turns=2)
        assert screen.bodies == ["Did you get it?"]
        assert "“one” may not have arrived" in played.context()

    run(story, played, folder=tmp_path)


def test_an_answer_that_had_arrived_is_not_given_again(tmp_path: Path):
    stopped_while_thinking(tmp_path)

    def work(session: Session, turn: Turn) -> None:
        left(session, turn, "one", BubbleState.CONFIRMED, message_id="msg_one")

    set_the_scene(tmp_path, work)

    async def story(house: House) -> None:
        [turn] = await house.settled(turns=1)
        assert turn.outcome == "answered"
        assert await house.calls("POST", "/v1/messages") == []

    run(story, script(), folder=tmp_path)


def test_a_bubble_whose_time_is_up_is_not_sent_late(tmp_path: Path):
    stopped_while_thinking(tmp_path)

    def work(session: Session, turn: Turn) -> None:
        left(session, turn, "one", BubbleState.PREPARED, expires_at=turn.started_at)

    set_the_scene(tmp_path, work)

    async def story(house: House) -> None:
        [turn] = await house.settled(turns=1)
        assert turn.outcome == "failed"
        assert [b.state for b in await house.bubbles()] == ["expired"]
        assert await house.calls("POST", "/v1/messages") == []

    run(story, script(), folder=tmp_path)


def test_texts_that_came_while_it_was_stopped_are_answered_with_the_cut_off_one(tmp_path: Path):
    stopped_while_thinking(tmp_path)

    async def story(house: House) -> None:
        await house.text("still there?")
        await house.settled(turns=1)
        screen = await house.screen(await conversation_with_ana(house))
        assert screen.bodies[0] == "hello"
        assert all(message.outcome == "answered" for message in await house.messages())

    run(story, script("hello", last_for_ever=True), folder=tmp_path)


def test_a_tool_that_was_running_at_the_stop_is_known_as_unknown(tmp_path: Path):
    played = gated([call("send", text="hello")])

    async def play() -> None:
        async def story(house: House) -> None:
            await house.fail("POST", "/v1/messages", delay=3600)
            await house.text("hi")
            await played.is_thinking()
            played.go_on()
            await house.until(lambda _: house.local.twin.faults.pending == [])

        await crash(story, played.model, folder=tmp_path)

    asyncio.run(play())

    async def story(house: House) -> None:
        [turn] = await house.settled(turns=1)
        assert turn.outcome == "answered"
        assert [row.state for row in await house.rows(ToolCall)] == ["unknown"]
        assert [b.state for b in await house.bubbles()] == ["unconfirmed"]
        assert await house.calls("POST", "/v1/messages") == []
        assert "nobody knows whether it arrived" in again.told()[0]

    again = script(call("end_turn", reason="said it"))
    run(story, again, folder=tmp_path)


def test_everything_said_before_is_still_known_after_a_restart(tmp_path: Path):
    run(_first_day, script(call("remember", fact="Likes tea"), "Noted!"), folder=tmp_path)
    played = script("Tea.")

    async def story(house: House) -> None:
        await house.text("what do I like?")
        await house.settled(turns=2)
        assert "What you remember: Likes tea" in played.context()
        said = [words.split("]\n")[-1] for words in played.talk()]
        assert said == ["I like tea", "Noted!", "what do I like?"]

    run(story, played, folder=tmp_path)


async def _first_day(house: House) -> None:
    await house.text("I like tea")
    await house.settled(turns=1)


def test_a_stop_lets_a_turn_under_way_settle(tmp_path: Path):
    async def play() -> None:
        thinking = gated("hello")

        async with living(thinking.model, folder=tmp_path) as house:
            await house.text("hi")
            await thinking.is_thinking()
            thinking.go_on()
        await _see_answered(tmp_path)

    asyncio.run(play())


async def _see_answered(folder: Path) -> None:
    def look(session: Session) -> tuple[list[str], list[str]]:
        bubbles = session.exec(select(Bubble)).all()
        messages = session.exec(select(Message)).all()
        return [b.state for b in bubbles], [str(m.outcome) for m in messages]

    async with Store(f"sqlite:///{folder / 'phone.db'}") as store:
        assert await store.read(look) == (["confirmed"], ["answered"])
