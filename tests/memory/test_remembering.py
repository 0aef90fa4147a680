"""Taking the memory in and saving it, against an AgentPhone that people and programs edit too."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
import pytest
from sqlmodel import Session, col, select

from memory.consents import opted_out, record_consent
from memory.fitting import BUDGET, FOREIGN_LIMIT
from memory.past import DEPTH, UNREADABLE_DEPTH
from memory.remembering import FAILURES, Memory, load, recall, save, save_unsaved, unsaved
from memory.state import KEY, VERSION, ConversationState, json_bytes
from memory.store import Store
from memory.tables import Consent, Mailbox, MetadataEntry
from memory.turns import Claim, LeaseLost, claim
from phone.client import AgentPhoneClient
from phone.clock import HeldClock, utc
from phone.errors import PhoneError
from phone.types import Conversation
from tests.memory.people import ANA, NOW, OURS, mailbox

Answer = Callable[[httpx.Request], httpx.Response]
DOG, TEA, LYON = "Has a dog", "Likes tea", "Lives in Lyon"


class Hasty(HeldClock):
    """A clock on which nobody waits: whoever sleeps moves it on."""

    async def sleep(self, seconds: float) -> None:
        self.advance(max(seconds, 0.0))


def down(request: httpx.Request) -> httpx.Response:
    return httpx.Response(500, json={"error": {"code": "INTERNAL"}})


def lost(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("no answer", request=request)


def throttled(request: httpx.Request) -> httpx.Response:
    return httpx.Response(429, headers={"Retry-After": "2"}, json={"detail": "slow down"})


def gone(request: httpx.Request) -> httpx.Response:
    return httpx.Response(404, json={"detail": "not found"})


def locked(request: httpx.Request) -> httpx.Response:
    return httpx.Response(401, json={"detail": "wrong key"})


@dataclass
class AgentPhone:
    """The conversations at AgentPhone: read whole, replaced whole.

    Attributes:
        held: Conversation id to metadata.
        patches: How the next PATCHes go instead: an answer, after `True` also carried out.
        gets: The same for reads.
        echo: What becomes of a metadata when it is carried out.
        written: Every metadata that was carried out, oldest first.
        asked: The method of every call.
    """

    held: dict[str, Any] = field(default_factory=dict)
    patches: list[tuple[Answer, bool]] = field(default_factory=list)
    gets: list[Answer] = field(default_factory=list)
    echo: Callable[[Any], Any] = lambda metadata: metadata
    written: list[Any] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        conversation_id = request.url.path.rpartition("/")[2]
        self.asked.append(request.method)
        if request.method == "GET":
            return self.gets.pop(0)(request) if self.gets else self._show(conversation_id)
        answer, happens = self.patches.pop(0) if self.patches else (None, True)
        if happens:
            self.held[conversation_id] = self.echo(json.loads(request.content)["metadata"])
            self.written.append(self.held[conversation_id])
        return answer(request) if answer else self._show(conversation_id)

    def _show(self, conversation_id: str) -> httpx.Response:
        shown = {"id": conversation_id, "phoneNumber": OURS, "messages": []}
        return httpx.Response(200, json={**shown, "metadata": self.held.get(conversation_id)})

    def ours(self, conversation_id: str = "conv_ana") -> Any:
        return (self.held.get(conversation_id) or {}).get(KEY)


@dataclass
class Desk:
    """A store, the line, and turns that do nothing but remember."""

    store: Store
    phone: AgentPhoneClient
    clock: HeldClock
    line: AgentPhone
    note: str | None = None

    async def begin(self) -> tuple[Claim, Memory]:
        """Claim Ana's conversation and take in what AgentPhone holds."""
        held = await self.store.write(_claimed)
        box = await self.box()
        conversation: Conversation | None
        try:
            conversation = await self.phone.conversation("conv_ana")
        except PhoneError:
            conversation = None
        await recall(box, conversation, store=self.store, clock=self.clock)
        return held, load(box)

    async def end(self, held: Claim, memory: Memory) -> bool:
        there = {"phone": self.phone, "store": self.store, "clock": self.clock}
        saved = await save(memory, held, **there)
        await self.store.write(_let_go)
        self.note = saved.note
        return saved.ok

    async def turn(self, *facts: str, without: str | None = None) -> Memory:
        """A whole turn in which these facts were learnt and that one forgotten."""
        held, memory = await self.begin()
        memory.state.facts.extend(facts)
        if without:
            memory.state.facts.remove(without)
        await self.end(held, memory)
        return memory

    async def sweep(self) -> list[int]:
        return await save_unsaved("sweeper", phone=self.phone, store=self.store, clock=self.clock)

    async def box(self) -> Mailbox:
        return await self.store.read(lambda session: session.exec(select(Mailbox)).one())

    async def entries(self, *kinds: str) -> list[Any]:
        rows = select(MetadataEntry).where(col(MetadataEntry.kind).in_(kinds))
        found = await self.store.read(
            lambda session: session.exec(rows.order_by(col(MetadataEntry.id))).all()
        )
        return [json.loads(entry.content) for entry in found]


