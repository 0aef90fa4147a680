"""The conversation's metadata is the memory: read at the start of a turn, written at its end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from memory.state import ConversationState
from memory.tables import Event, Mailbox
from tests.house import House, call, gated, run, script
from tests.stories.test_metrics import measured

REX = call("remember", fact="Has a dog called Rex")


def memory(*facts: str, **others: Any) -> dict[str, Any]:
    """What the metadata holds under our key."""
    return ConversationState(facts=list(facts)).model_dump(mode="json") | others


def test_what_is_remembered_is_written_to_the_metadata_and_known_in_the_next_turn():
    played = script(REX, "Noted.", "Rex.")

    async def story(house: House) -> None:
        sent = await house.text("my dog is called Rex")
        await house.settled(turns=1)
        kept = await house.metadata(sent.conversation_id)
        assert kept == {"threedots": memory("Has a dog called Rex", rev=1)}
        assert "What you remember: nothing yet" in played.context()
        await house.text("what's he called?")
        turns = await house.settled(turns=2)
        assert "What you remember: Has a dog called Rex" in played.context()
        assert turns[0].memory_before["facts"] == []
        assert turns[0].memory_after["facts"] == ["Has a dog called Rex"]
        assert turns[0].memory_saved is True
        event = json.loads((await house.rows(Event))[-1].body)
        assert event["conversationState"] == kept

    run(story, played)


def test_a_turn_that_changes_nothing_writes_nothing():
    async def story(house: House) -> None:
        sent = await house.text("hi")
        await house.settled(turns=1)
        assert await house.metadata(sent.conversation_id) is None
        assert await house.calls("PATCH", sent.conversation_id) == []

    run(story, script("hello"))


def test_what_is_forgotten_is_gone():
    played = script(REX, "Noted.", call("forget", fact="has a dog called rex"), "Forgotten.")

    async def story(house: House) -> None:
        sent = await house.text("my dog is called Rex")
        await house.settled(turns=1)
        await house.text("forget my dog")
        await house.settled(turns=2)
        assert (await house.metadata(sent.conversation_id))["threedots"]["facts"] == []

    run(story, played)


def test_keys_of_others_are_kept_as_they_were():
    theirs = {"crm_id": "c_9", "tags": ["vip", {"since": 2020}], "n": None}
    played = script("hello", REX, "Noted.")

    async def story(house: House) -> None:
        sent = await house.text("hi")
        await house.settled(turns=1)
        await house.edit_metadata(sent.conversation_id, theirs)
        await house.text("my dog is called Rex")
        await house.settled(turns=2)
        kept = await house.metadata(sent.conversation_id)
        assert kept == theirs | {"threedots": memory("Has a dog called Rex", rev=1)}

    run(story, played)


def test_what_a_person_edits_between_two_turns_wins():
    played = script(REX, "Noted.", call("remember", fact="Lives in Lyon"), "Noted too.")

    async def story(house: House) -> None:
        sent = await house.text("my dog is called Rex")
        await house.settled(turns=1)
        edited = memory("Has a dog called Max", rev=1, summary="A kind person")
        await house.edit_metadata(sent.conversation_id, {"threedots": edited})
        await house.text("I live in Lyon")
        await house.settled(turns=2)
        assert "What you remember: Has a dog called Max" in played.context()
        kept = (await house.metadata(sent.conversation_id))["threedots"]
        assert kept["facts"] == ["Has a dog called Max", "Lives in Lyon"]
        assert kept["summary"] == "A kind person"

    run(story, played)


def test_what_a_person_edits_while_the_agent_thinks_is_kept_beside_what_it_noted():
    played = gated(REX, "Noted.")

    async def story(house: House) -> None:
        sent = await house.text("my dog is called Rex")
        await played.is_thinking()
        edited = {"crm": 1, "threedots": memory("Prefers mornings")}
        await house.edit_metadata(sent.conversation_id, edited)
        played.go_on()
        await house.settled(turns=1)
        kept = await house.metadata(sent.conversation_id)
        assert kept["crm"] == 1
        assert kept["threedots"]["facts"] == ["Prefers mornings", "Has a dog called Rex"]
        assert (await measured(house))["metadata_conflict_total"] == 1

    run(story, played)


@pytest.mark.parametrize("broken", [[], "a note", 7, {"v": 1, "facts": "Rex"}])
def test_a_memory_that_cannot_be_read_is_written_anew(broken: Any):
    played = script("hello", REX, "Noted.")

    async def story(house: House) -> None:
        sent = await house.text("hi")
        await house.settled(turns=1)
        await house.edit_metadata(sent.conversation_id, {"crm": 1, "threedots": broken})
        await house.text("my dog is called Rex")
        await house.settled(turns=2)
        kept = await house.metadata(sent.conversation_id)
        assert kept["crm"] == 1
        assert kept["threedots"]["facts"] == ["Has a dog called Rex"]

    run(story, played)


@pytest.mark.parametrize("metadata", [None, [], "a note"])
def test_metadata_of_any_shape_fails_no_turn(metadata: Any):
    played = script(REX, "Noted.", "Rex.")

    async def story(house: House) -> None:
        sent = await house.text("my dog is called Rex")
        await house.settled(turns=1)
        house.local.twin.line.conversations[sent.conversation_id].metadata = metadata
        await house.text("what's he called?")
        screen = await house.answered(sent.conversation_id, turns=2)
        assert screen.bodies[-1] == "Rex."
        assert "What you remember: Has a dog called Rex" in played.context()
        kept = await house.metadata(sent.conversation_id)
        assert kept["threedots"]["facts"] == ["Has a dog called Rex"]

    run(story, played)


def test_what_a_newer_version_wrote_is_read_and_left_alone():
    newer = memory("Has a cat", v=2, novelty={"deep": True})
    played = script("hello", REX, "Noted.", "Both.")

    async def story(house: House) -> None:
        sent = await house.text("hi")
        await house.settled(turns=1)
        await house.edit_metadata(sent.conversation_id, {"threedots": newer})
        await house.text("my dog is called Rex")
        turns = await house.settled(turns=2)
        assert "What you remember: Has a cat" in played.context()
        assert await house.metadata(sent.conversation_id) == {"threedots": newer}
        assert turns[-1].memory_saved is False
        await house.text("which pets have I?")
        await house.settled(turns=3)
        assert "What you remember: Has a cat; Has a dog called Rex" in played.context()
        assert await house.metadata(sent.conversation_id) == {"threedots": newer}

    run(story, played)


def test_a_save_that_fails_fails_no_turn_and_the_next_one_saves():
    played = script(REX, "Noted.", "Rex.")

    async def story(house: House) -> None:
        await house.fail("PATCH", "/v1/conversations/*", status=500, times=3)
        sent = await house.text("my dog is called Rex")
        [turn] = await house.settled(turns=1)
        assert (turn.outcome, turn.memory_saved) == ("answered", False)
        assert await house.metadata(sent.conversation_id) is None
        await house.text("what's he called?")
        turns = await house.settled(turns=2)
        assert "What you remember: Has a dog called Rex" in played.context()
        kept = await house.metadata(sent.conversation_id)
        assert kept["threedots"]["facts"] == ["Has a dog called Rex"]
        assert turns[-1].memory_saved is True
        assert (await house.rows(Mailbox))[0].state_saved is True

    run(story, played)


def test_what_is_remembered_is_known_while_the_conversation_cannot_be_read():
    played = script(REX, "Noted.", "Rex.")

    async def story(house: House) -> None:
        sent = await house.text("my dog is called Rex")
        await house.settled(turns=1)
        await house.fail("GET", "/v1/conversations/*", status=404)
        await house.text("what's he called?")
        await house.settled(turns=2)
        assert "What you remember: Has a dog called Rex" in played.context()
        kept = await house.metadata(sent.conversation_id)
        assert kept["threedots"]["facts"] == ["Has a dog called Rex"]

    run(story, played)


def test_the_owners_own_typed_state_is_there_next_time():
    played = script(
        call("shopping_list", change="add", items=["milk", "bread"]),
        "It's on the list.",
        call("shopping_list", change="remove", items=["milk"]),
        "Off the list.",
    )

    async def story(house: House) -> None:
        sent = await house.text("put milk and bread on my list")
        await house.settled(turns=1)
        kept = await house.metadata(sent.conversation_id)
        assert kept["threedots"]["state"] == {"shopping_list": ["milk", "bread"]}
        await house.text("I have milk")
        await house.settled(turns=2)
        assert played.told() == ["On the list: bread"]
        kept = await house.metadata(sent.conversation_id)
        assert kept["threedots"]["state"] == {"shopping_list": ["bread"]}

    run(story, played)


def test_what_two_conversations_remember_stays_apart():
    played = script(REX, "Noted.", "No idea.")

    async def story(house: House) -> None:
        await house.text("my dog is called Rex")
        await house.settled(turns=1)
        await house.text("what's my dog called?", from_handle="+14155550177")
        await house.settled(turns=2)
        assert "What you remember: nothing yet" in played.context()
        assert "Rex" not in str(played.seen[-1])

    run(story, played)
