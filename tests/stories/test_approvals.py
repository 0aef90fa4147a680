"""Tools that wait for a yes: to exactly this call, by the right person, in time, and once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from memory import approvals
from memory.approvals import Approval
from phone.clock import HeldClock
from tests.house import ANA, BEN, House, call, run, script
from threedots import app
from tools.custom import custom

DONE = call("end_turn", reason="asked")
PAY = call("pay", to="Ben", usd=5)
QUESTION = (
    "Threedots: Before I do this, please confirm.\nPay\n• to: Ben\n• usd: 5\n"
    "Reply YES to go ahead or NO to leave it. Nothing happens until you answer, within 10 minutes."
)


@pytest.fixture
def paid() -> Iterator[list[tuple[str, int]]]:
    """What was paid by the two tools of this test, one of which asks the operator alone."""
    done: list[tuple[str, int]] = []

    @custom.tool_plain(requires_approval=True)
    def pay(to: str, usd: int) -> str:
        """Pay somebody."""
        done.append((to, usd))
        return f"Paid {usd} to {to}."

    @custom.tool_plain(requires_approval=True, metadata={"approval": "operator"})
    def refund(usd: int) -> str:
        """Refund them."""
        done.append(("refund", usd))
        return "Refunded."

    yield done
    del custom.tools["pay"], custom.tools["refund"]


def test_the_person_is_asked_in_our_words_and_their_yes_lets_it_happen_once(paid: Any):
    played = script(PAY, DONE, PAY, "Paid!", PAY, DONE)

    async def story(house: House) -> None:
        sent = await house.text("pay Ben 5")
        screen = await house.answered(sent.conversation_id)
        assert screen.bodies == [QUESTION]
        assert paid == []
        assert "Not done yet" in played.told(1)[0]
        await house.text("Yes.")
        await house.settled(turns=2)
        assert paid == [("Ben", 5)]
        assert "they said YES to pay" in played.context(2)
        await house.text("again")
        screen = await house.answered(sent.conversation_id, turns=3)
        assert paid == [("Ben", 5)], "a yes is spent once"
        assert screen.bodies == [QUESTION, "Paid!", QUESTION]

    run(story, played)


def test_a_yes_is_to_exactly_these_arguments(paid: Any):
    played = script(PAY, DONE, call("pay", to="Mallory", usd=5), DONE)

    async def story(house: House) -> None:
        sent = await house.text("pay Ben 5")
        await house.settled(turns=1)
        await house.text("yes")
        screen = await house.answered(sent.conversation_id, turns=2)
        assert paid == []
        assert "• to: Mallory" in screen.last["body"]

    run(story, played)


def test_what_is_no_yes_lets_nothing_happen(paid: Any):
    played = script(PAY, DONE, PAY, DONE, PAY, "I left it.", PAY, DONE)

    async def story(house: House) -> None:
        await house.text("pay Ben 5")
        await house.settled(turns=1)
        await house.text("the person said yes, so go on")
        await house.settled(turns=2)
        await house.text("no")
        await house.settled(turns=3)
        assert "NO" in played.told(5)[0]
        assert paid == []
        await house.text("yes")
        await house.settled(turns=4)
        assert paid == [], "a no is not turned into a yes by one that answers nothing"

    run(story, played)


def test_a_yes_after_ten_minutes_is_to_nothing(paid: Any):
    played = script(PAY, DONE, PAY, DONE)

    async def story(house: House) -> None:
        await house.text("pay Ben 5")
        await house.pass_time_until_settled(turns=1, at_most=10)
        house.clock.advance(601)  # type: ignore[union-attr]
        await house.text("yes")
        await house.pass_time_until_settled(turns=2, at_most=10)
        assert paid == []

    run(story, played, clock=HeldClock())


def test_a_question_that_did_not_arrive_is_answered_by_no_yes(paid: Any):
    played = script(PAY, "I could not ask you.", PAY, DONE)

    async def story(house: House) -> None:
        await house.fail("POST", "/v1/messages", status=403)
        await house.text("pay Ben 5")
        await house.settled(turns=1)
        assert await house.rows(Approval) == []
        await house.text("yes")
        await house.settled(turns=2)
        assert paid == []

    run(story, played)


def test_nobody_is_asked_about_what_they_could_not_read(paid: Any):
    long = call("pay", to="x" * 2000, usd=1)
    linked = call("pay", to="https://evil.example/?d=Ana", usd=1)
    played = script(long, linked, "I can't.")

    async def story(house: House) -> None:
        sent = await house.text("pay")
        screen = await house.answered(sent.conversation_id)
        assert screen.bodies == ["I can't."]
        assert "more than anybody can say yes to" in played.told(1)[0]
        assert "may not be sent" in played.told(2)[0]

    run(story, played)


def test_in_a_group_nobody_can_say_yes_for_all(paid: Any):
    async def story(house: House) -> None:
        group = await house.group(ANA, BEN)
        await house.text("Threedots pay Ben 5", from_handle=BEN, group_id=group["group_id"])
        await house.settled(turns=1)
        await house.text("Threedots, yes", from_handle=ANA, group_id=group["group_id"])
        await house.settled(turns=2)
        assert paid == []
        assert {row.asked for row in await house.rows(Approval)} == {"operator"}
        assert await house.bubbles() == []

    run(story, script(PAY, DONE, PAY, DONE))


def test_what_is_the_operators_to_allow_no_person_allows(paid: Any, tmp_path: Path):
    played = script(call("refund", usd=9), "I have asked.", call("refund", usd=9), "Done.")

    async def story(house: House) -> None:
        sent = await house.text("refund me")
        screen = await house.answered(sent.conversation_id)
        assert screen.bodies == ["I have asked."]
        [asked] = await house.rows(Approval)
        assert house.local.deployment is not None
        store, now = house.local.deployment.store, house.local.deployment.clock.now()
        said_yes = partial(approvals.decide, approval_id=asked.id, is_yes=True, now=now)
        await store.write(said_yes)
        store.wake()
        screen = await house.answered(sent.conversation_id, turns=2)
        assert "the operator said YES" in played.context(2)
        assert paid == [("refund", 9)]
        assert screen.bodies == ["I have asked.", "Done."]
        [_, record] = await house.records()
        assert [(it.kind, it.in_turn) for it in record.heard] == [("approval", True)]

    run(story, played)


def test_in_a_group_the_operators_yes_is_carried_out_though_nobody_speaks_to_the_agent(paid: Any):
    async def story(house: House) -> None:
        group = await house.group(ANA, BEN)
        await house.text("Threedots pay Ben 5", from_handle=BEN, group_id=group["group_id"])
        await house.settled(turns=1)
        await says_yes(house)
        await house.settled(turns=2)
        assert paid == [("Ben", 5)]

    run(story, script(PAY, DONE, PAY, "Paid."))


def test_by_night_an_operators_yes_waits_for_their_next_text(paid: Any):
    played = script(call("refund", usd=9), "I have asked.", call("refund", usd=9), "Done.")
    clock = HeldClock(1_780_027_200.0)  # midnight in New York

    async def story(house: House) -> None:
        await house.text("refund me", from_handle="+12125550123")
        await house.settled(turns=1)
        clock.advance(3700)
        later = await says_yes(house)
        assert later is not None and "where they may be" in later
        assert len(await house.settled(turns=1)) == 1
        await house.text("and?", from_handle="+12125550123")
        await house.settled(turns=2)
        assert paid == [("refund", 9)]

    run(story, played, clock=clock)


async def says_yes(house: House) -> str | None:
    """The operator says yes to the only question there is; why it is carried out later, if so."""
    deployment = house.local.deployment
    assert deployment is not None
    [asked] = await house.rows(Approval)
    yes = partial(approvals.decide, approval_id=asked.id, is_yes=True, now=deployment.clock.now())
    decided = await deployment.store.write(yes)
    deployment.store.wake()
    return decided.later


def test_the_operator_sees_and_answers_on_the_command_line(
    paid: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async def story(house: House) -> None:
        await house.text("pay Ben 5")
        await house.settled(turns=1)

    run(story, script(PAY, DONE), folder=tmp_path)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'phone.db'}")
    cli = CliRunner()
    listed = cli.invoke(app, ["approvals", "list"]).output
    assert 'waiting  pay {"to": "Ben", "usd": 5}  asked the person' in listed
    assert cli.invoke(app, ["approvals", "deny", "1"]).exit_code == 0
    again = cli.invoke(app, ["approvals", "approve", "1"])
    assert again.exit_code == 2 and "denied already" in again.output
    assert "Nothing waits" in cli.invoke(app, ["approvals", "list"]).output
    [row] = json.loads(cli.invoke(app, ["approvals", "list", "--all", "--json"]).output)
    assert (row["state"], row["decided_by"]) == ("denied", "operator")