def _claimed(session: Session) -> Claim:
    box = session.exec(select(Mailbox)).one()
    box.due_at, box.leased_until = utc(NOW), None
    session.add(box)
    session.flush()
    held = claim(session, owner="worker", now=NOW + 10**6)
    assert held is not None
    return held


def _let_go(session: Session) -> None:
    box = session.exec(select(Mailbox)).one()
    box.due_at = box.lease_owner = box.leased_until = None
    session.add(box)


Story = Callable[[Desk], Awaitable[None]]


@asynccontextmanager
async def desk(url: str) -> AsyncIterator[Desk]:
    line, clock = AgentPhone(), Hasty(NOW)
    transport = httpx.MockTransport(line)
    async with (
        Store(url) as store,
        AgentPhoneClient("sk_test", transport=transport, clock=clock) as phone,
    ):
        await store.write(_open)
        yield Desk(store, phone, clock, line)


def _open(session: Session) -> None:
    mailbox(session)


def play(url: str, story: Story) -> None:
    async def all_of_it() -> None:
        async with desk(url) as it:
            await story(it)

    asyncio.run(all_of_it())


def kept(*facts: str, **fields: Any) -> dict[str, Any]:
    """What stands under our key."""
    return ConversationState(facts=list(facts), **fields).model_dump(mode="json")


# Who wins


def test_an_old_copy_that_somebody_put_back_is_no_edit_and_ours_is_written_again(url: str):
    async def story(desk: Desk) -> None:
        await desk.turn(DOG)
        old = desk.line.held["conv_ana"]
        await desk.turn(TEA)
        await desk.turn(without=DOG)
        desk.line.held["conv_ana"] = {**old, "crm": "restored"}
        memory = await desk.turn()
        assert memory.before.facts == [TEA]
        assert desk.line.held["conv_ana"] == {"crm": "restored", KEY: kept(TEA, rev=4)}
        assert (await desk.box()).state_saved

    play(url, story)


def test_an_edit_on_top_of_an_old_copy_still_wins(url: str):
    async def story(desk: Desk) -> None:
        await desk.turn(DOG, LYON)
        old = desk.line.ours()
        await desk.turn(TEA)
        desk.line.held["conv_ana"] = {KEY: {**old, "facts": [LYON, "Runs"], "summary": "Kind"}}
        memory = await desk.turn()
        assert memory.before.facts == [LYON, "Runs", TEA]
        assert desk.line.ours() == kept(LYON, "Runs", TEA, summary="Kind", rev=3)

    play(url, story)


def test_a_copy_older_than_all_we_remember_is_replaced_by_ours(url: str):
    async def story(desk: Desk) -> None:
        await desk.turn(DOG)
        old = desk.line.held["conv_ana"]
        for number in range(DEPTH):
            await desk.turn(f"Fact {number}")
        desk.line.held["conv_ana"] = old
        await desk.turn()
        assert desk.line.ours()["facts"] == [DOG, *(f"Fact {n}" for n in range(DEPTH))]

    play(url, story)


def test_what_a_person_wrote_without_a_revision_is_an_edit(url: str):
    async def story(desk: Desk) -> None:
        await desk.turn(DOG)
        await desk.turn(TEA)
        desk.line.held["conv_ana"] = {KEY: {"facts": [TEA, "Allergic to nuts"]}}
        memory = await desk.turn(LYON)
        assert memory.before.facts == [TEA, "Allergic to nuts"]
        assert desk.line.ours() == kept(TEA, "Allergic to nuts", LYON, rev=3)

    play(url, story)


