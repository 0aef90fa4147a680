"""A person is erased while the server runs: here, at AgentPhone, and for good."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from sqlmodel import SQLModel

from agent.erasing import Erased, erase_person, scrub
from memory.consents import opted_out
from memory.person_export import export
from memory.persons import find
from memory.tables import Bubble, Consent, Event, Mailbox, Message, Transcript, Turn
from phone.clock import HeldClock
from tests.house import ANA, BEN, KIM, House, call, gated, run, script

SECRET = "the safe opens with 4711"
LIST = "erasures.jsonl"


async def erase(house: House, who: str, folder: Path) -> Erased:
    deployment = house.local.deployment
    assert deployment is not None
    person = await house.read(lambda session: find(session, who))
    assert person is not None
    return await erase_person(
        person, store=deployment.store, phone=deployment.phone, clock=deployment.clock,
        listed_in=folder / LIST,
    )  # fmt: skip


async def everything(house: House) -> str:
    """All that stands in the database, as one text."""
    told = []
    for table in SQLModel.metadata.sorted_tables:
        if table.name != "twin_record":  # the other side of the line
            told += await house.read(lambda s, t=table: s.connection().execute(t.select()).all())
    return repr(told)


def test_nothing_of_an_erased_person_is_left_here_or_in_the_memory_at_agentphone(tmp_path: Path):
    played = script(call("remember", fact=SECRET), "noted", "hello Ben")

    async def story(house: House) -> None:
        sent = await house.text(SECRET)
        await house.settled(turns=1)
        await house.edit_metadata(
            sent.conversation_id, {"crm": 9, **(await house.metadata(sent.conversation_id))}
        )
        ben = await house.text("hi", from_handle=BEN)
        await house.settled(turns=2)
        assert SECRET in str(await house.metadata(sent.conversation_id))
        assert SECRET in await everything(house) and ANA in await everything(house)

        erased = await erase(house, ANA, tmp_path)

        assert erased.conversations == (sent.conversation_id,)
        left = await everything(house)
        assert SECRET not in left and "4711" not in left and ANA not in left
        assert await house.metadata(sent.conversation_id) == {"crm": 9}
        assert [box.participant for box in await house.rows(Mailbox)] == [BEN]
        assert len(await house.rows(Message)) == len(await house.rows(Transcript)) == 1
        assert (await house.screen(ben.conversation_id)).bodies == ["hello Ben"]
        scrub(str(house.local.settings.database_url))
        assert SECRET.encode() not in (tmp_path / "phone.db-wal").read_bytes()

    run(story, played, folder=tmp_path)


def test_a_turn_under_way_is_stopped_and_nothing_comes_back(tmp_path: Path):
    played = gated("the safe? 4711!", last_for_ever=True)

    async def story(house: House) -> None:
        sent = await house.text(SECRET)
        await played.is_thinking()

        await erase(house, sent.conversation_id, tmp_path)
        played.go_on()
        async with asyncio.timeout(10):
            while played.thinking or house.local.deployment.under_way:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

        assert (await house.screen(sent.conversation_id)).bodies == []
        assert "4711" not in await everything(house)
        for table in (Mailbox, Message, Turn, Bubble):
            assert await house.rows(table) == []

    run(story, played, folder=tmp_path)


def test_who_writes_again_after_being_erased_is_a_stranger(tmp_path: Path):
    played = script("hi", "do we know each other?")

    async def story(house: House) -> None:
        sent = await house.text(SECRET)
        await house.settled(turns=1)
        await erase(house, ANA, tmp_path)
        await asyncio.sleep(0.002)  # AgentPhone's times end at the millisecond
        await house.text("hello again")
        screen = await house.answered(sent.conversation_id)
        assert screen.bodies == ["hi", "do we know each other?"]
        assert "4711" not in str(played.seen[-1]), "AgentPhone's history was read back in"
        assert [m.text for m in await house.messages()] == ["hello again"]

    run(story, played, folder=tmp_path)


def test_who_said_stop_is_not_texted_after_being_erased(tmp_path: Path):
    played = script("welcome back")

    async def story(house: House) -> None:
        sent = await house.text("STOP")
        await house.settled(turns=1)
        await erase(house, ANA, tmp_path)
        [entry] = await house.rows(Consent)
        assert entry.participant.startswith("hmac:") and entry.evidence is None
        assert await house.read(lambda session: opted_out(session, ANA))
        assert not await house.read(lambda session: opted_out(session, BEN))

        await house.text("hello?")
        await house.stored(1)
        assert [m.outcome for m in await house.messages()] == ["dropped(opted_out)"]
        await house.text("START")
        await house.settled(turns=1)
        await house.text("hi")
        screen = await house.answered(sent.conversation_id, turns=2)
        assert screen.bodies[-1] == "welcome back"

    run(story, played, folder=tmp_path)


def test_in_a_group_a_mark_stands_for_the_words_of_an_erased_member(tmp_path: Path):
    played = script(["noted", call("end_turn", reason="said")], "yes, Ben", last_for_ever=True)

    async def story(house: House) -> None:
        group = await house.group(ANA, BEN, KIM, name="Hikers")
        where = {"group_id": group["group_id"]}
        await house.text(f"Threedots, {SECRET}", **where)
        await house.settled(turns=1)
        ids = {m.text: m.message_id for m in await house.messages()}
        await house.tap(ids[f"Threedots, {SECRET}"], "like", from_handle=BEN)
        await house.text("Threedots, are you there?", from_handle=BEN, **where)
        await house.settled(turns=2)

        await erase(house, ANA, tmp_path)

        left = await everything(house)
        assert "4711" not in left and ANA not in left
        assert [m.text for m in await house.messages() if m.kind == "text"] == [
            "[erased]", "Threedots, are you there?",
        ]  # fmt: skip
        await house.text("Threedots, still?", from_handle=BEN, **where)
        await house.settled(turns=3)
        assert (await house.screen(group["conversation_id"])).bodies[-1] == "yes, Ben"
        assert "4711" not in str(played.seen[-1])

    run(story, played, folder=tmp_path)


def test_a_groups_turn_about_the_words_of_an_erased_member_ends_with_them(tmp_path: Path):
    played = gated("the safe? 4711!", last_for_ever=True)

    async def story(house: House) -> None:
        group = await house.group(ANA, BEN)
        await house.text(f"Threedots, {SECRET}", group_id=group["group_id"])
        await played.is_thinking()
        await erase(house, ANA, tmp_path)
        played.go_on()
        async with asyncio.timeout(10):
            while played.thinking or house.local.deployment.under_way:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert (await house.screen(group["conversation_id"])).bodies == []
        assert "4711" not in await everything(house)
        [turn] = await house.settled(turns=1)
        assert (turn.outcome, turn.reason) == ("dropped", "erased")

    run(story, played, folder=tmp_path)


def test_agentphone_away_means_that_nothing_is_erased_and_it_can_be_tried_again(tmp_path: Path):
    played = script(call("remember", fact=SECRET), "noted", "and again")

    async def story(house: House) -> None:
        sent = await house.text(SECRET)
        await house.settled(turns=1)
        away = {"method": "PATCH", "path": "*", "status": 503, "times": 1}
        await house.faults(away)
        try:
            await erase(house, ANA, tmp_path)
        except Exception as error:
            assert "503" in str(error) or "AgentPhone" in str(error)
        else:
            raise AssertionError("it was erased although AgentPhone was away")
        assert len(await house.rows(Message)) == 1
        await house.text("more")
        assert (await house.answered(sent.conversation_id, turns=2)).bodies[-1] == "and again"
        await erase(house, ANA, tmp_path)
        assert "4711" not in await everything(house)

    run(story, played, folder=tmp_path)


def test_everything_that_is_kept_of_a_person_is_in_their_export_and_nothing_of_others(
    tmp_path: Path,
):
    played = script(call("remember", fact="Likes tea"), "noted", "hello Ben")

    async def story(house: House) -> None:
        sent = await house.text("I like tea")
        await house.settled(turns=1)
        await house.text("my secret", from_handle=BEN)
        await house.settled(turns=2)
        group = await house.group(ANA, BEN)
        for who, words in ((ANA, "a trip?"), (BEN, "no trips")):
            await house.text(words, from_handle=who, group_id=group["group_id"])
        await house.text("STOP")
        await house.settled(turns=4)
        person = await house.read(lambda session: find(session, "+1 (415) 555-0123"))
        told: dict[str, Any] = await house.read(
            lambda session: export(session, person, now=house.local.deployment.clock.now())
        )
        assert told["handles"] == [ANA]
        assert [place["conversation_id"] for place in told["conversations"]] == [
            sent.conversation_id
        ]
        assert told["conversations"][0]["state"]["facts"] == ["Likes tea"]
        assert [m["text"] for m in told["messages"]] == ["I like tea", "STOP"]
        assert [m["text"] for m in told["in_groups"]] == ["a trip?"]
        assert [turn["outcome"] for turn in told["turns"]] == ["answered", "answered"]
        assert [(c["opted_out"], c["evidence"]) for c in told["consents"]] == [(True, "STOP")]
        assert len(told["rows"]["bubble"]) == 2 and told["rows"]["tool_call"]
        assert any("I like tea" in str(hook["body"]) for hook in told["webhooks"])
        assert "my secret" not in str(told) and "no trips" not in str(told)

    run(story, played, folder=tmp_path, clock=None)


def test_the_raw_webhooks_of_an_erased_person_are_empty_and_still_known(tmp_path: Path):
    async def story(house: House) -> None:
        await house.webhook_fault("duplicate", times=1)
        await house.text(SECRET)
        await house.settled(turns=1)
        await erase(house, ANA, tmp_path)
        events = await house.rows(Event)
        assert events and all(event.body == b"" for event in events)

    run(story, script("hi"), folder=tmp_path, clock=HeldClock())


def test_an_erased_member_leaves_the_groups_memory_here_and_at_agentphone(tmp_path: Path):
    cat, cello = "Has a cat called Mimi 4711", "Plays the cello"
    played = script(
        call("remember", fact=cat), "noted", call("remember", fact=cello), "noted too", "Hi again."
    )

    async def story(house: House) -> None:
        group = await house.group(ANA, BEN)
        there = {"group_id": group["group_id"]}
        await house.text("Threedots, my cat is called Mimi 4711", **there)
        await house.settled(turns=1)
        await house.text("Threedots, I play the cello", from_handle=BEN, **there)
        await house.settled(turns=2)
        assert "4711" in str(await house.metadata(group["conversation_id"]))
        await erase(house, ANA, tmp_path)
        kept = (await house.metadata(group["conversation_id"]))["threedots"]
        assert kept["facts"] == [cello]
        left = await everything(house)
        assert "4711" not in left and ANA not in left and cello in left
        await house.text("Threedots, hi", from_handle=BEN, **there)
        await house.settled(turns=3)
        assert "4711" not in played.context() and cello in played.context()
        assert (await house.metadata(group["conversation_id"]))["threedots"]["facts"] == [cello]

    run(story, played, folder=tmp_path)
