"""The checker finds what it is there to find: a sound history, spoilt in one place each time."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from memory.tables import (
    Bubble,
    Consent,
    Event,
    Mailbox,
    Message,
    MetadataEntry,
    ToolCall,
    Turn,
)
from tests.history.checker import CHECKS, violations
from tests.history.history import Dispatch, History, Log, Prompt, Rows

NUMBER, ANA = "+15550100001", "+14155550123"
START = datetime(2027, 1, 15, 8, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def bubble(ref: int, text: str, **fields: Any) -> Bubble:
    sound = {
        "id": f"b{ref}", "mailbox_id": 1, "turn_id": "t1", "position": ref, "ref": ref,
        "text": text, "state": "confirmed", "attempt": 1, "message_id": f"out{ref}",
        "created_at": at(2), "expires_at": at(600), "dispatched_at": at(ref),
        "finished_at": at(ref),
    }  # fmt: skip
    return Bubble(**sound | fields)


def message(ref: int, text: str, **fields: Any) -> Message:
    sound = {
        "id": ref, "mailbox_id": 1, "ref": ref, "message_id": f"in{ref}", "sender": ANA,
        "text": text, "state": "settled", "turn_id": "t1", "outcome": "answered", "event_id": ref,
        "received_at": at(0), "stored_at": at(0),
    }  # fmt: skip
    return Message(**sound | fields)


def turn(turn_id: str, began: float, ended: float | None, **fields: Any) -> Turn:
    sound = {
        "id": turn_id, "mailbox_id": 1, "epoch": 1, "state": "settled", "outcome": "answered",
        "model": "mind", "started_at": at(began),
        "settled_at": None if ended is None else at(ended),
    }  # fmt: skip
    return Turn(**sound | fields)


def read(rev: int, content: str) -> MetadataEntry:
    return MetadataEntry(id=1, mailbox_id=1, kind="read", content=content, rev=rev, at=at(0))


def sent(ref: int, text: str) -> dict[str, Any]:
    return {"id": f"out{ref}", "direction": "outbound", "body": text, "media_urls": []}


def sound() -> History:
    """Ana asks, is answered with two bubbles, and asks something else."""
    mailbox = Mailbox(
        id=1, conversation_id="conv", address="", number=NUMBER, participant=ANA, created_at=at(0),
        channel="imessage", lease_epoch=2, state={"v": 1, "rev": 1}, state_seen={"v": 1, "rev": 1},
    )  # fmt: skip
    posts = [
        {"method": "POST", "path": "/v1/messages", "status": 200,
         "body": {"from_number": NUMBER, "to_number": ANA, "body": text}}
        for text in ("one", "two")
    ]  # fmt: skip
    screen = {
        "id": "conv",
        "messages": [sent(3, "one"), sent(4, "two")],
        "participants": [{"handle": ANA, "name": None}],
        "metadata": {"crm": 7, "threedots": {"v": 1, "rev": 1, "facts": []}},
    }
    return History(
        calls=posts,
        deliveries=[{"webhook_id": "del1", "message_id": "in1", "status": 200}],
        screens={"conv": screen},
        rows=Rows(
            events=[Event(id=1, webhook_id="del1", event="m", body=b"", received_at=at(0))],
            keys=[],
            dead_letters=[],
            mailboxes=[mailbox],
            messages=[message(1, "tea?"), message(2, "cake?", turn_id="t2")],
            turns=[turn("t1", 1, 9), turn("t2", 10, 19, epoch=2)],
            tool_calls=[],
            bubbles=[bubble(3, "one"), bubble(4, "two")],
            consents=[],
            metadata=[
                read(0, '{"crm": 7}'),
                MetadataEntry(
                    id=2,
                    mailbox_id=1,
                    kind="written",
                    rev=1,
                    at=at(9),
                    content='{"crm": 7, "threedots": {"v": 1, "rev": 1}}',
                ),
            ],
        ),
        log=Log(
            prompts=[Prompt(at(2).timestamp(), "tea?"), Prompt(at(11).timestamp(), "tea?\ncake?")],
            dispatches=[Dispatch("b3", 1, 1, opted_out=False)],
            ran=[("t1", "call_1")],
            said=["turn t1: answered"],
            secrets={"tea?", "sk_key"},
        ),
    )


def arrives_twice(history: History) -> None:
    history.screens["conv"]["messages"].append(sent(9, "one"))


def never_arrived(history: History) -> None:
    del history.screens["conv"]["messages"][0]


def was_cancelled_and_left(history: History) -> None:
    history.rows.bubbles[0].state = "cancelled"


def was_never_stored(history: History) -> None:
    history.deliveries.append({"webhook_id": "del9", "message_id": "in9", "status": 200})


def is_never_settled(history: History) -> None:
    history.rows.messages[1].state = "waiting"


def is_stored_twice(history: History) -> None:
    history.rows.messages.append(message(5, "tea?", message_id="in1"))


def turns_overlap(history: History) -> None:
    history.rows.turns[0].settled_at = at(15)


def an_epoch_falls(history: History) -> None:
    history.rows.turns[0].epoch = 3


def leaves_under_an_old_lease(history: History) -> None:
    history.log.dispatches.append(Dispatch("b4", 1, 2, opted_out=False))


def leaves_out_of_order(history: History) -> None:
    history.rows.bubbles[0].dispatched_at = at(8)


def leaves_after_stop(history: History) -> None:
    stop = Consent(id=1, participant=ANA, opted_out=True, how="keyword", at=at(3.5))
    history.rows.consents.append(stop)


def is_let_go_after_stop(history: History) -> None:
    history.log.dispatches.append(Dispatch("b4", 1, 1, opted_out=True))


def is_confirmed_again_and_again(history: History) -> None:
    for ref in (5, 6, 7):
        history.rows.bubbles.append(bubble(ref, f"You are out. {ref}", kind="notice"))
        history.screens["conv"]["messages"].append(sent(ref, f"You are out. {ref}"))


def was_never_read(history: History) -> None:
    history.log.prompts.pop()


def is_not_told_of_a_doubt(history: History) -> None:
    history.rows.bubbles[1].state, history.rows.bubbles[1].message_id = "unconfirmed", None


def a_foreign_key_is_lost(history: History) -> None:
    history.rows.metadata[1].content = '{"threedots": {"v": 1, "rev": 1}}'


def a_revision_falls(history: History) -> None:
    older = copy.copy(history.rows.metadata[1])
    history.rows.metadata.append(MetadataEntry(**older.model_dump() | {"id": 3}))


def is_not_what_was_saved(history: History) -> None:
    history.rows.mailboxes[0].state_seen = {"v": 1, "rev": 5}


def goes_to_somebody_else(history: History) -> None:
    history.calls[0]["body"]["to_number"] = "+14155550199"


def starts_a_group(history: History) -> None:
    history.calls[0]["body"]["recipients"] = [ANA]


def a_tool_runs_twice(history: History) -> None:
    history.log.ran.append(("t1", "call_1"))


def is_confirmed_by_other_words(history: History) -> None:
    history.screens["conv"]["messages"][0]["body"] = "one"
    history.rows.bubbles[0].message_id = "out4"


def calls_without_end(history: History) -> None:
    for number in range(13):
        history.rows.tool_calls.append(
            ToolCall(id=number, turn_id="t1", call_id=str(number), name="x", started_at=at(2))
        )


def words_cross_over(history: History) -> None:
    history.rows.messages[1].mailbox_id = 2


def the_log_tells_words(history: History) -> None:
    history.log.said.append("could not answer 'tea?'")


def work_is_left(history: History) -> None:
    history.rows.mailboxes[0].due_at = at(30)


def a_bubble_is_left_on_its_way(history: History) -> None:
    history.rows.bubbles[1].state = "dispatched"


def somebody_is_texted_first(history: History) -> None:
    history.rows.bubbles[1].turn_id = None


SPOILT: dict[Callable[[History], None], str] = {
    arrives_twice: "I1 no bubble twice",
    never_arrived: "I1 no bubble twice",
    was_cancelled_and_left: "I1 no bubble twice",
    was_never_stored: "I2 no answer without a commit",
    is_never_settled: "I3 every message has an end",
    is_stored_twice: "I3 every message has an end",
    turns_overlap: "I4 one turn at a time",
    an_epoch_falls: "I4 one turn at a time",
    leaves_under_an_old_lease: "I4 one turn at a time",
    leaves_out_of_order: "I5 bubbles leave in order",
    leaves_after_stop: "I6 silence after stop",
    is_let_go_after_stop: "I6 silence after stop",
    is_confirmed_again_and_again: "I6 one confirmation of a stop",
    was_never_read: "I7 what is answered was read",
    is_not_told_of_a_doubt: "I7 what is answered was read",
    a_foreign_key_is_lost: "I8 memory moves forward",
    a_revision_falls: "I8 memory moves forward",
    is_not_what_was_saved: "I8 memory moves forward",
    goes_to_somebody_else: "I9 nothing goes elsewhere",
    starts_a_group: "I9 nothing goes elsewhere",
    a_tool_runs_twice: "I10 no tool twice",
    is_confirmed_by_other_words: "I11 one message, one bubble",
    calls_without_end: "I12 work is bounded",
    words_cross_over: "I13 conversations stay apart",
    the_log_tells_words: "I14 logs tell nothing",
    work_is_left: "I15 all comes to rest",
    a_bubble_is_left_on_its_way: "I15 all comes to rest",
    somebody_is_texted_first: "I16 nobody is texted first",
}


def test_a_sound_history_has_nothing_wrong():
    assert violations(sound()) == []


@pytest.mark.parametrize("spoil", SPOILT, ids=lambda spoil: spoil.__name__)
def test_it_notices_what(spoil: Callable[[History], None]):
    history = sound()
    spoil(history)
    found = violations(history)
    assert [wrong for wrong in found if wrong.startswith(SPOILT[spoil])], found


def test_every_check_is_shown_to_notice_something():
    assert set(SPOILT.values()) == set(CHECKS)