def test_an_undone_edit_stays_undone(url: str):
    async def story(desk: Desk) -> None:
        await desk.turn(DOG)
        first = desk.line.held["conv_ana"]
        desk.line.held["conv_ana"] = {KEY: kept(DOG, "Is a VIP", rev=1)}
        assert (await desk.turn()).before.facts == [DOG, "Is a VIP"]
        desk.line.held["conv_ana"] = first
        assert (await desk.turn()).before.facts == [DOG]

    play(url, story)


def test_after_a_lost_database_what_agentphone_holds_is_adopted_and_goes_on_from_there(url: str):
    async def story(desk: Desk) -> None:
        desk.line.held["conv_ana"] = {"crm": 1, KEY: kept(DOG, rev=41)}
        assert (await desk.turn()).state == ConversationState(facts=[DOG], rev=41)
        assert "PATCH" not in desk.line.asked
        await desk.turn(TEA)
        assert desk.line.held["conv_ana"] == {"crm": 1, KEY: kept(DOG, TEA, rev=42)}

    play(url, story)


@pytest.mark.parametrize("left", [None, {}, {"crm": 1}, {KEY: None}])
def test_a_deleted_key_is_restored_from_our_copy(url: str, left: Any):
    async def story(desk: Desk) -> None:
        await desk.turn(DOG)
        desk.line.held["conv_ana"] = left
        memory = await desk.turn()
        assert memory.before.facts == [DOG]
        assert desk.line.held["conv_ana"] == {**(left or {}), KEY: kept(DOG, rev=2)}

    play(url, story)


@pytest.mark.parametrize("broken", [[], "a note", {"facts": "Rex"}, {"summary": "x" * 10**6}])
def test_what_cannot_be_read_is_kept_aside_and_ours_is_written_again(url: str, broken: Any):
    async def story(desk: Desk) -> None:
        await desk.turn(DOG)
        desk.line.held["conv_ana"] = {"crm": 1, KEY: broken}
        memory = await desk.turn(TEA)
        assert memory.before.facts == [DOG]
        assert desk.line.held["conv_ana"] == {"crm": 1, KEY: kept(DOG, TEA, rev=2)}
        assert await desk.entries("unreadable") == [broken]

    play(url, story)


def test_only_the_last_few_unreadable_values_are_kept(url: str):
    async def story(desk: Desk) -> None:
        for number in range(UNREADABLE_DEPTH + 3):
            desk.line.held["conv_ana"] = {KEY: [number]}
            await desk.turn(f"Fact {number}")
        assert await desk.entries("unreadable") == [[number] for number in range(3, 8)]

    play(url, story)


def test_metadata_that_is_no_object_is_kept_aside_and_replaced(url: str):
    async def story(desk: Desk) -> None:
        desk.line.held["conv_ana"] = ["not", "ours"]
        await desk.turn(DOG)
        assert desk.line.held["conv_ana"] == {KEY: kept(DOG, rev=1)}
        assert await desk.entries("unreadable") == [["not", "ours"]]

    play(url, story)


def test_what_a_newer_version_wrote_is_used_left_alone_and_said_once(
    url: str, caplog: pytest.LogCaptureFixture
):
    newer = {KEY: {**kept(DOG, rev=9), "v": VERSION + 1, "novelty": [1]}}

    async def story(desk: Desk) -> None:
        desk.line.held["conv_ana"] = newer
        for fact in (TEA, LYON):
            memory = await desk.turn(fact)
        assert memory.state.facts == [DOG, TEA, LYON]
        assert desk.line.held["conv_ana"] == newer
        assert "PATCH" not in desk.line.asked
        box = await desk.box()
        assert (box.state_saved, "newer version" in (box.state_blocked or "")) == (False, True)
        assert await desk.sweep() == []
        desk.line.held["conv_ana"] = {KEY: kept(DOG, rev=9)}
        await desk.turn()
        assert desk.line.ours() == kept(DOG, TEA, LYON, rev=10)
        assert (await desk.box()).state_blocked is None

    with caplog.at_level(logging.WARNING):
        play(url, story)
    assert sum("newer version" in record.getMessage() for record in caplog.records) == 1


# The opt-out flag


