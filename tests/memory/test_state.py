"""What the memory is, how it is read whoever wrote it, and how two versions of it become one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.fitting import BUDGET, FOREIGN_LIMIT, SUMMARY_LENGTH, compacted, why_too_large
from memory.state import (
    HUGE,
    KEY,
    VERSION,
    ConversationState,
    OwnState,
    found_in,
    json_bytes,
    merge,
    salvaged,
    with_state,
)

WORDS = st.sampled_from(["Has a dog", "Lives in Lyon", "Likes tea", "Is left-handed", "Runs"])
VALUES = st.sampled_from(["yes", "no", 2, 3, ["a"], ["a", "b"], {"x": 4}, {"x": 5, "y": 6}])
FACTS = st.lists(WORDS, unique=True)
FLAGS = st.dictionaries(st.sampled_from(["vip", "muted", "tone"]), VALUES)
STATES = st.builds(
    ConversationState,
    rev=st.integers(0, 9),
    facts=FACTS,
    summary=st.sampled_from(["", "Kind", "Busy"]),
    flags=FLAGS,
    state=st.builds(OwnState, shopping_list=FACTS),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def state(*facts: str, **fields: Any) -> ConversationState:
    return ConversationState(facts=list(facts), **fields)


# What a person and we both changed


def test_what_each_side_adds_is_kept_in_order_theirs_first():
    base, theirs, ours = state("dog"), state("dog", "tea"), state("dog", "Lyon")
    assert merge(base=base, theirs=theirs, ours=ours).facts == ["dog", "tea", "Lyon"]


def test_a_fact_a_person_removed_is_not_learnt_again():
    merged = merge(base=state("dog"), theirs=state(), ours=state("dog", "Lyon"))
    assert merged.facts == ["Lyon"]


def test_a_fact_we_forgot_is_gone():
    assert merge(base=state("dog"), theirs=state("dog"), ours=state()).facts == []


def test_of_two_changes_of_the_same_thing_the_persons_holds():
    base, theirs, ours = (state(summary=text) for text in ("", "A regular", "New here"))
    assert merge(base=base, theirs=theirs, ours=ours).summary == "A regular"


def test_changes_of_different_things_both_hold():
    base = state(flags={"vip": 1, "tone": "dry"})
    theirs, ours = state(flags={"vip": 2, "tone": "dry"}), state(flags={"vip": 1, "tone": "warm"})
    assert merge(base=base, theirs=theirs, ours=ours).flags == {"vip": 2, "tone": "warm"}


def test_a_key_a_person_removed_stays_removed_even_outside_what_we_know():
    base = ConversationState.model_validate({"nickname": "Al", "flags": {"vip": 1}})
    merged = merge(base=base, theirs=state(), ours=base.model_copy(update={"flags": {"vip": 2}}))
    assert merged.flags == {}
    assert "nickname" not in merged.model_dump()


def test_without_a_base_nothing_counts_as_removed():
    assert merge(base=None, theirs=state("dog"), ours=state("tea")).facts == ["dog", "tea"]


def test_two_own_states_that_do_not_go_together_are_not_mixed():
    class Pair(OwnState):
        def model_post_init(self, _: Any) -> None:
            if len(self.shopping_list) > 1:
                raise ValueError("one thing at most")

    class OnePair(ConversationState):
        state: Pair = Pair()

    theirs, ours = (OnePair(facts=[x], state=Pair(shopping_list=[x])) for x in ("milk", "bread"))
    merged = merge(base=None, theirs=theirs, ours=ours)
    assert (merged.state.shopping_list, merged.facts) == (["milk"], ["milk", "bread"])


@given(STATES, STATES, STATES)
def test_merging_again_changes_nothing(
    base: ConversationState, theirs: ConversationState, ours: ConversationState
):
    merged = merge(base=base, theirs=theirs, ours=ours)
    assert merge(base=base, theirs=merged, ours=ours) == merged
    assert merge(base=theirs, theirs=theirs, ours=merged) == merged
    assert merge(base=merged, theirs=merged, ours=merged) == merged


@given(STATES, STATES, STATES)
def test_whatever_a_person_removed_is_gone(
    base: ConversationState, theirs: ConversationState, ours: ConversationState
):
    merged = merge(base=base, theirs=theirs, ours=ours)
    assert not {*base.facts} - {*theirs.facts} & {*merged.facts}
    assert not {*base.flags} - {*theirs.flags} & {*merged.flags}


@given(STATES, STATES, STATES)
def test_no_addition_of_either_side_is_lost(
    base: ConversationState, theirs: ConversationState, ours: ConversationState
):
    merged = merge(base=base, theirs=theirs, ours=ours)
    assert ({*theirs.facts} | {*ours.facts}) - {*base.facts} <= {*merged.facts}
    assert {*theirs.flags} | ({*ours.flags} - {*base.flags}) >= {*merged.flags}
    assert {*ours.flags} - {*base.flags} <= {*merged.flags}


@given(STATES, STATES, STATES)
def test_the_revision_never_falls(
    base: ConversationState, theirs: ConversationState, ours: ConversationState
):
    merged = merge(base=base, theirs=theirs, ours=ours)
    assert merged.rev == max(base.rev, theirs.rev, ours.rev)


@given(STATES, STATES, STATES)
def test_what_a_person_changed_is_what_holds(
    base: ConversationState, theirs: ConversationState, ours: ConversationState
):
    merged = merge(base=base, theirs=theirs, ours=ours)
    if theirs.summary != base.summary:
        assert merged.summary == theirs.summary
    for flag, value in theirs.flags.items():
        if not isinstance(value, list | dict) and base.flags.get(flag) != value:
            assert merged.flags[flag] == value


@given(STATES, FACTS, FACTS, VALUES, VALUES, st.sampled_from(["Kind", "Busy", "Old friend"]))
def test_edits_of_different_things_give_the_same_in_either_order(
    base: ConversationState,
    one_facts: list[str],
    other_facts: list[str],
    one_flag: Any,
    other_flag: Any,
    summary: str,
):
    one = base.model_copy(
        update={"facts": one_facts, "flags": {**base.flags, "vip": one_flag}, "summary": summary}
    )
    other = base.model_copy(
        update={"facts": other_facts, "flags": {**base.flags, "muted": other_flag}}
    )
    here = merge(base=base, theirs=one, ours=other)
    there = merge(base=base, theirs=other, ours=one)
    assert sorted(here.facts) == sorted(there.facts)
    assert here.model_copy(update={"facts": []}) == there.model_copy(update={"facts": []})


@given(st.dictionaries(st.text(), JSON), STATES)
def test_keys_of_others_are_written_back_byte_for_byte(
    metadata: dict[str, Any], ours: ConversationState
):
    foreign = {key: value for key, value in metadata.items() if key != KEY}
    written = with_state(metadata, ours)
    back = {key: value for key, value in written.items() if key != KEY}
    assert json.dumps(back) == json.dumps(foreign)
    assert found_in(json.loads(json.dumps(written))).state == ours


# Reading what anybody may have written


@pytest.mark.parametrize("metadata", [None, {}, {"crm": 1}, {KEY: None}])
def test_where_there_is_nothing_nothing_is_found_and_nothing_kept_aside(metadata: Any):
    found = found_in(metadata)
    assert (found.state, found.unreadable, found.is_writable) == (None, None, True)


UNREADABLE = [
    [], "a note", 7, True, {"facts": "Rex"}, {"facts": [1]}, {"rev": -1}, {"rev": 10**40},
    {"v": "1"}, {"v": True}, {"v": None}, {"v": 1.5}, {"v": 0}, {"flags": []}, {"summary": None},
    {"state": {"shopping_list": "milk"}}, {"summary": "x" * HUGE},
]  # fmt: skip


@pytest.mark.parametrize("ours", UNREADABLE, ids=lambda ours: repr(ours)[:30])
def test_what_cannot_be_read_is_handed_back_whole_to_be_kept_aside(ours: Any):
    found = found_in({"crm": 1, KEY: ours})
    assert (found.state, found.is_writable) == (None, True)
    assert found.unreadable is not None
    assert json.loads(found.unreadable) == ours


@pytest.mark.parametrize("metadata", [[], "a note", 7, ["threedots"]])
def test_metadata_that_is_no_object_is_kept_aside_whole(metadata: Any):
    assert json.loads(found_in(metadata).unreadable or "") == metadata


@given(JSON)
def test_reading_never_raises(anything: Any):
    for metadata in (anything, {KEY: anything}, {KEY: {"v": VERSION + 1, "facts": anything}}):
        found_in(metadata)


def test_a_person_may_leave_out_whatever_they_do_not_care_for():
    found = found_in({KEY: {"facts": ["Allergic to nuts"]}})
    assert found.state == state("Allergic to nuts")


def test_a_newer_version_is_read_as_far_as_it_goes_and_is_not_ours_to_write():
    newer = {"v": VERSION + 1, "rev": 4, "facts": ["Has a cat"], "summary": {"long": "text"}}
    found = found_in({KEY: newer})
    assert found.state is not None
    assert (found.state.facts, found.state.summary) == (["Has a cat"], "")
    assert (found.is_writable, found.unreadable) == (False, None)


def from_v0(raw: dict[str, Any]) -> dict[str, Any]:
    return {**raw, "facts": raw["notes"].split("; ")}


def test_an_older_version_is_brought_up_to_date_step_by_step():
    older = {"v": -1, "rev": 3, "notes": ["Has a dog", "Likes tea"]}
    steps = {-1: lambda raw: {**raw, "notes": "; ".join(raw["notes"])}, 0: from_v0}
    found = found_in({KEY: older}, steps)
    assert found.state is not None
    assert (found.state.v, found.state.rev) == (VERSION, 3)
    assert found.state.facts == ["Has a dog", "Likes tea"]


def test_an_older_version_that_an_upgrade_stumbles_over_is_kept_aside():
    found = found_in({KEY: {"v": 0, "remarks": 1}}, {0: from_v0})
    assert (found.state, json.loads(found.unreadable or "")) == (None, {"v": 0, "remarks": 1})


def test_our_own_copy_outlives_a_change_of_the_owners_state():
    kept = {"v": 1, "rev": 2, "facts": ["Has a dog"], "state": {"shopping_list": {"milk": 2}}}
    assert salvaged(kept) == state("Has a dog", rev=2)


@pytest.mark.parametrize("flag", [True, "true", "Yes", 1, "1"])
def test_the_opt_out_flag_counts_however_it_is_written_and_whatever_stands_beside(flag: Any):
    assert found_in({KEY: {"facts": "broken", "flags": {"opted_out": flag}}}).says_stop
    assert found_in({KEY: {"v": VERSION + 1, "flags": {"opted_out": flag}}}).says_stop


@pytest.mark.parametrize("flags", [{}, {"opted_out": False}, {"opted_out": None}, None, "true"])
def test_anything_else_is_no_opt_out(flags: Any):
    assert not found_in({KEY: {"flags": flags}}).says_stop


# Making it fit


def test_what_fits_is_left_alone():
    small = state("Has a dog", summary="Kind")
    assert compacted(small) == (small, [])


def test_the_oldest_facts_go_first_and_are_handed_over():
    facts = [f"{number:03} {'x' * 190}" for number in range(30)]
    full = state(*facts, flags={"vip": True})
    smaller, removed = compacted(full)
    assert removed + smaller.facts == facts
    assert json_bytes(smaller.model_dump(mode="json")) <= BUDGET
    assert json_bytes({**smaller.model_dump(mode="json"), "facts": facts[len(removed) - 1 :]}) > (
        BUDGET
    )
    assert full.facts == facts


def test_a_long_summary_is_shortened_before_a_fact_goes():
    story = "word " * 1000
    smaller, removed = compacted(state("Has a dog", summary=story))
    assert (smaller.facts, removed) == (["Has a dog"], [f"summary: {story}"])
    assert story.startswith(smaller.summary.removesuffix(" …"))
    assert len(smaller.summary) <= SUMMARY_LENGTH + 2


def test_bytes_count_and_not_characters():
    facts = ["😀" * 50 for _ in range(25)]
    smaller, removed = compacted(state(*facts))
    assert removed
    assert len(json.dumps(smaller.model_dump(), ensure_ascii=False).encode()) <= BUDGET + 100


def test_the_owners_state_and_flags_are_never_cut_and_then_it_is_not_written():
    own = OwnState(shopping_list=["x" * 100] * 50)
    smaller, _ = compacted(state("Has a dog", state=own, flags={"vip": True}))
    assert (smaller.state, smaller.flags) == (own, {"vip": True})
    assert "OwnState" in (why_too_large(with_state({}, smaller)) or "")


def test_nothing_is_written_beside_very_much_of_others():
    assert why_too_large(with_state({"crm": "x" * (FOREIGN_LIMIT - 20)}, state())) is None
    assert "other keys" in (why_too_large(with_state({"crm": "x" * FOREIGN_LIMIT}, state())) or "")
