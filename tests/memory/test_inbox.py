import pytest
from sqlmodel import Session, col, select

from memory.consents import opted_out, record_consent
from memory.inbox import accept, bury, is_answer
from memory.tables import (
    Bubble,
    BubbleState,
    Consent,
    DeadLetter,
    Event,
    EventKey,
    Mailbox,
    Message,
    MessageState,
)
from phone.clock import utc
from phone.types import Group, Ignored, InboundMessage
from phone.webhook import parse
from tests.memory.conftest import Database
from tests.memory.people import (
    ANA,
    BEN,
    NOW,
    OURS,
    bubble,
    deliver,
    in_group,
    inbound,
    mailbox,
    tapback,
)


def texts(session: Session) -> list[Message]:
    return list(session.exec(select(Message).order_by(col(Message.id))))


def only_mailbox(session: Session) -> Mailbox:
    return session.exec(select(Mailbox)).one()


# What is stored


def test_a_message_is_stored_with_all_that_was_said_of_it(database: Database):
    event = inbound(
        "hello",
        media_urls=["https://media.example/a.jpg"],
        channel="imessage",
        sender_name="Ana",
        received_at=utc(NOW - 3),
    )

    receipt = database(lambda s: deliver(s, event, body=b'{"raw": 1}'))

    [message] = database(texts)
    assert receipt.result == "accepted" and receipt.is_due
    assert (receipt.mailbox_id, receipt.ref) == (message.mailbox_id, message.ref) != (None, None)
    assert (message.text, message.sender, message.sender_name) == ("hello", ANA, "Ana")
    assert (message.media, message.channel) == (["https://media.example/a.jpg"], "imessage")
    assert (message.received_at, message.stored_at) == (utc(NOW - 3), utc(NOW))
    assert (message.kind, message.direction) == ("text", "inbound")
    assert (message.state, message.outcome, message.keyword) == (MessageState.WAITING, None, None)
    stored = database(lambda s: s.exec(select(Event)).one())
    assert (stored.body, stored.event, stored.why) == (b'{"raw": 1}', "agent.message", None)


def test_its_mailbox_knows_who_and_on_what_and_is_due(database: Database):
    database(lambda s: deliver(s, inbound(channel="imessage")))

    box = database(only_mailbox)
    assert (box.conversation_id, box.number, box.participant) == ("conv_ana", OURS, ANA)
    assert (box.agent_id, box.number_id, box.channel) == ("agt_1", "num_1", "imessage")
    assert (box.is_group, box.group_id) == (False, None)
    assert box.due_at == utc(NOW)
    assert box.lease_owner is None


def test_a_mailbox_is_due_since_its_oldest_waiting_message(database: Database):
    database(lambda s: deliver(s, inbound()))
    database(lambda s: deliver(s, inbound(), now=NOW + 5))
    assert database(only_mailbox).due_at == utc(NOW)


def test_references_count_up_within_a_conversation(database: Database):
    refs = [database(lambda s: deliver(s, inbound())).ref for _ in range(3)]
    elsewhere = database(lambda s: deliver(s, inbound(conversation_id="conv_b", from_handle=BEN)))
    assert refs == [1, 2, 3]
    assert elsewhere.ref == 1


def test_the_latest_message_says_which_channel_and_handle_to_use(database: Database):
    database(lambda s: deliver(s, inbound(channel="imessage")))
    database(lambda s: deliver(s, inbound(channel="sms", from_handle="ana@example.com")))
    box = database(only_mailbox)
    assert (box.channel, box.participant) == ("sms", "ana@example.com")


def test_what_an_older_payload_leaves_out_is_not_forgotten(database: Database):
    database(lambda s: deliver(s, in_group()))
    group = Group(group_id="grp_1")
    database(lambda s: deliver(s, in_group(agent_id=None, number_id=None, group=group)))
    box = database(only_mailbox)
    assert (box.agent_id, box.number_id, box.group_name) == ("agt_1", "num_1", "Hikers")


def test_a_renamed_group_has_its_new_name(database: Database):
    database(lambda s: deliver(s, in_group()))
    database(lambda s: deliver(s, in_group(group=Group(group_id="grp_1", group_name="Climbers"))))
    box = database(only_mailbox)
    assert (box.is_group, box.group_id, box.group_name) == (True, "grp_1", "Climbers")