def flagged(*facts: str, **fields: Any) -> dict[str, Any]:
    return {KEY: kept(*facts, flags={"opted_out": True}, **fields)}


def is_out(session: Session) -> bool:
    return opted_out(session, ANA)


def test_a_flag_set_by_an_operator_is_an_opt_out_in_the_ledger(url: str):
    async def story(desk: Desk) -> None:
        await desk.turn(DOG)
        desk.line.held["conv_ana"] = flagged(DOG, rev=1)
        await desk.begin()
        assert await desk.store.read(is_out)
        [entry] = await desk.store.read(lambda session: session.exec(select(Consent)).all())
        assert (entry.how, entry.evidence) == (
            "metadata",
            "flags.opted_out in the metadata of conversation conv_ana",
        )

    play(url, story)


def test_a_flag_that_was_there_before_start_is_stale_and_is_taken_down(url: str):
    async def story(desk: Desk) -> None:
        desk.line.held["conv_ana"] = flagged(DOG)
        await desk.turn()
        assert await desk.store.read(is_out)
        start = partial(record_consent, participant=ANA, opted_out=False, how="keyword", now=NOW)
        await desk.store.write(start)
        await desk.turn()
        assert not await desk.store.read(is_out)
        assert desk.line.ours()["flags"] == {"opted_out": False}

    play(url, story)


def test_a_flag_set_again_after_start_counts_again(url: str):
    async def story(desk: Desk) -> None:
        desk.line.held["conv_ana"] = flagged(DOG)
        await desk.turn()
        start = partial(record_consent, participant=ANA, opted_out=False, how="keyword", now=NOW)
        await desk.store.write(start)
        await desk.turn()
        desk.line.held["conv_ana"] = flagged(DOG, rev=desk.line.ours()["rev"])
        await desk.begin()
        assert await desk.store.read(is_out)

    play(url, story)


def test_a_flag_that_somebody_clears_opts_nobody_in(url: str):
    async def story(desk: Desk) -> None:
        stop = partial(record_consent, participant=ANA, opted_out=True, how="keyword", now=NOW)
        await desk.store.write(stop)
        await desk.sweep()
        assert desk.line.ours()["flags"] == {"opted_out": True}
        desk.line.held["conv_ana"] = {KEY: kept(rev=1)}
        await desk.turn()
        assert await desk.store.read(is_out)
        assert desk.line.ours()["flags"] == {"opted_out": True}

    play(url, story)


def test_a_flag_counts_even_when_the_rest_cannot_be_read(url: str):
    async def story(desk: Desk) -> None:
        desk.line.held["conv_ana"] = {KEY: {"facts": 7, "flags": {"opted_out": True}}}
        await desk.begin()
        assert await desk.store.read(is_out)

    play(url, story)


def test_an_old_copy_with_the_flag_is_nobodys_act(url: str):
    async def story(desk: Desk) -> None:
        stop = partial(record_consent, participant=ANA, opted_out=True, how="keyword", now=NOW)
        start = partial(record_consent, participant=ANA, opted_out=False, how="keyword", now=NOW)
        await desk.store.write(stop)
        await desk.sweep()
        old = desk.line.held["conv_ana"]
        await desk.store.write(start)
        await desk.sweep()
        desk.line.held["conv_ana"] = old
        await desk.turn()
        assert not await desk.store.read(is_out)
        assert desk.line.ours()["flags"] == {"opted_out": False}

    play(url, story)


def test_a_flag_on_a_group_silences_us_in_that_group(url: str):
    def regroup(session: Session) -> None:
        box = session.exec(select(Mailbox)).one()
        box.is_group, box.group_id = True, "grp_1"
        session.add(box)

    async def story(desk: Desk) -> None:
        await desk.store.write(regroup)
        desk.line.held["conv_ana"] = flagged()
        await desk.begin()
        assert not await desk.store.read(is_out)
        assert await desk.store.read(lambda session: opted_out(session, "grp_1"))

    play(url, story)


def test_a_flag_set_during_the_turn_is_seen_when_it_is_saved(url: str):
    async def story(desk: Desk) -> None:
        held, memory = await desk.begin()
        desk.line.held["conv_ana"] = flagged()
        memory.state.facts.append(DOG)
        await desk.end(held, memory)
        assert await desk.store.read(is_out)
        assert desk.line.ours() == kept(DOG, flags={"opted_out": True}, rev=1)

    play(url, story)


