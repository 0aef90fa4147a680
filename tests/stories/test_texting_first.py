"""A text nobody asked for, from its order to the phone it rings on."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

from memory import consent_records
from memory.ordering_first import text_first
from memory.texting_first import Order
from phone.clock import HeldClock
from safety.senders import Senders
from tests.house import ANA, House, run, script

NOON = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)
"""A Monday in San Francisco, where Ana's number is from."""


def test_with_consent_and_by_day_it_rings_once_and_her_answer_is_conversation():
    clock = HeldClock(NOON.timestamp())

    async def story(house: House) -> None:
        assert house.local.deployment is not None
        store, sms = house.local.deployment.store, await house.sms_number()
        agree = partial(
            consent_records.add, participant=ANA, purpose="appointments", text="I agree",
            evidence="form 7", given_at=NOON, now=clock.now(),
        )  # fmt: skip
        await store.write(agree)
        order = partial(
            text_first, order=Order(ANA, "appointments"), text="See you at 9?",
            introduction="Reply STOP to opt out.", number=sms,
            senders=Senders(), new_id="one", now=clock.now(),
        )  # fmt: skip
        await store.write(order)
        await house.happened("message")
        [bubble] = await house.bubbles()
        await house.until(lambda s: s.get_one(type(bubble), "one").state == "confirmed")
        sent = await house.text("yes", to_number=sms)
        screen = await house.answered(sent.conversation_id)
        assert screen.bodies == ["See you at 9?\n\nReply STOP to opt out.", "Good."]

    run(story, script("Good."), clock=clock)