def test_in_a_group_the_participant_is_who_wrote_last(database: Database):
    database(lambda s: deliver(s, in_group()))
    database(lambda s: deliver(s, in_group(from_handle=BEN)))
    assert database(only_mailbox).participant == BEN


def test_emoji_and_right_to_left_text_are_kept_as_they_are(database: Database):
    said = "👩‍👩‍👧 \u202eשלמ\u202c Z͑ͫ"
    database(lambda s: deliver(s, inbound(said), body=b'"\\ud83d\\udc69"'))
    assert database(texts)[0].text == said


def test_a_nul_and_half_an_emoji_in_any_field_are_stored_in_a_form_the_database_takes(
    database: Database,
):
    odd = r"a\u0000b\ud83d"
    body = (
        b'{"event": "agent.message", "channel": "imessage", "agentId": "ODD", "data": {'
        b'"direction": "inbound", "messageId": "ODD", "conversationId": "ODD", "numberId": "ODD",'
        b'"from": "ODD", "to": "ODD", "message": "ODD", "mediaUrl": "https://x.test/ODD",'
        b'"contact": {"name": "ODD"}, "group": {"groupId": "ODD", "groupName": "ODD"}}}'
    ).replace(b"ODD", odd.encode())
    event = parse(body, webhook_id="del_1", now=NOW)
    assert isinstance(event, InboundMessage)
    assert database(lambda s: deliver(s, event, body=body)).is_due
    [message] = database(texts)
    assert message.text == message.sender == message.sender_name == "a\u2400b\ufffd"
    assert message.media == ["https://x.test/a\u2400b\ufffd"]
    assert [event.body for event in database(lambda s: s.exec(select(Event)).all())] == [body]


# What comes twice


def test_the_same_message_under_another_webhook_id_is_stored_once(database: Database):
    event = inbound()
    database(lambda s: deliver(s, event))

    again = event.model_copy(update={"webhook_id": "wh_other"})
    receipt = database(lambda s: deliver(s, again))

    assert (receipt.result, receipt.mailbox_id, receipt.is_due) == ("duplicate", None, False)
    assert len(database(texts)) == 1
    assert len(database(lambda s: s.exec(select(Event)).all())) == 1


def test_another_message_under_a_known_webhook_id_is_a_new_message(database: Database):
    database(lambda s: deliver(s, inbound(webhook_id="wh_same")))
    assert database(lambda s: deliver(s, inbound(webhook_id="wh_same"))).result == "accepted"


def test_one_known_key_of_several_is_enough(database: Database):
    database(lambda s: deliver(s, inbound(message_id=None), keys=["hook:1", "sha:1"]))
    again = inbound(message_id=None)
    assert database(lambda s: deliver(s, again, keys=["hook:2", "sha:1"])).result == "duplicate"
    assert database(lambda s: deliver(s, again, keys=["hook:2", "sha:2"])).result == "accepted"
    assert set(database(lambda s: s.exec(select(EventKey.key)).all())) == {
        *("hook:1", "sha:1", "hook:2", "sha:2")
    }


def test_an_event_that_nothing_could_repeat_needs_no_key(database: Database):
    event = Ignored(webhook_id="", event="agent.new", why="unknown_event")
    for _ in range(2):
        assert database(lambda s: deliver(s, event, keys=[])).result == "ignored"


def test_a_key_named_twice_is_kept_once(database: Database):
    database(lambda s: deliver(s, inbound(), keys=["hook:1", "hook:1"]))
    assert database(lambda s: s.exec(select(EventKey.key)).all()) == ["hook:1"]


def test_a_tapback_that_comes_again_is_stored_once(database: Database):
    database(lambda s: deliver(s, inbound(message_id="msg_target")))
    event = tapback("msg_target")
    assert database(lambda s: deliver(s, event)).result == "accepted"
    assert database(lambda s: deliver(s, event)).result == "duplicate"


