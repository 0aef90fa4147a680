"""The vendor's own SDK takes the twin for AgentPhone: every messaging call, every webhook."""

from __future__ import annotations

from contextlib import contextmanager

import agentphone
import httpx
import pytest
from agentphone import AgentPhone, construct_event

from phone.emulator.app import create_app
from phone.emulator.twin import Twin
from tests.emulator.serving import listening, served, wait_until
from tests.emulator.stage import ANA, BO, CAT, DOG, IMESSAGE, SMS


@contextmanager
def line_of_its_own():
    """The SDK's client, the far side of the line, and what its webhook heard."""
    with listening() as (hook, heard):
        twin = Twin(webhook_url=hook, webhook_secret="whsec_test")
        with served(create_app(twin)) as address:
            far = httpx.Client(base_url=address)
            with AgentPhone("sk_twin", base_url=address) as client, far:
                yield client, far, heard


@pytest.fixture(scope="module")
def world():
    """One line for the tests to which it does not matter what others did."""
    with line_of_its_own() as world:
        yield world


def text(far: httpx.Client, body: str, **more: object) -> dict:
    answer = far.post("/handset/messages", json={"from_handle": ANA, "body": body, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_messages_are_sent_in_every_way(world):
    client, _, _ = world
    agent = client.agents.list().data[0]
    sent = client.messages.send(agent_id=agent.id, to_number="(555) 555-0123", body="Hello")
    assert (sent["status"], sent["channel"], sent["to_number"]) == ("sent", "imessage", ANA)
    threaded = client.messages.send(
        from_number=IMESSAGE,
        to_number=ANA,
        body="Hi",
        reply_to_message_id=sent["id"],
        send_style="slam",
    )
    assert threaded["reply_parent_unresolved"] is False
    assert client.messages.send(from_number=SMS, to_number=ANA, body="Hi")["channel"] == "sms"
    carousel = client.messages.send(from_number=IMESSAGE, to_number=ANA, media_urls=[CAT, DOG])
    assert carousel["media_urls"] == [CAT, DOG]
    group = client.messages.send(from_number=IMESSAGE, recipients=[ANA, BO], body="All")
    number = client.numbers.list().data[0]
    again = client.messages.send(number_id=number.id, to_number=group["to_number"], body="More")
    assert again["conversation_id"] == group["conversation_id"]


def test_reactions_typing_and_backgrounds_work(world):
    client, far, _ = world
    there = text(far, "Hi")
    reacted = client.messages.react(there["messages"][0]["id"], "love")
    assert reacted["reaction_type"] == "love"
    conversation = there["conversation_id"]
    assert client.conversations.send_typing(conversation)["conversationId"] == conversation
    assert client.conversations.set_background(conversation, CAT)["changed"] is True
    assert client.conversations.delete_background(conversation) == {}


def test_conversations_are_read_paged_and_remembered(world):
    client, far, _ = world
    text(far, "Zero")
    conversation = text(far, "One")["conversation_id"]
    assert conversation in [one.id for one in client.conversations.list(limit=100).data]
    whole = client.conversations.get(conversation, message_limit=1)
    assert [message.body for message in whole.messages] == ["One"]
    assert whole.capabilities.can_send_messages and whole.is_group is False
    assert client.conversations.update(conversation, metadata={"k": 1}).metadata == {"k": 1}
    newest = client.conversations.get_messages(conversation, limit=1)
    assert newest.has_more
    older = client.conversations.get_messages(conversation, before=newest.data[0].received_at)
    assert newest.data[0].id not in [message.id for message in older.data]
    agent = client.agents.list().data[0]
    assert client.agents.list_conversations(agent.id).total >= 1


def test_every_webhook_passes_the_vendors_own_verifier():
    with line_of_its_own() as (client, far, heard):
        hook = client.webhooks.get()
        there = text(far, "Ünïcode 🎈", media_urls=[CAT, DOG])
        sent = client.messages.send(from_number=IMESSAGE, to_number=ANA, body="Nice")
        reaction = {"from_handle": ANA, "message_id": sent["id"], "reaction": "🔥"}
        assert far.post("/handset/reactions", json=reaction).status_code == 201
        group = far.post("/handset/groups", json={"members": [ANA, "kim@example.com"]}).json()
        text(far, "All", group_id=group["group_id"])
        assert client.webhooks.test(message="Trial")["success"] is True
        wait_until(lambda: len(heard) == 5)
        events = [
            construct_event(
                body, headers["X-Webhook-Signature"], hook.secret, headers["X-Webhook-Timestamp"]
            )
            for headers, body in heard
        ]
        by_text = {event.data.message: event for event in events}
        assert by_text["Ünïcode 🎈"].data.message_id == there["messages"][1]["id"]
        assert by_text["All"].data.group["groupId"] == group["group_id"]
        assert by_text["Trial"].test is True
        assert by_text[None].data.reaction_type == "🔥"
        assert by_text[None].recent_history[-1].content == "Nice"


def test_webhooks_are_configured_and_reported(world):
    client, _, _ = world
    url = client.webhooks.get().url
    changed = client.webhooks.set(url, context_limit=2, timeout=10)
    assert (changed.context_limit, changed.timeout) == (2, 10)
    agent = client.agents.list().data[0]
    own = client.agents.set_webhook(agent.id, url)
    assert client.agents.get_webhook(agent.id).secret == own.secret
    assert client.agents.test_webhook(agent.id)["success"] is True
    assert client.agents.list_webhook_deliveries(agent.id)[0].status == "success"
    client.agents.delete_webhook(agent.id)
    assert client.agents.get_webhook(agent.id) is None
    assert client.webhooks.test()["success"] is True
    assert client.webhooks.list_deliveries(limit=1, hours=1)[0].http_status == 200
    stats = client.webhooks.get_delivery_stats()
    assert stats.total == client.webhooks.get_all_time_stats()["total"] > 0
    client.webhooks.delete()
    assert client.webhooks.get() is None
    client.webhooks.set(url)


def test_agents_and_numbers_are_managed(world):
    client, _, _ = world
    agent = client.agents.create(name="Second", voice_mode="webhook", system_prompt="Be kind")
    assert client.agents.get(agent.id).system_prompt == "Be kind"
    assert client.agents.update(agent.id, name="Third").name == "Third"
    assert client.numbers.available(area_code="415")[0].area_code == "415"
    number = client.numbers.buy(area_code="415", type="imessage", external_id="x")
    client.agents.attach_number(agent.id, number.id)
    assert [one.id for one in client.agents.get(agent.id).numbers] == [number.id]
    assert client.numbers.update(number.id, external_id="y").external_id == "y"
    sent = client.messages.send(agent_id=agent.id, to_number=BO, body="Hi")
    (message,) = client.numbers.get_messages(number.id).data
    assert (message.id, message.from_number) == (sent["id"], number.phone_number)
    card = client.numbers.set_contact_card(number.id, "Ana", "Bot")
    assert card["firstName"] == "Ana" and client.numbers.get_contact_card(number.id) == card
    assert client.numbers.delete_contact_card(number.id) == {}
    assert client.numbers.lookup([ANA, BO])[1].phone_number == BO
    client.agents.detach_number(agent.id, number.id)
    assert client.numbers.get(number.id).agent_id is None
    assert client.numbers.release(number.id)["status"] == "released"
    client.agents.delete(agent.id)
    assert agent.id not in [one.id for one in client.agents.list().data]


def test_contacts_are_kept_and_capabilities_looked_up(world):
    client, _, _ = world
    contact = client.contacts.create("(555) 555-0123", "Ana", email="Ana@Example.com")
    assert contact.phone_number == ANA
    with pytest.raises(agentphone.AgentPhoneError) as duplicate:
        client.contacts.create(ANA, "Ana again")
    assert duplicate.value.status == 409
    assert client.contacts.update(contact.id, name="Anna").name == "Anna"
    assert [one.id for one in client.contacts.list(search="ann").data] == [contact.id]
    assert client.contacts.get(contact.id).email == "ana@example.com"
    able = client.contacts.get_capabilities(ANA)
    assert able["capabilities"] == {"imessage": True, "sms": True}
    client.contacts.delete(contact.id)
    assert client.contacts.list().total == 0


def test_usage_is_counted(world):
    client, far, _ = world
    before = client.usage.get()
    text(far, "Count me")
    after = client.usage.get()
    assert after.stats.total_messages == before.stats.total_messages + 1
    assert client.usage.get_daily(days=2).data[-1].messages == after.stats.total_messages
    assert client.usage.get_monthly(months=1).data[0].messages == after.stats.total_messages
    assert sum(one["messages"] for one in client.usage.get_by_number()) > 0
    assert client.usage.get_by_agent(period="24h")["data"][0]["messages"] > 0


def test_errors_are_the_sdks_own(world):
    client, _, _ = world
    with pytest.raises(agentphone.NotFoundError) as missing:
        client.conversations.get("gone")
    assert missing.value.message == "Conversation not found."
    stranger = AgentPhone("sk_wrong", base_url=client.base_url)
    with stranger, pytest.raises(agentphone.AuthenticationError):
        stranger.numbers.list()
    with pytest.raises(agentphone.AgentPhoneError) as voice:
        client.calls.list()
    assert voice.value.status == 404
