"""A person takes a conversation over: the agent is silent, and later knows what they said."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from sqlmodel import Session, select

from memory.exports.talk import remembered
from memory.operating import write
from memory.pauses import pause, resume
from memory.tables import Mailbox
from memory.takeovers import Takeover, flag, hand_back, take_over
from phone.clock import HeldClock
from tests.house import ANA, BEN, House, call, gated, run, script

MIA = "Mia"


async def do(house: House, work: Any, **given: Any) -> Any:
    """Do it in the only conversation, as a command beside the server does."""
    deployment = house.local.deployment
    assert deployment is not None

    def there(session: Session) -> Any:
        [mailbox] = session.exec(select(Mailbox.id)).all()
        return work(session, mailbox, now=deployment.clock.now(), **given)

    done = await deployment.store.write(there)
    deployment.store.wake()
    [mailbox] = await house.rows(Mailbox)
    deployment.arrivals.ring(mailbox.id)
    return done


async def says(house: House, text: str, bubble_id: str = "by-mia") -> Any:
    return await do(house, write, text=text, bubble_id=bubble_id)


def test_while_a_person_has_it_the_agent_is_silent_and_later_knows_what_they_said():
    played = script("hello", "as Mia said, at six")

    async def story(house: House) -> None:
        sent = await house.text("hi")
        await house.settled(turns=1)
        await do(house, take_over, by=MIA)
        typed = len(await house.events("typing"))
        await house.text("when do you open?")
        await house.settled(turns=2)
        await says(house, "We open at six, says Mia.")
        await house.settled(turns=2)
        assert (await house.screen(sent.conversation_id)).bodies == [
            "hello",
            "We open at six, says Mia.",
        ]
        assert len(await house.events("typing")) == typed, "no dots while a person has it"
        await do(house, hand_back, by=MIA)
        await house.text("six, was it?")
        turns = await house.settled(turns=3)
        assert [turn.outcome for turn in turns] == ["answered", "handed_over", "answered"]
        talk = played.talk()
        [hers] = [words for words in talk if "says Mia" in words]
        assert "written to them by a human colleague of yours" in hers
        assert talk.index(hers) > next(i for i, w in enumerate(talk) if "when do you open" in w)
        [kept] = await house.rows(Takeover)
        assert (kept.began_by, kept.claimed_by, kept.ended_by) == (MIA, MIA, MIA)

    run(story, played)


def test_taking_over_stops_an_answer_that_is_being_thought_about():
    played = gated("never said", last_for_ever=True)

    async def story(house: House) -> None:
        sent = await house.text("hi")
        await played.is_thinking()
        await do(house, take_over, by=MIA)
        [turn] = await house.settled(turns=1)
        assert turn.outcome == "handed_over"
        assert (await house.screen(sent.conversation_id)).bodies == []

    run(story, played)


@pytest.mark.parametrize(
    ("work", "outcome"), [(take_over, "handed_over"), (pause, "dropped")], ids=["taken", "paused"]
)
def test_the_next_bubble_already_is_held_back(work: Any, outcome: str):
    """The second bubble of a turn whose first has left: no bell rings, the database says no."""
    played = script([call("send", text="first"), call("send", text="second")], "third")

    async def story(house: House) -> None:
        deployment = house.local.deployment
        assert deployment is not None
        post, done = deployment.phone.send, []

        async def stop_after(message: Any) -> Any:
            answer = await post(message)
            done.append(message.body)
            await do(house, work, by=MIA)
            return answer

        deployment.phone.send = stop_after  # type: ignore[method-assign]
        await house.text("hi")
        [turn] = await house.settled(turns=1)
        assert done == ["first"]
        assert {b.state for b in (await house.bubbles())[1:]} <= {"cancelled"}
        assert turn.outcome == "answered", "what was said before counts"

    run(story, played)


def test_no_tapback_is_made_after_a_takeover():
    played = gated(call("react", tapback="love"), call("end_turn", reason="done"))

    async def story(house: House) -> None:
        await house.text("hi")
        await played.is_thinking()
        deployment = house.local.deployment
        assert deployment is not None
        [mailbox] = await house.rows(Mailbox)
        now = deployment.clock.now()
        # as from the command line, where no bell rings here
        take = partial(take_over, mailbox_id=mailbox.id, by=MIA, now=now)
        await deployment.store.write(take)
        played.go_on()
        [turn] = await house.settled(turns=1)
        assert turn.outcome == "handed_over"
        assert await house.calls("POST", "/reactions") == []

    run(story, played)


def test_stop_is_obeyed_in_a_takeover_and_binds_the_operator_too():
    async def story(house: House) -> None:
        sent = await house.text("hi")
        await house.settled(turns=1)
        await do(house, take_over, by=MIA)
        await house.text("STOP")
        await house.settled(turns=2)
        with pytest.raises(Exception, match="asked not to be texted"):
            await says(house, "but wait")
        bodies = (await house.screen(sent.conversation_id)).bodies
        assert len(bodies) == 2, "the answer, and the confirmation the law asks for"

    run(story, script("hello"))


def test_what_an_operator_wrote_before_a_stop_does_not_leave_after_it():
    async def story(house: House) -> None:
        await house.text("hi")
        await house.settled(turns=1)
        await do(house, take_over, by=MIA)
        await house.fail("POST", "/v1/messages", status=429, code="RATE_LIMITED")
        await says(house, "held up")
        await house.waits_to_send("RATE_LIMITED")
        await house.text("STOP")
        assert isinstance(house.clock, HeldClock)
        await house.pass_time_until_settled(turns=2, at_most=60)
        [hers] = [b for b in await house.bubbles() if b.kind == "operator"]
        assert (hers.state, hers.code) == ("cancelled", "opted_out")

    run(story, script("hello"), clock=HeldClock(1_780_000_000.0))


def test_an_operator_who_has_not_taken_over_cannot_write():
    async def story(house: House) -> None:
        await house.text("hi")
        await house.settled(turns=1)
        with pytest.raises(Exception, match="Take the conversation over first"):
            await says(house, "hello?")
        await do(house, flag, by="crisis", why="self-harm")
        with pytest.raises(Exception, match="Take the conversation over first"):
            await says(house, "hello?")

    run(story, script("hello"))


def test_the_words_of_an_operator_that_may_have_been_lost_are_not_sent_again():
    async def story(house: House) -> None:
        sent = await house.text("hi")
        await house.settled(turns=1)
        await do(house, take_over, by=MIA)
        await house.fail("POST", "/v1/messages", status=500)
        await says(house, "only once")
        assert isinstance(house.clock, HeldClock)
        await house.until(
            lambda s: (
                s.connection()
                .exec_driver_sql(
                    "SELECT 1 FROM bubble WHERE kind = 'operator' AND state = 'unconfirmed'"
                )
                .first()
            )
        )
        await house.pass_time(40)
        assert (await house.screen(sent.conversation_id)).bodies == ["hello"]
        posts = await house.calls("POST", "/v1/messages")
        assert len(posts) == 2

    run(story, script("hello"), clock=HeldClock(1_780_000_000.0))


@pytest.mark.parametrize("is_claimed", [False, True])
def test_only_what_nobody_has_claimed_goes_back_by_itself(is_claimed: bool):
    async def story(house: House) -> None:
        await house.text("hi")
        await house.settled(turns=1)
        await do(house, flag, by="crisis", why="self-harm")
        if is_claimed:
            await do(house, take_over, by=MIA)
        await house.pass_time(4 * 60)
        [kept] = await house.rows(Takeover)
        assert kept.ended_by is None, "its time is not up"
        await house.pass_time(90)
        [kept] = await house.rows(Takeover)
        assert kept.ended_by == (None if is_claimed else "nobody claimed it")
        assert kept.claimed_by == (MIA if is_claimed else None)

    run(
        story,
        script("hello"),
        clock=HeldClock(1_780_000_000.0),
        settings={"threedots_return_after": 5.0},
    )


def test_the_kill_switch_for_all_silences_everybody_and_still_obeys_stop():
    async def story(house: House) -> None:
        deployment = house.local.deployment
        assert deployment is not None
        now = deployment.clock.now()
        await deployment.store.write(partial(pause, mailbox_id=None, by=MIA, now=now))
        await house.text("hi")
        await house.text("STOP", from_handle=BEN)
        turns = await house.settled(turns=2)
        assert {(turn.outcome, turn.reason) for turn in turns} == {("dropped", "paused")}
        assert await house.bubbles() == []
        await deployment.store.write(partial(resume, mailbox_id=None, by=MIA, now=now))
        sent = await house.text("and now?")
        await house.text("and I?", from_handle=BEN)
        await house.settled(turns=3)
        assert (await house.screen(sent.conversation_id)).bodies == ["back"]
        outcomes = {m.sender: m.outcome for m in await house.messages()}
        assert outcomes == {ANA: "answered", BEN: "dropped(opted_out)"}

    run(story, script("back"))


def test_what_a_person_said_is_told_as_theirs_in_the_record_and_in_every_export():
    async def story(house: House) -> None:
        await house.text("hi")
        await house.settled(turns=1)
        await do(house, take_over, by=MIA)
        await house.text("when do you open?")
        await house.settled(turns=2)
        await says(house, "We open at six, says Mia.")
        await house.settled(turns=2)
        await do(house, hand_back, by=MIA)
        await house.text("six, was it?")
        await house.text("and on Sundays?")
        await house.settled(turns=3)
        records = await house.records()
        theirs = [heard for record in records for heard in record.heard if heard.by_a_person]
        assert [(it.text, it.direction) for it in theirs] == [
            ("We open at six, says Mia.", "outbound")
        ]
        told = [it for record in records for it in remembered(record) if "Mia" in it.text]
        assert [(it.role, "a human colleague" in it.text) for it in told] == [("user", True)]
        assert not [act for record in records for act in record.wire if "Mia" in str(act)]

    run(story, script("hello", "yes", last_for_ever=True))