def test_a_duplicate_changes_nothing_in_its_mailbox(database: Database):
    event = inbound()
    database(lambda s: deliver(s, event))
    before = database(only_mailbox).model_dump()
    database(lambda s: deliver(s, event, now=NOW + 9))
    assert database(only_mailbox).model_dump() == before


def test_a_message_read_back_earlier_is_answered_when_its_webhook_comes(database: Database):
    event = inbound("are you there?")

    def read_back(session: Session) -> None:
        box = mailbox(session)
        row = Message(
            mailbox_id=box.id or 0,
            ref=1,
            message_id=event.message_id,
            sender=ANA,
            state=MessageState.SETTLED,
            outcome="before",
            received_at=utc(NOW),
            stored_at=utc(NOW),
        )
        box.next_ref = 2
        session.add(row)

    database(read_back)
    receipt = database(lambda s: deliver(s, event))

    [message] = database(texts)
    assert (receipt.result, receipt.is_due) == ("accepted", True)
    assert (message.state, message.outcome, message.text) == ("waiting", None, "are you there?")


def test_a_message_of_a_turn_is_a_duplicate_even_under_unknown_keys(database: Database):
    event = inbound()
    database(lambda s: deliver(s, event))

    def took(session: Session) -> None:
        [message] = texts(session)
        message.state, message.turn_id = MessageState.SETTLED, "turn_1"

    database(took)
    assert database(lambda s: deliver(s, event, keys=["other"])).result == "duplicate"


# What is not for us to answer


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (Ignored(webhook_id="wh", event="agent.call_ended", why="call_ended"), "call_ended"),
        (inbound(from_handle=BEN), "own_number"),
        (tapback("msg_1", from_handle=BEN), "own_number"),
        (inbound(is_test=True), "test"),
        (tapback("msg_of_nobody", conversation_id="conv_of_nobody"), "unknown_conversation"),
        (tapback("msg_of_nobody", conversation_id=None), "unknown_conversation"),
    ],
)
def test_what_starts_nothing_is_kept_with_the_reason(database: Database, event, why: str):
    receipt = database(lambda s: deliver(s, event, own_numbers={BEN}))
    stored = database(lambda s: s.exec(select(Event)).one())
    assert (receipt.result, receipt.mailbox_id, receipt.ref) == ("ignored", None, None)
    assert stored.why == why
    assert database(texts) == []
    assert database(lambda s: deliver(s, event, own_numbers={BEN})).result == "duplicate"


def test_the_event_of_an_ignored_webhook_keeps_its_name(database: Database):
    database(lambda s: deliver(s, Ignored(webhook_id="wh", event="agent.new", why="unknown_event")))
    assert database(lambda s: s.exec(select(Event.event)).one()) == "agent.new"


def test_an_empty_message_is_stored_and_dropped(database: Database):
    receipt = database(lambda s: deliver(s, inbound(" \n")))
    [message] = database(texts)
    assert (receipt.result, receipt.is_due) == ("accepted", False)
    assert (message.state, message.outcome) == ("settled", "dropped(empty)")
    assert database(only_mailbox).due_at is None


def test_a_bare_photo_is_not_empty(database: Database):
    event = inbound("", media_urls=["https://media.example/a.jpg"])
    assert database(lambda s: deliver(s, event)).is_due


# Consent


def test_stop_opts_the_person_out_and_is_due_for_its_confirmation(database: Database):
    receipt = database(lambda s: deliver(s, inbound("Stop.", message_id="msg_stop")))
    entry = database(lambda s: s.exec(select(Consent)).one())
    assert receipt.is_due
    assert database(texts)[0].keyword == "stop"
    assert (entry.participant, entry.opted_out, entry.how) == (ANA, True, "keyword")
    assert (entry.evidence, entry.message_id, entry.at) == ("Stop.", "msg_stop", utc(NOW))


