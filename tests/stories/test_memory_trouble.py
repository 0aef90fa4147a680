"""The memory while AgentPhone fails, people edit and programs put old copies back: end to end."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from memory import remembering
from memory.state import KEY, ConversationState
from memory.tables import Consent, Mailbox, MetadataEntry
from phone.clock import HeldClock
from tests.house import ANA, House, Script, call, crash, gated, run, script

CONVERSATIONS = "/v1/conversations/*"
REX = call("remember", fact="Has a dog called Rex")
LYON = call("remember", fact="Lives in Lyon")


def kept(*facts: str, **others: Any) -> dict[str, Any]:
    """What the metadata holds under our key."""
    return ConversationState(facts=list(facts)).model_dump(mode="json") | others


async def flag(house: House, conversation_id: str, **flags: Any) -> None:
    """An operator sets flags in the metadata, and leaves the rest as it is."""
    metadata = await house.metadata(conversation_id) or {KEY: {}}
    ours = {**metadata[KEY], "flags": flags}
    await house.edit_metadata(conversation_id, {**metadata, KEY: ours})


def test_somebody_whom_an_operator_opted_out_in_the_metadata_hears_nothing_more():
    async def story(house: House) -> None:
        sent = await house.text("hi")
        await house.settled(turns=1)
        await flag(house, sent.conversation_id, opted_out=True)
        await house.text("are you there?")
        turns = await house.settled(turns=2)
        assert (turns[-1].outcome, turns[-1].reason) == ("dropped", "opted_out")
        assert (await house.screen(sent.conversation_id)).bodies == ["hello"]
        [entry] = await house.rows(Consent)
        assert (entry.participant, entry.opted_out, entry.how) == (ANA, True, "metadata")
        await house.text("hello?")
        await house.stored(3)
        assert (await house.messages())[-1].outcome == "dropped(opted_out)"

    run(story, script("hello"))


def test_an_opt_out_set_while_the_agent_thinks_is_obeyed_from_then_on():
    played = gated(REX, "Noted.")

    async def story(house: House) -> None:
        sent = await house.text("my dog is called Rex")
        await played.is_thinking()
        await flag(house, sent.conversation_id, opted_out=True)
        played.go_on()
        await house.settled(turns=1)
        kept_there = (await house.metadata(sent.conversation_id))[KEY]
        assert kept_there["flags"] == {"opted_out": True}
        assert kept_there["facts"] == ["Has a dog called Rex"]
        await house.text("and?")
        await house.stored(2)
        assert (await house.messages())[-1].outcome == "dropped(opted_out)"

    run(story, played)


def test_the_metadata_says_who_has_stopped_and_start_is_not_undone_by_it():
    played = script("Welcome back.", "Still here.")

    async def story(house: House) -> None:
        sent = await house.text("STOP")
        await house.settled(turns=1)
        stopped = await house.metadata(sent.conversation_id)
        assert stopped[KEY]["flags"] == {"opted_out": True}
        await house.text("START")
        await house.settled(turns=2)
        assert (await house.metadata(sent.conversation_id))[KEY]["flags"] == {"opted_out": False}
        await house.edit_metadata(sent.conversation_id, stopped)
        for turn, text in enumerate(["hi", "you there?"], start=3):
            await house.text(text)
            await house.settled(turns=turn)
        screen = await house.screen(sent.conversation_id)
        assert screen.bodies[-2:] == ["Welcome back.", "Still here."]
        assert (await house.metadata(sent.conversation_id))[KEY]["flags"] == {"opted_out": False}

    run(story, played)


def test_a_stop_that_could_not_be_written_is_written_within_a_minute():
    async def story(house: House) -> None:
        await house.fail("PATCH", CONVERSATIONS, status=503, times=3)
        sent = await house.text("STOP")
        await house.until(lambda session: _is_noted(session.get(Mailbox, 1)))
        await house.pass_time_until_settled(turns=1, at_most=40)
        assert await house.metadata(sent.conversation_id) is None
        await house.pass_time(60)
        await house.until(lambda session: session.get_one(Mailbox, 1).state_saved)
        assert (await house.metadata(sent.conversation_id))[KEY]["flags"] == {"opted_out": True}

    run(story, script(), clock=HeldClock())


def test_a_memory_that_could_not_be_saved_is_saved_within_a_minute_without_a_turn():
    async def story(house: House) -> None:
        await house.fail("PATCH", CONVERSATIONS, status=503, times=3)
        sent = await house.text("my dog is called Rex")
        await house.until(lambda session: _is_noted(session.get(Mailbox, 1)))
        await house.pass_time_until_settled(turns=1, at_most=40)
        [turn] = await house.settled(turns=1)
        assert (turn.outcome, turn.memory_saved) == ("answered", False)
        assert "503" in turn.memory_note
        assert await house.metadata(sent.conversation_id) is None
        await house.pass_time(60)
        await house.until(lambda session: session.get_one(Mailbox, 1).state_saved)
        there = await house.metadata(sent.conversation_id)
        assert there[KEY]["facts"] == ["Has a dog called Rex"]

    run(story, script(REX, "Noted."), clock=HeldClock())


def test_a_turn_that_cannot_save_is_settled_all_the_same(monkeypatch: pytest.MonkeyPatch):
    class Stuck(httpx.AsyncBaseTransport):
        """A wire on which no PATCH is ever answered."""

        def __init__(self, wire: httpx.AsyncBaseTransport) -> None:
            self._wire = wire

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.method == "PATCH":
                await asyncio.Event().wait()
            return await self._wire.handle_async_request(request)

    async def story(house: House) -> None:
        sent = await house.text("my dog is called Rex")
        [turn] = await house.settled(turns=1)
        assert (turn.outcome, turn.memory_saved) == ("answered", False)
        assert (await house.screen(sent.conversation_id)).bodies == ["Noted."]
        assert (await house.rows(Mailbox))[0].state["facts"] == ["Has a dog called Rex"]

    monkeypatch.setattr(remembering, "SAVE_WITHIN", 0.2)
    run(story, script(REX, "Noted."), wire=Stuck)


@pytest.mark.parametrize("fault", [{"status": 500}, {"drop": True}])
def test_a_save_whose_answer_was_lost_counts_once(fault: dict[str, Any]):
    played = script(REX, "Noted.", "Rex.")

    async def story(house: House) -> None:
        await house.fail("PATCH", CONVERSATIONS, after_effect=True, **fault)
        sent = await house.text("my dog is called Rex")
        [turn] = await house.settled(turns=1)
        assert turn.memory_saved is True
        there = await house.metadata(sent.conversation_id)
        assert there[KEY]["facts"] == ["Has a dog called Rex"]
        await house.text("what's he called?")
        await house.settled(turns=2)
        assert await house.metadata(sent.conversation_id) == there

    run(story, played)


def test_an_old_copy_that_a_program_writes_back_costs_no_memory():
    played = script(REX, "Noted.", LYON, "Noted too.", "Rex, in Lyon.")

    async def story(house: House) -> None:
        sent = await house.text("my dog is called Rex")
        await house.settled(turns=1)
        old = await house.metadata(sent.conversation_id)
        await house.text("I live in Lyon")
        await house.settled(turns=2)
        await house.edit_metadata(sent.conversation_id, {"crm_id": "c_9", **old})
        await house.text("what do you know?")
        await house.settled(turns=3)
        assert "What you remember: Has a dog called Rex; Lives in Lyon" in played.context()
        assert await house.metadata(sent.conversation_id) == {
            "crm_id": "c_9",
            KEY: kept("Has a dog called Rex", "Lives in Lyon", rev=3),
        }

    run(story, played)


def test_a_deleted_memory_is_restored_at_the_next_turn():
    played = script(REX, "Noted.", "Rex.")

    async def story(house: House) -> None:
        sent = await house.text("my dog is called Rex")
        await house.settled(turns=1)
        await house.edit_metadata(sent.conversation_id, {"crm_id": "c_9"})
        await house.text("what's he called?")
        await house.settled(turns=2)
        assert await house.metadata(sent.conversation_id) == {
            "crm_id": "c_9",
            KEY: kept("Has a dog called Rex", rev=2),
        }

    run(story, played)


def test_what_a_person_removes_while_the_agent_adds_stays_removed():
    played = gated(LYON, "Noted.")

    async def story(house: House) -> None:
        sent = await house.text("I live in Lyon")
        await played.is_thinking()
        played.go_on()
        await house.settled(turns=1)
        first = await house.metadata(sent.conversation_id)
        await house.edit_metadata(sent.conversation_id, {KEY: {**first[KEY], "facts": []}})
        await house.text("hm")
        await house.settled(turns=2)
        assert "What you remember: nothing yet" in played.context()
        assert (await house.metadata(sent.conversation_id))[KEY]["facts"] == []

    played.responses += script("Hm.").responses
    run(story, played)


def test_without_a_copy_of_our_own_and_without_agentphone_the_webhook_says_what_is_known():
    played = script("Rex.")

    async def story(house: House) -> None:
        ours = (await house.line())["numbers"][0]["phone_number"]
        words = {"from_number": ours, "to_number": ANA, "body": "Hello from the dashboard"}
        conversation_id = (await house.api("POST", "messages", words))["conversation_id"]
        await house.edit_metadata(conversation_id, {KEY: kept("Has a dog called Rex")})
        await house.fail("GET", f"/v1/conversations/{conversation_id}", status=404)
        await house.text("what's he called?")
        await house.settled(turns=1)
        assert "What you remember: Has a dog called Rex" in played.context()

    run(story, played)


def test_too_much_memory_is_archived_oldest_first_and_the_turn_says_so():
    facts = [f"Fact {number:02} {'x' * 150}" for number in range(24)]
    played = script([call("remember", fact=fact) for fact in facts[:12]],
                    "Noted.",
                    [call("remember", fact=fact) for fact in facts[12:]],
                    "Noted too.")  # fmt: skip

    async def story(house: House) -> None:
        sent = await house.text("remember all this")
        await house.settled(turns=1)
        await house.edit_metadata(
            sent.conversation_id, {KEY: kept(*facts[:12], rev=1, summary="word " * 200)}
        )
        await house.text("and this")
        turns = await house.settled(turns=2)
        there = (await house.metadata(sent.conversation_id))[KEY]
        archived = [e for e in await house.rows(MetadataEntry) if e.kind == "archived"]
        assert there["facts"] == facts[-len(there["facts"]) :]
        assert len(archived) == 1 + len(facts) - len(there["facts"])
        assert turns[-1].memory_note.startswith(f"archived to make room: {len(archived)} of")
        assert turns[-1].memory_after == there

    run(story, played)


def test_what_was_remembered_before_a_crash_while_saving_is_saved_after_it(tmp_path: Path):
    known: dict[str, str] = {}

    async def before(house: House) -> None:
        await house.fail("PATCH", CONVERSATIONS, delay=60.0)
        sent = await house.text("my dog is called Rex")
        known["id"] = sent.conversation_id
        await house.until(lambda session: _is_noted(session.get(Mailbox, 1)))

    async def after(house: House) -> None:
        await house.faults()
        await house.settled(turns=1)
        await house.pass_time(60)
        await house.until(lambda session: session.get_one(Mailbox, 1).state_saved)
        there = await house.metadata(known["id"])
        assert there[KEY]["facts"] == ["Has a dog called Rex"]

    played: Script = script(REX, "Noted.")
    asyncio.run(crash(before, played.model, folder=tmp_path))
    run(after, script(), folder=tmp_path, clock=HeldClock())


def _is_noted(mailbox: Mailbox | None) -> bool:
    """Whether our own copy is ahead of AgentPhone's."""
    return mailbox is not None and mailbox.state is not None and not mailbox.state_saved
