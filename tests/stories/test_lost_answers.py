"""After a lost answer: a bubble is looked for, confirmed or left open, and never repeated."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, select

from memory.consents import record_consent
from memory.resending import NotResendable, send_again
from memory.store import Store
from memory.tables import Bubble, BubbleState, Mailbox, Turn
from phone.clock import HeldClock, utc
from tests.house import ANA, BEN, KIM, House, call, crash, gated, run, script

SEND = "/v1/messages"
HISTORY = "/v1/conversations/*/messages"
LONG = "\n\n".join(f"{f'This is thought {n}. ' * 14}".strip() for n in "abc")
LOST = {"method": "POST", "path": SEND, "status": 500, "after_effect": True}
NEVER_SENT = {"method": "POST", "path": SEND, "status": 500}
FINE = {"method": "POST", "path": SEND, "delay": 0.0, "undelivered": None}
UNREADABLE = {"method": "GET", "path": HISTORY, "status": 503, "times": 1000}


async def is_lost(house: House, *, count: int = 1) -> None:
    """Wait until so many answers were lost and nothing is known of their bubbles yet."""
    lost = select(Bubble.id).where(Bubble.state == "unconfirmed")
    await house.until(lambda session: len(session.exec(lost).all()) >= count)


async def states(house: House) -> list[str]:
    return [bubble.state for bubble in await house.bubbles()]


async def turns_of_clock(house: House, *, turns: int = 1) -> None:
    await house.pass_time_until_settled(turns=turns, at_most=80)


async def line_number(house: House) -> str:
    numbers = (await house.line())["numbers"]
    return str(next(n["phone_number"] for n in numbers if n["type"] == "imessage"))


async def from_the_dashboard(house: House, text: str) -> None:
    """Somebody else with a key texts Ana from our number."""
    message = {"from_number": await line_number(house), "to_number": ANA, "body": text}
    await house.api("POST", "messages", message)


def test_what_went_out_is_found_and_the_rest_of_the_turn_goes_on():
    played = script(call("send", text=LONG), call("end_turn", reason="said"))

    async def story(house: House) -> None:
        await house.faults(FINE, LOST)
        sent = await house.text("tell me everything")
        await is_lost(house)
        assert await states(house) == ["confirmed", "unconfirmed", "prepared"]
        await turns_of_clock(house)
        assert await states(house) == ["confirmed", "confirmed_late", "confirmed"]
        screen = await house.screen(sent.conversation_id)
        assert screen.bodies == LONG.split("\n\n")
        assert [b.message_id for b in await house.bubbles()] == [m["id"] for m in screen.outbound]
        assert "m3 sent by imessage." in played.told()[0]
        assert len(await house.calls("POST", SEND)) == 3

    run(story, played, clock=HeldClock())


def test_a_second_after_the_loss_it_is_known_that_it_went_out():
    async def story(house: House) -> None:
        await house.faults(LOST)
        await house.text("hi")
        await is_lost(house)
        assert isinstance(house.clock, HeldClock)
        house.clock.advance(1.0)
        await house.settled(turns=1)
        assert await states(house) == ["confirmed_late"]

    run(story, script("hello"), clock=HeldClock())


def test_an_empty_history_proves_nothing_and_after_30_seconds_the_next_turn_is_free():
    played = script("hello", "Did it arrive?")

    async def story(house: House) -> None:
        await house.faults(NEVER_SENT)
        sent = await house.text("hi")
        await is_lost(house)
        await house.text("are you there?")
        await house.pass_time(27, step=2.5)
        assert len(await house.calls("POST", SEND)) == 1
        await turns_of_clock(house, turns=2)
        assert await states(house) == ["unconfirmed", "confirmed"]
        assert (await house.screen(sent.conversation_id)).bodies == ["Did it arrive?"]
        reads = await house.calls("GET", f"{sent.conversation_id}/messages")
        assert len(reads) >= 5

    run(story, played, clock=HeldClock())


def test_a_carousel_is_known_by_its_pictures():
    pictures = ["dusk", "ocean"]
    played = script(call("send", media=pictures), call("end_turn", reason="shown"))

    async def story(house: House) -> None:
        await house.faults(LOST)
        sent = await house.text("show me")
        await is_lost(house)
        await turns_of_clock(house)
        [bubble] = await house.bubbles()
        screen = await house.screen(sent.conversation_id)
        assert (bubble.state, bubble.message_id) == ("confirmed_late", screen.outbound[0]["id"])

    run(story, played, clock=HeldClock())


def test_a_found_message_that_could_not_be_delivered_was_not_sent():
    played = script(call("send", text="hello"), call("end_turn", reason="told"))

    async def story(house: House) -> None:
        await house.faults({**LOST, "undelivered": "The recipient cannot be reached."})
        await house.text("hi")
        await is_lost(house)
        await turns_of_clock(house)
        [bubble] = await house.bubbles()
        assert (bubble.state, bubble.code) == ("rejected", "undelivered")
        assert "NOT sent (undelivered): The recipient cannot be reached." in played.told()[0]

    run(story, played, clock=HeldClock())


def test_what_agentphone_took_and_could_not_deliver_is_told_in_the_next_turn_and_once():
    played = script("hello", "I tried.", "Still here.")

    async def story(house: House) -> None:
        await house.fail("POST", SEND, undelivered="The recipient cannot be reached.")
        sent = await house.text("hi")
        await house.settled(turns=1)
        await house.pass_time(5)
        await house.text("well?")
        await house.settled(turns=2)
        news = "m2 “hello” was not delivered: The recipient cannot be reached."
        assert news in played.context()
        first, _ = await house.bubbles()
        assert (first.state, first.delivery) == ("confirmed", "failed")
        await house.pass_time(5)
        await house.text("and?")
        await house.answered(sent.conversation_id, turns=3)
        assert "was not delivered" not in played.context()
        assert len(await house.calls("POST", SEND)) == 3

    run(story, played, clock=HeldClock())


def test_the_same_words_from_the_dashboard_are_not_taken_for_ours():
    played = script("hi there", "hello")

    async def story(house: House) -> None:
        await house.text("hi")
        await house.settled(turns=1)
        await from_the_dashboard(house, "hello")
        await house.pass_time(2.5)
        await house.faults(NEVER_SENT)
        await house.text("anybody?")
        await is_lost(house)
        await turns_of_clock(house, turns=2)
        assert await states(house) == ["confirmed", "unconfirmed"]

    # With hours of silence after a person's words it would not have answered at all.
    run(story, played, clock=HeldClock(), settings={"threedots_elsewhere_hours": 0})


def test_a_history_that_can_be_read_only_later_confirms_later_and_the_agent_is_told():
    played = script("hello", "I know.")

    async def story(house: House) -> None:
        await house.faults(LOST, UNREADABLE)
        await house.text("hi")
        await is_lost(house)
        await turns_of_clock(house)
        assert await states(house) == ["unconfirmed"]
        await house.faults()
        await house.pass_time(100)
        assert await states(house) == ["confirmed_late"]
        await house.text("?")
        await house.settled(turns=2)
        assert "m2 “hello” arrived after all" in played.context()
        assert len(await house.calls("POST", SEND)) == 2

    run(story, played, clock=HeldClock())


def test_a_copy_of_our_own_message_confirms_it():
    async def story(house: House) -> None:
        await house.faults(LOST, UNREADABLE)
        sent = await house.text("hi")
        await is_lost(house)
        await turns_of_clock(house)
        message = (await house.screen(sent.conversation_id)).last
        number = await line_number(house)
        data = {
            "conversationId": sent.conversation_id, "messageId": message["id"],
            "from": number, "to": ANA, "message": "hello", "direction": "outbound",
            "receivedAt": message["sent_at"],
        }  # fmt: skip
        copy = {"event": "agent.message", "channel": "imessage", "data": data}
        assert (await house.webhook(copy)).status_code == 200
        assert await states(house) == ["confirmed_late"]
        assert (await house.settled(turns=1))[0].outcome == "answered"

    run(story, script("hello"), clock=HeldClock())


def test_after_a_day_without_a_trace_it_is_unresolved():
    async def story(house: House) -> None:
        await house.faults(NEVER_SENT)
        await house.text("hi")
        await is_lost(house)
        await turns_of_clock(house)
        assert isinstance(house.clock, HeldClock)
        house.clock.advance(86_400)
        await house.until(lambda s: s.exec(select(Bubble.state)).one() == "unresolved")
        assert len(await house.calls("POST", SEND)) == 1

    run(story, script("hello"), clock=HeldClock())


def test_three_lost_answers_stop_sending_for_everybody_but_one_probe_at_a_time():
    played = script("one", "two", "three", "four", "five")

    async def story(house: House) -> None:
        await house.faults({**NEVER_SENT, "times": 4})
        for place, handle in enumerate([ANA, BEN, KIM], 1):
            await house.text("hi", from_handle=handle)
            await is_lost(house, count=place)
        ready = await house.http.get("/readyz")
        assert ready.status_code == 503
        assert "unanswered" in ready.json()["sending"]
        for handle in ("+14155550125", "+14155550126"):
            await house.text("hi", from_handle=handle)
        prepared = select(Bubble.id).where(Bubble.state == "prepared")
        await house.until(lambda s: len(s.exec(prepared).all()) == 2)
        await house.pass_time(25)
        assert len(await house.calls("POST", SEND)) == 3
        await house.pass_time(20)
        assert len(await house.calls("POST", SEND)) == 4
        await house.pass_time(40)
        await turns_of_clock(house, turns=5)
        assert sorted(await states(house)) == ["confirmed"] + ["unconfirmed"] * 4
        assert len(await house.calls("POST", SEND)) == 5
        assert (await house.http.get("/readyz")).json()["sending"] is None

    run(story, played, clock=HeldClock())


def test_while_the_key_is_wrong_one_bubble_tries_and_not_each():
    played = script("one", "two", "three")

    async def story(house: House) -> None:
        await house.fail("POST", SEND, status=401, code="UNAUTHORIZED", times=1000)
        for handle in (ANA, BEN, KIM):
            await house.text("hi", from_handle=handle)
        prepared = select(Bubble.id).where(Bubble.state == "prepared")
        await house.until(lambda s: len(s.exec(prepared).all()) == 3)
        await house.pass_time(60)
        first_tries, probes = 3, 4  # each on its own would have tried fifteen times
        assert 3 <= len(await house.calls("POST", SEND)) <= first_tries + probes
        await house.faults()
        await turns_of_clock(house, turns=3)
        assert await states(house) == ["confirmed"] * 3

    run(story, played, clock=HeldClock())


def on_the_way(session: Session, text: str, state: BubbleState) -> None:
    """A bubble with which a stopped turn had got so far."""
    turn = session.exec(select(Turn).where(Turn.state == "running")).one()
    mailbox = session.get_one(Mailbox, turn.mailbox_id)
    session.add(
        Bubble(
            id=f"bubble {text}", mailbox_id=turn.mailbox_id, turn_id=turn.id,
            position=mailbox.next_ref, ref=mailbox.next_ref, text=text, state=state,
            attempt=0 if state == BubbleState.PREPARED else 1,
            created_at=turn.started_at, expires_at=utc(4_000_000_000),
            dispatched_at=turn.started_at if state == BubbleState.DISPATCHED else None,
        )
    )  # fmt: skip
    mailbox.next_ref += 1
    session.add(mailbox)


def test_a_bubble_cut_off_by_a_crash_is_looked_for_before_the_rest_is_decided(tmp_path: Path):
    thinking = gated("never said")

    async def first_life(house: House) -> None:
        await house.text("tell me everything")
        await thinking.is_thinking()
        await from_the_dashboard(house, "one")  # stands in for the send that the crash cut off

    asyncio.run(crash(first_life, thinking.model, folder=tmp_path))

    def change(session: Session) -> None:
        on_the_way(session, "one", BubbleState.DISPATCHED)
        on_the_way(session, "two", BubbleState.PREPARED)

    write(tmp_path, change)

    async def second_life(house: House) -> None:
        [turn] = await house.settled(turns=1)
        assert (turn.outcome, turn.reason) == ("answered", "taken up after a stop")
        assert await states(house) == ["confirmed_late", "confirmed"]
        sends = await house.calls("POST", SEND)
        assert [send["body"]["body"] for send in sends][-1] == "two"
        assert len([send for send in sends if send["body"]["body"] == "one"]) <= 1

    run(second_life, script(), folder=tmp_path)


def write(folder: Path, change: Any) -> None:
    """Change the database between two lives."""

    async def doing() -> None:
        async with Store(f"sqlite:///{folder / 'phone.db'}") as store:
            await store.write(change)

    asyncio.run(doing())


def test_after_a_restore_what_waited_to_be_sent_has_expired_and_is_never_sent(tmp_path: Path):
    async def first_life(house: House) -> None:
        await house.text("hi")
        await house.settled(turns=1)

    run(first_life, script("hello"), folder=tmp_path)

    def change(session: Session) -> None:
        turn = session.exec(select(Turn)).one()
        for number, state in enumerate(("prepared", "dispatched", "unconfirmed")):
            session.add(
                Bubble(
                    id=f"old {state}", mailbox_id=turn.mailbox_id, turn_id=turn.id,
                    position=90 + number, ref=90 + number, text="yesterday's news", state=state,
                    attempt=1, created_at=utc(0), expires_at=utc(600), dispatched_at=utc(1),
                )
            )  # fmt: skip
        turn.state = "running"
        session.exec(select(Mailbox)).one().due_at = turn.started_at

    write(tmp_path, change)

    async def second_life(house: House) -> None:
        await house.settled(turns=1)
        old = select(Bubble.state).where(col(Bubble.text) == "yesterday's news")
        left = select(Bubble.id).where(col(Bubble.state).in_(("prepared", "dispatched")))
        await house.until(lambda s: not s.exec(left).all())
        assert set(await house.read(lambda s: s.exec(old).all())) <= {
            "expired", "cancelled", "unconfirmed", "unresolved",
        }  # fmt: skip
        assert await house.calls("POST", SEND) == []

    run(second_life, script(), folder=tmp_path)


def test_a_bubble_that_a_person_sends_again_goes_out_as_a_new_one_and_the_agent_knows():
    played = script("hello", "Indeed.")

    async def story(house: House) -> None:
        await house.faults(NEVER_SENT)
        sent = await house.text("hi")
        await is_lost(house)
        await turns_of_clock(house)
        [old] = await house.bubbles()
        await resend(house, old.id, "again")
        again = select(Bubble).where(Bubble.id == "again", Bubble.state == "confirmed")
        await house.until(lambda s: s.exec(again).first())
        assert (await house.screen(sent.conversation_id)).bodies == ["hello"]
        assert await states(house) == ["unconfirmed", "confirmed"]
        with pytest.raises(NotResendable, match="sent again already, as again"):
            await resend(house, old.id, "once more")
        with pytest.raises(NotResendable, match="arrived at AgentPhone"):
            await resend(house, "again", "once more")
        await house.pass_time(2.5)
        await house.text("thanks")
        await house.settled(turns=2)
        assert "m3 “hello” was sent again by the operator" in played.context()

    run(story, played, clock=HeldClock())


async def resend(house: House, bubble_id: str, new_id: str) -> None:
    assert house.local.deployment is not None
    now = house.local.deployment.clock.now()
    await house.local.deployment.store.write(
        lambda session: send_again(session, bubble_id=bubble_id, new_id=new_id, now=now) and None
    )


def test_nothing_is_sent_again_to_somebody_who_opted_out():
    async def story(house: House) -> None:
        await house.fail("POST", SEND, status=400, times=2)
        await house.text("hi")
        await house.settled(turns=1)
        assert house.local.deployment is not None

        def stop(session: Session) -> None:
            record_consent(session, ANA, opted_out=True, how="operator", now=1.0)

        await house.local.deployment.store.write(stop)
        with pytest.raises(NotResendable, match="START"):
            await resend(house, (await house.bubbles())[0].id, "again")
        assert len(await house.calls("POST", SEND)) == 2

    run(story, script("Bad words", "Worse words"))