# Room


def test_over_budget_the_oldest_facts_are_archived_and_the_rest_is_written(url: str):
    facts = [f"{number:02} {'x' * 180}" for number in range(30)]

    async def story(desk: Desk) -> None:
        held, memory = await desk.begin()
        memory.state.facts.extend(facts)
        desk.line.patches = [(down, False)]
        assert await desk.end(held, memory)
        ours = desk.line.ours()
        archived = await desk.entries("archived")
        assert json_bytes(ours) <= BUDGET
        assert archived
        assert archived + ours["facts"] == facts
        assert desk.note == f"archived to make room: {len(archived)} of what was remembered," + (
            " oldest first"
        )
        assert (await desk.turn()).before.facts == ours["facts"]

    play(url, story)


def test_beside_too_much_of_others_nothing_is_written_until_there_is_room(
    url: str, caplog: pytest.LogCaptureFixture
):
    async def story(desk: Desk) -> None:
        desk.line.held["conv_ana"] = big = {"crm": "x" * FOREIGN_LIMIT}
        await desk.turn(DOG)
        await desk.turn(TEA)
        assert desk.line.held["conv_ana"] == big
        assert "other keys" in (desk.note or "")
        assert await desk.sweep() == []
        desk.line.held["conv_ana"] = {"crm": "x"}
        assert (await desk.turn()).before.facts == [DOG, TEA]
        assert desk.line.held["conv_ana"] == {"crm": "x", KEY: kept(DOG, TEA, rev=1)}

    with caplog.at_level(logging.WARNING):
        play(url, story)
    assert sum("other keys" in record.getMessage() for record in caplog.records) == 1


# Saving


def test_a_turn_that_changes_nothing_writes_nothing_anywhere(url: str):
    async def story(desk: Desk) -> None:
        desk.line.held["conv_ana"] = {"crm": 1, KEY: kept(DOG, rev=3)}
        await desk.turn()
        before = (await desk.box()).model_dump(), await desk.entries("read", "written")
        held, memory = await desk.begin()
        assert await desk.end(held, memory)
        box = await desk.box()
        assert (box.state, box.state_seen) == (before[0]["state"], before[0]["state_seen"])
        assert await desk.entries("read", "written") == before[1]
        assert desk.line.asked == ["GET", "GET"]

    play(url, story)


@pytest.mark.parametrize("trouble", [down, lost, throttled])
@pytest.mark.parametrize("happens", [True, False])
def test_a_write_that_fails_is_tried_again_in_the_turn(url: str, trouble: Answer, happens: bool):
    async def story(desk: Desk) -> None:
        desk.line.patches = [(trouble, happens)] * 2
        held, memory = await desk.begin()
        memory.state.facts.append(DOG)
        assert await desk.end(held, memory)
        assert desk.line.ours()["facts"] == [DOG]
        revisions = [written[KEY]["rev"] for written in desk.line.written]
        assert revisions == sorted(set(revisions))

    play(url, story)


def test_after_three_tries_our_copy_is_the_truth_until_the_sweep_saves_it(url: str):
    async def story(desk: Desk) -> None:
        desk.line.patches = [(down, False)] * 3
        held, memory = await desk.begin()
        memory.state.facts.append(DOG)
        assert not await desk.end(held, memory)
        assert desk.line.asked.count("PATCH") == 3
        box = await desk.box()
        assert (box.state or {})["facts"] == [DOG]
        assert await desk.store.read(partial(unsaved, now=desk.clock.now())) == [box.id]
        assert await desk.sweep() == [box.id]
        assert desk.line.ours()["facts"] == [DOG]
        box = await desk.box()
        assert (box.state_saved, box.lease_owner, box.leased_until) == (True, None, None)
        assert await desk.sweep() == []

    play(url, story)


def test_a_fact_removed_from_a_write_whose_answer_was_lost_is_not_learnt_again(url: str):
    async def story(desk: Desk) -> None:
        desk.line.patches = [(lost, True), (lost, False), (lost, False)]
        await desk.turn(DOG, TEA)
        desk.line.held["conv_ana"] = {KEY: {**desk.line.ours(), "facts": [TEA]}}
        await desk.sweep()
        assert desk.line.ours()["facts"] == [TEA]
        assert (await desk.box()).state_saved

    play(url, story)