def test_stop_cancels_what_has_not_left_on_every_number_and_only_that(database: Database):
    def some_bubbles(session: Session) -> None:
        here = mailbox(session)
        other_number = mailbox(session, conversation_id="conv_other", number="+14155550101")
        group = mailbox(session, conversation_id="conv_group", is_group=True)
        ben = mailbox(session, conversation_id="conv_ben", participant=BEN)
        bubble(session, here, id="here")
        bubble(session, here, id="left", state=BubbleState.DISPATCHED)
        bubble(session, other_number, id="other_number")
        bubble(session, group, id="group")
        bubble(session, ben, id="ben")

    database(some_bubbles)
    database(lambda s: deliver(s, inbound("STOP")))

    rows = database(lambda s: {row.id: row for row in s.exec(select(Bubble))})
    assert {name: row.state for name, row in rows.items()} == {
        "here": "cancelled",
        "left": "dispatched",
        "other_number": "cancelled",
        "group": "prepared",
        "ben": "prepared",
    }
    assert (rows["here"].code, rows["here"].finished_at) == ("opted_out", utc(NOW))


@pytest.mark.parametrize("text", ["are you there?", "stop", "yes"])
def test_while_opted_out_messages_are_kept_and_start_nothing(database: Database, text: str):
    database(lambda s: record_consent(s, ANA, opted_out=True, how="operator", now=NOW))
    receipt = database(lambda s: deliver(s, inbound(text)))
    [message] = database(texts)
    assert not receipt.is_due
    assert (message.text, message.outcome) == (text, "dropped(opted_out)")
    assert database(only_mailbox).due_at is None
    assert len(database(lambda s: s.exec(select(Consent)).all())) == 1


def test_start_opts_in_again_and_is_due(database: Database):
    database(lambda s: deliver(s, inbound("STOP")))
    receipt = database(lambda s: deliver(s, inbound("Start")))
    assert receipt.is_due
    assert database(texts)[-1].keyword == "start"
    assert not database(lambda s: opted_out(s, ANA))
    assert database(lambda s: deliver(s, inbound("hi again"))).is_due


def test_start_is_conversation_to_somebody_who_never_stopped(database: Database):
    assert database(lambda s: deliver(s, inbound("start"))).is_due
    assert database(texts)[0].keyword is None
    assert database(lambda s: s.exec(select(Consent)).all()) == []


def test_help_is_answered_even_while_opted_out(database: Database):
    database(lambda s: deliver(s, inbound("STOP")))
    assert database(lambda s: deliver(s, inbound("help"))).is_due
    assert database(texts)[-1].keyword == "help"


def test_an_opt_out_holds_on_every_number_and_for_nobody_else(database: Database):
    database(lambda s: deliver(s, inbound("STOP")))
    elsewhere = inbound(conversation_id="conv_other", to_number="+14155550101")
    ben = inbound(conversation_id="conv_ben", from_handle=BEN)
    assert not database(lambda s: deliver(s, elsewhere)).is_due
    assert database(lambda s: deliver(s, ben)).is_due


def test_a_members_stop_in_a_group_silences_us_there_until_they_start_again(database: Database):
    receipt = database(lambda s: deliver(s, in_group("STOP")))
    assert receipt.is_due and database(texts)[0].keyword == "stop"
    assert database(lambda s: opted_out(s, ANA))
    assert not database(lambda s: deliver(s, in_group("and now?"))).is_due
    assert not database(lambda s: deliver(s, in_group("hello", from_handle=BEN))).is_due
    assert not database(lambda s: deliver(s, in_group("START", from_handle=BEN))).is_due
    assert not database(lambda s: opted_out(s, BEN))
    assert database(lambda s: deliver(s, in_group("START"))).is_due
    assert database(lambda s: deliver(s, in_group("hello", from_handle=BEN))).is_due


@pytest.mark.parametrize("text", ["help", "start"])
def test_other_consent_words_in_a_group_are_meant_for_the_group(database: Database, text: str):
    database(lambda s: deliver(s, in_group(text)))
    assert database(texts)[0].keyword is None


def test_the_latest_entry_of_the_ledger_holds(database: Database):
    for choice in (True, False, True):
        database(lambda s, c=choice: record_consent(s, ANA, opted_out=c, how="operator", now=NOW))
    assert database(lambda s: opted_out(s, ANA))
    assert not database(lambda s: opted_out(s, BEN))


# Tapbacks


def asked(session: Session, text: str, state: BubbleState = BubbleState.CONFIRMED) -> None:
    bubble(session, mailbox(session), text, state=state, message_id="msg_ours")


