"""What really happened becomes a scenario: heard, expected, named, and without a real number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from evals.format.files import dump, loads
from evals.format.scenario import Scenario
from evals.format.turns import Turn
from evals.records.recording import NothingToRecord, fictitious, scenario_of
from memory.transcript import TurnRecord
from tests.house import ANA, BEN, House, Script, Story, call, gated, run, script
from tests.stories.test_pictures import photo
from tests.stories.test_taking_turns import all_taken

DONE = call("end_turn", reason="done")


def records_of(story: Callable[[House], Any], played: Script) -> list[TurnRecord]:
    """The records that a story leaves."""
    found: list[TurnRecord] = []

    async def told(house: House) -> None:
        await story(house)
        found.extend(await house.records())

    run(told, played)
    return found


def recorded(records: Sequence[TurnRecord], **given: Any) -> Scenario:
    """The scenario, once written and read again."""
    made = scenario_of(records, name="Recorded", **given)
    text = dump(made.scenario, remarks=made.remarks)
    assert loads(text) == made.scenario
    assert ANA not in text and BEN not in text
    return made.scenario


def expected(turn: Turn) -> dict[str, Any]:
    return turn.expect.model_dump(mode="json", exclude_defaults=True)


def one_after_another(*texts: str) -> Story:
    async def story(house: House) -> None:
        for nth, text in enumerate(texts, start=1):
            await house.text(text)
            await house.settled(turns=nth)

    return story


def test_what_was_asked_and_done_becomes_a_turn_and_what_is_expected_of_it():
    played = script(call("remember", fact="Likes tea"), "Noted!", call("end_turn", reason="-"))
    records = records_of(one_after_another("I like tea", "ok"), played)
    told = recorded(records)
    assert [person.name for person in told.start.people] == ["Person"]
    assert told.start.people[0].handle.startswith("+1555555")
    assert (told.start.line, told.start.group, told.start.history) == ("imessage", None, [])
    assert told.start.clock == records[0].heard[0].received_at.replace(microsecond=0)
    tea, ok = told.turns
    assert (tea.text, tea.id, ok.text) == ("I like tea", None, "ok")
    assert expected(tea) == {
        "called": [{"tool": "remember", "arguments": {"fact": {"equals": "Likes tea"}}}],
        "bubbles_at_most": 1,
        "delivered_on": "imessage",
    }
    assert expected(ok) == {"silent": True}


def test_what_was_said_is_a_remark_and_expected_only_when_asked():
    records = records_of(one_after_another("hi"), script("/hello/ there\nyou"))
    made = scenario_of(records, name="x")
    assert made.remarks == {0: ["said: “/hello/ there\nyou”"]}
    assert "  # said: “/hello/ there you”\n" in dump(made.scenario, remarks=made.remarks)
    assert made.scenario.turns[0].expect.said == []
    told = recorded(records, with_said=True)
    assert told.turns[0].expect.said == ["/hello/ there\nyou"]


def test_a_burst_keeps_its_real_pauses():
    played = gated("A table for three.", last_for_ever=True)

    async def story(house: House) -> None:
        await house.text("a table for two")
        await played.is_thinking()
        await house.text("three I mean")
        await house.until(all_taken(2))
        played.go_on()
        await house.settled(turns=1)

    [record] = records_of(story, played)
    late = record.heard[1].received_at + timedelta(seconds=1.24)
    heard = [record.heard[0], record.heard[1].model_copy(update={"received_at": late})]
    [turn] = recorded([record.model_copy(update={"heard": heard})]).turns
    assert turn.burst is not None
    assert [part.text for part in turn.burst] == ["a table for two", "three I mean"]
    gap = (late - record.heard[0].received_at).total_seconds()
    assert [part.pause for part in turn.burst] == [0.0, round(gap, 1)]


def test_time_that_passed_between_turns_moves_the_clock():
    first, second = records_of(one_after_another("hi", "and?"), script("hello", "well"))
    later = timedelta(hours=2)
    moved = second.heard[0].received_at + later
    heard = [second.heard[0].model_copy(update={"received_at": moved})]
    second = second.model_copy(update={"heard": heard, "settled_at": second.settled_at + later})
    told = recorded([first, second])
    assert [turn.text or turn.advance for turn in told.turns] == ["hi", 7200, "and?"]


def test_messages_are_named_where_something_refers_to_them():
    played = script(
        call("reply", text="The first.", message_id="m1"), "And more.", "Yes.",
        [call("react", tapback="love", message_id="m1"), DONE],
    )  # fmt: skip

    async def story(house: House) -> None:
        sent = await house.text("which?")
        screen = await house.answered(sent.conversation_id)
        await house.text("that?", reply_to_message_id=screen.outbound[0]["id"])
        screen = await house.answered(sent.conversation_id, turns=2)
        await house.tap(screen.last["id"], "laugh")
        await house.text("thanks")
        await house.settled(turns=3)

    which, that, tapped, thanks = recorded(records_of(story, played)).turns
    assert which.id == "m1" and thanks.id is None
    assert which.expect.threaded_to == "m1"
    assert which.expect.bubbles_at_most == 2
    assert that.reply_to == "agent.1"
    assert (tapped.tapback, tapped.on, expected(tapped)) == ("laugh", "last", {"silent": True})
    assert expected(thanks) == {
        "called": [
            {
                "tool": "react",
                "arguments": {"tapback": {"equals": "love"}, "message_id": {"message": "m1"}},
            }
        ],
        "reacted": "love",
    }


def test_a_switch_of_channel_is_told_once():
    async def story(house: House) -> None:
        await house.text("hi")
        await house.settled(turns=1)
        await house.text("from the mountains", channel="sms")
        await house.settled(turns=2)
        await house.text("still here", channel="sms")
        await house.settled(turns=3)

    told = recorded(records_of(story, script("hello", "take care", "good")))
    assert [turn.channel for turn in told.turns] == [None, "sms", None]
    assert [turn.expect.delivered_on for turn in told.turns] == ["imessage", "sms", "sms"]


def test_photos_are_stand_ins():
    async def story(house: House) -> None:
        red = await house.picture(photo("red"), "image/png")
        await house.text("look", media_urls=[red])
        await house.settled(turns=1)

    played = script(call("set_background", media="m1.1"), "Nice.")
    [turn] = recorded(records_of(story, played)).turns
    assert turn.media == ["https://pictures.example/m1.1.jpg"]
    assert expected(turn)["called"] == [{"tool": "set_background"}]


def test_earlier_turns_become_history_and_what_was_remembered_then_the_memory():
    played = script(call("remember", fact="Likes tea"), "Noted!", "Tea.", "Bye.")
    texts = ("I like tea, I am at +1 415 555 0123", "what do I like?", "bye")
    records = records_of(one_after_another(*texts), played)
    told = recorded(records[1:2], before=records[:1])
    assert told.start.memory.facts == ["Likes tea"]
    mine, theirs = told.start.history
    assert (theirs.who, theirs.text, mine.who) == ("agent", "Noted!", None)
    number = told.start.people[0].handle
    assert mine.text == f"I like tea, I am at {number}"
    assert [turn.text for turn in told.turns] == ["what do I like?"]


def test_a_reply_to_earlier_talk_names_it():
    async def story(house: House) -> None:
        sent = await house.text("hi")
        screen = await house.answered(sent.conversation_id)
        await house.text("you too", reply_to_message_id=screen.last["id"])
        await house.settled(turns=2)

    first, second = records_of(story, script("hello", "thanks"))
    told = recorded([second], before=[first])
    assert [each.id for each in told.start.history] == [None, "m2"]
    assert told.turns[0].reply_to == "m2"
    alone = scenario_of([second], name="x")
    assert alone.scenario.turns[0].reply_to is None
    assert "not in the records" in alone.remarks[0][0]


def test_a_tapback_on_what_came_before_the_records_brings_its_words_along():
    async def story(house: House) -> None:
        sent = await house.text("hi")
        screen = await house.answered(sent.conversation_id)
        await house.tap(screen.last["id"], "love")
        await house.text("so?")
        await house.settled(turns=2)

    _, second = records_of(story, script("hello", "yes"))
    told = recorded([second])
    assert [(each.who, each.text) for each in told.start.history] == [("agent", "hello")]
    assert told.turns[0].on == told.start.history[0].id


def test_a_group_is_told_with_who_wrote():
    async def story(house: House) -> None:
        await house.person(ANA, name="Ana")
        await house.person(BEN, name="Ana")
        group = await house.group(ANA, BEN, name="Market")
        await house.text("hello all", group_id=group["group_id"])
        await house.settled(turns=1)
        await house.text("Threedots?", from_handle=BEN, group_id=group["group_id"])
        await house.settled(turns=2)

    told = recorded(records_of(story, script("Here!")))
    assert told.start.group is not None
    assert (told.start.group.name, told.start.group.members) == ("Market", ["Ana", "Ana 2"])
    assert [turn.who for turn in told.turns] == [None, "Ana 2"]
    assert [expected(turn).get("silent") for turn in told.turns] == [True, None]


def test_a_stop_and_what_came_after_it_are_silent_turns():
    async def story(house: House) -> None:
        await house.text("STOP")
        await house.settled(turns=1)
        await house.text("are you there?")
        await house.text("START")
        await house.settled(turns=2)

    told = recorded(records_of(story, script()))
    heard = [(turn.text, turn.expect.silent, turn.expect.bubbles_at_most) for turn in told.turns]
    assert heard == [("STOP", None, 1), ("are you there?", True, None), ("START", None, 1)]


def test_the_fictitious_number_of_somebody_is_always_the_same_and_nobodys():
    one, other = fictitious(b"key"), fictitious(b"key")
    assert one(ANA) == other(ANA) != one(BEN)
    assert one("+15555550123") == "+15555550123"
    assert one("72645") == "72645"
    assert one("ana@real.example.org").endswith("@example.com")
    assert one("number-1c9f0e4ab2d7").startswith("+1555555")
    assert len({one(f"+1415555{number:04}") for number in range(500)}) == 500


def test_turns_of_several_conversations_are_not_one_scenario():
    async def story(house: House) -> None:
        await house.text("hi")
        await house.settled(turns=1)
        await house.text("hi", from_handle=BEN)
        await house.settled(turns=2)

    records = records_of(story, script("hello", "hello"))
    with pytest.raises(NothingToRecord, match="several conversations"):
        scenario_of(records, name="x")
    with pytest.raises(NothingToRecord, match="no turns"):
        scenario_of([], name="x")


def test_recording_leaves_the_records_as_they_are():
    records = records_of(one_after_another("hi"), script("hello"))
    before = [record.model_dump() for record in records]
    scenario_of(records, name="x")
    assert [record.model_dump() for record in records] == before