def test_an_answer_that_differs_from_what_was_written_is_looked_at_again(url: str):
    async def story(desk: Desk) -> None:
        desk.line.echo = lambda metadata: {KEY: {**metadata[KEY], "facts": [TEA]}}
        held, memory = await desk.begin()
        memory.state.facts.extend([DOG, TEA])
        assert not await desk.end(held, memory)
        desk.line.echo = lambda metadata: metadata
        assert (await desk.turn()).before.facts == [TEA]
        assert len(desk.line.written) == 1
        assert (await desk.box()).state_saved

    play(url, story)


def test_a_refused_write_is_not_repeated_before_the_next_turn(url: str):
    async def story(desk: Desk) -> None:
        desk.line.patches = [(gone, False)]
        await desk.turn(DOG)
        assert desk.line.asked.count("PATCH") == 1
        assert await desk.sweep() == []
        await desk.turn()
        assert desk.line.ours()["facts"] == [DOG]

    play(url, story)


def test_a_write_refused_for_want_of_a_right_key_is_repeated_by_the_sweep(url: str):
    async def story(desk: Desk) -> None:
        desk.line.patches = [(locked, False)]
        await desk.turn(DOG)
        assert desk.line.ours() is None
        assert len(await desk.sweep()) == 1
        assert desk.line.ours()["facts"] == [DOG]

    play(url, story)


def test_a_round_of_saving_ends_early_while_agentphone_is_away(url: str):
    async def story(desk: Desk) -> None:
        for number in range(FAILURES + 2):
            await desk.store.write(partial(_owing, number))
        desk.line.gets = [down] * 3 * FAILURES
        assert await desk.sweep() == []
        assert len(desk.line.asked) == 3 * FAILURES
        assert len(await desk.sweep()) == FAILURES + 2

    play(url, story)


def _owing(number: int, session: Session) -> None:
    """A conversation whose memory was not saved."""
    mailbox(
        session,
        conversation_id=f"conv_{number}",
        participant=f"+1415555{number:04}",
        state=kept(DOG),
        state_saved=False,
    )


def test_the_sweep_leaves_a_conversation_alone_in_which_a_turn_is_at_work(url: str):
    async def story(desk: Desk) -> None:
        desk.line.patches = [(down, False)] * 3
        await desk.turn(DOG)
        await desk.begin()
        assert await desk.sweep() == []
        assert desk.line.ours() is None

    play(url, story)


def test_who_has_lost_the_conversation_writes_nothing(url: str):
    async def story(desk: Desk) -> None:
        held, memory = await desk.begin()
        await desk.begin()
        memory.state.facts.append(DOG)
        with pytest.raises(LeaseLost):
            await desk.end(held, memory)
        assert "PATCH" not in desk.line.asked

    play(url, story)


# The past


def test_every_metadata_read_or_written_is_kept_for_a_while(url: str):
    async def story(desk: Desk) -> None:
        desk.line.held["conv_ana"] = {"crm": 1}
        await desk.turn(DOG)
        desk.line.held["conv_ana"] = edited = {"crm": 2, KEY: kept(DOG, "Is a VIP", rev=1)}
        await desk.turn()
        past = await desk.entries("read", "written")
        assert past == [{"crm": 1}, {"crm": 1, KEY: kept(DOG, rev=1)}, edited]
        for number in range(DEPTH + 5):
            await desk.turn(str(number))
        past = await desk.entries("read", "written")
        assert len(past) == DEPTH
        assert past[-1] == desk.line.held["conv_ana"]

    play(url, story)


def test_our_own_copy_that_no_longer_fits_is_kept_aside_and_what_fits_is_used(url: str):
    old = {"v": 1, "rev": 2, "facts": [DOG], "state": {"shopping_list": {"milk": 2}}}

    def change_shape(session: Session) -> None:
        box = session.exec(select(Mailbox)).one()
        box.state = box.state_seen = old
        session.add(box)

    async def story(desk: Desk) -> None:
        await desk.store.write(change_shape)
        desk.line.held["conv_ana"] = {KEY: old}
        await desk.turn(TEA)
        assert desk.line.ours() == kept(DOG, TEA, rev=3)
        assert old in await desk.entries("unreadable")

    play(url, story)
