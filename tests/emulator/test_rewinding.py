"""The twin's past: moments are kept, and a conversation is put back to how it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from phone.clock import HeldClock
from phone.emulator import conversations, moments, receiving, sending, tapbacks
from phone.emulator.records import ConversationRecord, MessageRecord
from phone.emulator.rewinding import NoSuchPlace, Place, Told, rewind
from phone.emulator.twin import Twin
from tests.emulator.stage import ANA, BO, CAT, DOG, IMESSAGE, SMS


class Past:
    """A line on which time passes with everything that happens."""

    def __init__(self) -> None:
        self.clock = HeldClock()
        self.twin = Twin(clock=self.clock, seed=7)
        self.line = self.twin.line

    def hears(self, body: str, who: str = ANA, **fields: Any) -> MessageRecord:
        self.clock.advance(10)
        writing = receiving.Writing(from_handle=who, body=body, **fields)
        return receiving.receive(self.line, writing)[1][-1]

    def says(self, body: str, to: str = ANA, number: str = IMESSAGE) -> MessageRecord:
        self.clock.advance(10)
        asked = sending.Sending(from_number=number, to_number=to, body=body)
        return sending.send(self.line, asked).messages[-1]

    def taps(self, message: MessageRecord, reaction: str, who: str = ANA) -> None:
        self.clock.advance(10)
        receiving.react(self.line, from_handle=who, message_id=message.id, reaction=reaction)

    def remembers(self, message: MessageRecord, **metadata: Any) -> None:
        self.clock.advance(10)
        conversations.remember(self.line, self.talk(message), metadata)

    def talk(self, message: MessageRecord) -> ConversationRecord:
        return self.line.conversations[message.conversation_id]

    @property
    def saved(self) -> list[tuple[str, str, str]]:
        tables = self.line.tables.items()
        return [
            (kind, id, record.model_dump_json())
            for kind, table in tables
            for id, record in table.items()
        ]

    def told(self, message: MessageRecord) -> Told:
        return Told(self.saved, message.conversation_id)

    def rewound(self, place: Place, **options: Any) -> Twin:
        """A twin on what is left."""
        rows: dict[tuple[str, str], str | None] = {(k, i): text for k, i, text in self.saved}
        rows |= {(k, i): text for k, i, text in rewind(self.saved, place, **options)}
        left = [(kind, id, text) for (kind, id), text in rows.items() if text is not None]
        return Twin(clock=self.clock, load=lambda: left)


def bodies(twin: Twin) -> list[str]:
    (conversation,) = twin.line.conversations.values()
    return [message.body for message in twin.line.messages_of[conversation.id]]


def only(twin: Twin) -> ConversationRecord:
    (conversation,) = twin.line.conversations.values()
    return conversation


def reactions(messages: Sequence[MessageRecord]) -> list[list[str]]:
    return [[one.reaction for one in message.reactions] for message in messages]


def test_a_moment_is_kept_of_every_change_and_of_nothing_else():
    past = Past()
    first = past.hears("hi")
    talk = past.talk(first)
    past.remembers(first, a=1)
    past.remembers(first, a=1)
    conversations.set_background(past.line, talk, CAT)
    conversations.remove_background(past.line, talk)
    past.hears("by sms", channel="sms")
    past.hears("again", channel="sms")
    kept = past.line.moments_of[talk.id]
    assert [(one.channel, one.metadata, one.background_url) for one in kept] == [
        ("imessage", None, None),
        ("imessage", {"a": 1}, None),
        ("imessage", {"a": 1}, CAT),
        ("imessage", {"a": 1}, None),
        ("sms", {"a": 1}, None),
    ]


def test_the_oldest_moments_go_when_there_are_too_many():
    past = Past()
    first = past.hears("hi")
    for number in range(moments.KEPT + 5):
        past.remembers(first, number=number)
    kept = past.line.moments_of[first.conversation_id]
    assert len(kept) == len(past.line.moments) == moments.KEPT
    assert kept[0].metadata == {"number": 5}


def test_moments_survive_a_restart_and_older_lines_begin_to_keep_them():
    past = Past()
    past.remembers(past.hears("hi"), a=1)
    again = Twin(clock=past.clock, load=lambda: past.saved)
    assert len(again.line.moments_of[only(again).id]) == 2
    older = [row for row in past.saved if row[0] != "moment"]
    later = Twin(clock=past.clock, load=lambda: older)
    assert [one.metadata for one in later.line.moments_of[only(later).id]] == [{"a": 1}]


def test_after_a_bubble_later_messages_and_tapbacks_are_gone():
    past = Past()
    past.hears("hi")
    answer = past.says("hello")
    past.taps(answer, "love")
    past.hears("more")
    twin = past.rewound(past.told(answer).after(answer.id))
    assert bodies(twin) == ["hi", "hello"]
    assert reactions(twin.line.messages_of[only(twin).id]) == [[], []]
    assert only(twin).last_message_at == answer.at


def test_before_a_message_a_tapback_of_earlier_is_there_as_it_was():
    past = Past()
    past.hears("hi")
    answer = past.says("hello")
    past.taps(answer, "love")
    later = past.hears("more")
    past.taps(answer, "laugh")
    twin = past.rewound(past.told(later).before(later.id))
    assert bodies(twin) == ["hi", "hello"]
    assert reactions(twin.line.messages_of[only(twin).id]) == [[], ["love"]]
    assert only(twin).streak == 0, "they have tapped back since"


def test_before_a_tapback_it_is_gone():
    past = Past()
    past.hears("hi")
    answer = past.says("hello")
    past.taps(answer, "love")
    tapped = past.line.messages[answer.id].reactions[0]
    twin = past.rewound(past.told(answer).before(tapped.id))
    assert bodies(twin) == ["hi", "hello"]
    assert reactions(twin.line.messages_of[only(twin).id]) == [[], []]


def test_memory_background_and_channel_are_those_of_that_time():
    past = Past()
    first = past.hears("hi")
    past.remembers(first, a=1)
    conversations.set_background(past.line, past.talk(first), CAT)
    answer = past.says("hello")
    past.remembers(first, a=2)
    conversations.set_background(past.line, past.talk(first), DOG)
    past.hears("by sms", channel="sms")
    twin = past.rewound(past.told(answer).after(answer.id))
    talk = only(twin)
    assert (talk.metadata, talk.channel) == ({"a": 1}, "imessage")
    assert (talk.background_url, talk.background_version) == (CAT, 1)
    assert twin.line.moments_of[talk.id][-1].metadata == {"a": 1}


def test_what_the_agent_did_until_its_turn_ended_stays_with_its_last_bubble():
    past = Past()
    past.hears("hi")
    answer = past.says("hello")
    past.remembers(answer, a=1)
    ended = past.line.now()
    past.remembers(answer, a=2)
    twin = past.rewound(past.told(answer).after(answer.id), until=ended)
    assert only(twin).metadata == {"a": 1}


def test_what_a_person_did_after_writing_on_goes_with_their_words():
    past = Past()
    past.hears("hi")
    answer = past.says("hello")
    past.hears("by sms", channel="sms")
    past.taps(answer, "love")
    tapbacks.put_reaction(
        past.line, past.line.messages[answer.id], "like", from_handle=IMESSAGE, direction="outbound"
    )
    twin = past.rewound(past.told(answer).after(answer.id), until=past.line.now())
    assert only(twin).channel == "imessage"
    assert reactions(twin.line.messages_of[only(twin).id]) == [[], ["like"]]


def test_a_group_is_called_what_it_was_called():
    past = Past()
    group = receiving.start_group(past.line, [ANA, BO], name="Hikers", to_number=None)
    first = past.hears("hi", group_id=group.group_id)
    past.clock.advance(1)
    conversations.rename(past.line, group, "Swimmers")
    second = past.hears("ho", BO, group_id=group.group_id)
    told = past.told(first)
    assert only(past.rewound(told.after(first.id))).group_name == "Hikers"
    assert only(past.rewound(told.before(second.id))).group_name == "Swimmers"
    assert only(past.rewound(told.end())).group_name == "Swimmers"


def test_only_this_conversation_is_left_and_nothing_is_on_its_way():
    past = Past()
    past.twin.set_webhook("http://127.0.0.1:1/hook")
    first = past.hears("hi")
    past.twin.courier.announce_message(first)
    past.hears("and I", BO)
    twin = past.rewound(past.told(first).after(first.id))
    assert [one.participant for one in twin.line.conversations.values()] == [ANA]
    assert twin.line.deliveries == {}
    assert list(twin.line.messages) == [first.id]
    assert twin.line.hooks.keys() == past.line.hooks.keys()


def test_several_photos_sent_at_once_go_together():
    past = Past()
    past.hears("hi")
    past.clock.advance(10)
    writing = receiving.Writing(from_handle=ANA, body="look", media_urls=(CAT, DOG))
    photos = receiving.receive(past.line, writing)[1]
    told = past.told(photos[0])
    assert bodies(past.rewound(told.before(photos[1].id))) == ["hi"]
    assert bodies(past.rewound(told.after(photos[0].id))) == ["hi", "", "look"]


def test_a_stop_to_the_carrier_is_gone_with_its_message():
    past = Past()
    past.hears("hi", to_number=SMS)
    stop = past.hears("STOP", to_number=SMS)
    assert past.line.person(ANA).opted_out
    twin = past.rewound(past.told(stop).before(stop.id))
    assert not twin.line.person(ANA).opted_out
    assert past.rewound(past.told(stop).end()).line.person(ANA).opted_out


def test_before_the_first_word_there_is_an_empty_conversation():
    past = Past()
    first = past.hears("hi")
    past.remembers(first, a=1)
    twin = past.rewound(past.told(first).before(first.id))
    talk = only(twin)
    assert bodies(twin) == []
    assert (talk.metadata, talk.replies, talk.last_message_at) == (None, 0, talk.created_at)


def test_an_unknown_place_is_told_as_such():
    past = Past()
    first = past.hears("hi")
    with pytest.raises(NoSuchPlace, match="no conversation nowhere"):
        Told(past.saved, "nowhere")
    with pytest.raises(NoSuchPlace, match="no message none"):
        past.told(first).after("none")
