"""What came in answers some of the questions of `docs/live.md`: the doctor says which."""

from __future__ import annotations

from agent.doctor_live import EVIDENCE, seen_here
from tests.house import House, run, script


def test_the_doctor_says_which_questions_were_answered_by_what_came_in():
    async def story(house: House) -> None:
        await house.switch(outbound_copies=True)
        sent = await house.text("hi")
        await house.answered(sent.conversation_id)
        assert "STOP by SMS reaches us" not in await house.read(seen_here)
        await house.text("stop", channel="sms")
        await house.until(lambda session: len(seen_here(session)) >= 3)
        seen = await house.read(seen_here)
        assert set(seen) == {
            "STOP by SMS reaches us",
            "messages carry an id",
            "our own messages come back as webhooks",
        }
        assert set(seen) < set(EVIDENCE)

    run(story, script("hello"))