@pytest.mark.parametrize("state", [BubbleState.CONFIRMED, BubbleState.CONFIRMED_LATE])
def test_a_tapback_on_our_question_is_an_answer(database: Database, state: BubbleState):
    database(lambda s: asked(s, "Table for two at eight?", state))
    receipt = database(lambda s: deliver(s, tapback("msg_ours", target_text="Table…")))
    [message] = database(texts)
    assert receipt.is_due and database(only_mailbox).due_at == utc(NOW)
    assert (message.kind, message.state, message.reaction) == ("tapback", "waiting", "like")
    assert (message.target_message_id, message.target_text) == ("msg_ours", "Table…")
    assert (message.sender, message.received_at) == (ANA, utc(NOW))


def test_a_tapback_on_a_statement_is_noted(database: Database):
    database(lambda s: asked(s, "Booked."))
    receipt = database(lambda s: deliver(s, tapback("msg_ours")))
    [message] = database(texts)
    assert (receipt.result, receipt.is_due) == ("accepted", False)
    assert (message.state, message.outcome) == ("settled", "noted")


def test_a_tapback_on_somebody_elses_question_is_noted(database: Database):
    database(lambda s: deliver(s, inbound("coming?", message_id="msg_theirs")))
    database(lambda s: deliver(s, tapback("msg_theirs", conversation_id=None)))
    assert database(texts)[-1].outcome == "noted"


def test_a_tapback_is_no_answer_while_opted_out(database: Database):
    database(lambda s: asked(s, "Shall we?"))
    database(lambda s: record_consent(s, ANA, opted_out=True, how="operator", now=NOW))
    assert not database(lambda s: deliver(s, tapback("msg_ours"))).is_due
    assert database(texts)[0].outcome == "dropped(opted_out)"


def test_a_tapback_without_a_conversation_is_found_by_its_target(database: Database):
    database(lambda s: asked(s, "Shall we?"))
    event = tapback("msg_ours", conversation_id=None, to_number="")
    assert database(lambda s: deliver(s, event)).is_due


def test_messages_and_tapbacks_share_one_count_of_references(database: Database):
    database(lambda s: asked(s, "Shall we?"))
    refs = [
        database(lambda s: deliver(s, tapback("msg_ours"))).ref,
        database(lambda s: deliver(s, inbound())).ref,
    ]
    assert refs == [2, 3]


@pytest.mark.parametrize(
    "text",
    [
        "Shall we?",
        "Ok. Shall we?  ",
        "Shall we? 😊",
        'He said "shall we?"',
        "Really?!",
        "行きますか\uff1f",
        "?",
    ],
)
def test_a_text_that_ends_with_a_question_can_be_answered_by_a_tapback(text: str):
    assert is_answer(text)


@pytest.mark.parametrize("text", ["Done.", "Shall we? I think so.", "", "Why? Because", "👍"])
def test_a_text_that_ends_otherwise_cannot(text: str):
    assert not is_answer(text)


# Dead letters


def test_an_unreadable_body_is_kept_once(database: Database):
    for webhook_id in ("wh_1", "wh_2"):
        database(
            lambda s, w=webhook_id: bury(s, webhook_id=w, body=b"\xff", reason="cut off", now=NOW)
        )
    database(lambda s: bury(s, webhook_id="wh_3", body=b"\xfe", reason="not UTF-8", now=NOW))
    letters = database(lambda s: s.exec(select(DeadLetter).order_by(col(DeadLetter.id))).all())
    assert [(it.webhook_id, it.body) for it in letters] == [("wh_1", b"\xff"), ("wh_3", b"\xfe")]
    assert letters[0].received_at == utc(NOW)


def test_rows_changed_in_the_same_transaction_are_seen(database: Database):
    database(lambda s: record_consent(s, ANA, opted_out=True, how="operator", now=NOW))

    def in_one_go(session: Session) -> bool:
        record_consent(session, ANA, opted_out=False, how="operator", now=NOW)
        return accept(session, inbound(), body=b"{}", keys=["k"], now=NOW).is_due

    assert database(in_one_go)
