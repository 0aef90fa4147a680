"""What an operator sees and does in the console, through its own API."""

from __future__ import annotations

import io
from typing import Any

import httpx
import pytest
from PIL import Image

from agent.standing import standing
from memory.audit import AuditEntry
from memory.tables import DeadLetter
from phone.clock import HeldClock
from tests.console.test_doorway import OURS
from tests.console.test_timeline import console
from tests.house import ANA, BEN, KIM, House, call, run, script
from tools.custom import custom

ID = "0123456789abcdef0123456789abcdef"
OTHER = "f" * 32


async def get(client: httpx.AsyncClient, path: str, **asked: Any) -> Any:
    answer = await client.get(f"/console/api/{path}", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def post(client: httpx.AsyncClient, path: str, **body: Any) -> httpx.Response:
    return await client.post(f"/console/api/{path}", json=body, headers=OURS)


async def names(client: httpx.AsyncClient, **asked: Any) -> list[str]:
    found = await get(client, "conversations", **asked)
    return [one["participant"] for one in found["conversations"]]


async def three(house: House) -> list[str]:
    """Three people write, one after the other; their conversations."""
    ids = []
    for turns, (body, handle) in enumerate(
        [("my dog Rex", ANA), ("two cakes", BEN), ("hello there", KIM)], 1
    ):
        ids.append((await house.text(body, from_handle=handle)).conversation_id)
        await house.settled(turns=turns)
    return ids


def test_conversations_come_newest_first_a_page_at_a_time():
    async def story(house: House) -> None:
        await three(house)
        async with console(house) as client:
            first = await get(client, "conversations", limit=2)
            assert [one["participant"] for one in first["conversations"]] == [KIM, BEN]
            assert await names(client, limit=2, before=first["next"]) == [ANA]
            await house.text("again")
            await house.settled(turns=4)
            assert await names(client) == [ANA, KIM, BEN]
            assert first["conversations"][0]["preview"] == "You: fine"

    run(story, script("one", "two", "fine", "yes"))


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"words": "REX"}, [ANA]),
        ({"words": "answer two"}, [BEN]),
        ({"words": "kim@"}, [KIM]),
        ({"words": "5550124"}, [BEN]),
        ({"words": "100%"}, []),
        ({"outcome": "silent"}, []),
        ({"outcome": "answered"}, [KIM, BEN, ANA]),
        ({"standing": "opted_out"}, []),
        ({"standing": "taken_over"}, []),
    ],
)
def test_conversations_are_found_by_words_by_handle_and_by_outcome(
    asked: dict[str, str], found: list[str]
):
    async def story(house: House) -> None:
        await three(house)
        async with console(house) as client:
            assert await names(client, **asked) == found

    run(story, script("answer one", "answer two", "answer three"))


def test_they_are_found_by_how_they_stand():
    async def story(house: House) -> None:
        ana, ben, kim = await three(house)
        async with console(house) as client:
            await post(client, f"conversations/{ana}/take-over")
            await post(client, f"conversations/{ben}/pause")
            await post(client, "opt-outs", handle=KIM)
            for standing, handle in [("taken_over", ANA), ("paused", BEN), ("opted_out", KIM)]:
                assert await names(client, standing=standing) == [handle], standing
            await post(client, f"conversations/{ana}/hand-back")
            await post(client, f"conversations/{ben}/resume")
            assert await names(client, standing="taken_over") == []
            assert await names(client, standing="paused") == []
            assert (await post(client, f"conversations/{kim}/take-over")).status_code == 200
            said = await post(client, f"conversations/{kim}/bubbles", text="but", bubble_id=ID)
            assert (said.status_code, "asked not to be" in said.text) == (409, True)

    run(story, script("one", "two", "three"))


def test_a_thread_tells_what_was_said_by_whom_and_who_held_it():
    async def story(house: House) -> None:
        sent = await house.text("when?")
        await house.settled(turns=1)
        key = sent.conversation_id
        async with console(house) as client:
            refused = await post(client, f"conversations/{key}/bubbles", text="x", bubble_id=ID)
            assert (refused.status_code, "Take the conv" in refused.text) == (409, True)
            await post(client, f"conversations/{key}/take-over")
            for _ in range(2):  # a click that came twice is one bubble
                said = await post(client, f"conversations/{key}/bubbles", text="six", bubble_id=ID)
                assert said.status_code == 201
            await house.settled(turns=1)
            await post(client, f"conversations/{key}/hand-back")
            told = await get(client, f"conversations/{key}")
            rows = [(one["kind"], one.get("by"), one["text"]) for one in told["entries"]]
            assert rows == [
                ("text", None, "when?"),
                ("bubble", "agent", "soon"),
                ("event", None, "this machine took over"),
                ("bubble", "operator", "six"),
                ("event", None, "Handed back to the agent by this machine"),
            ]
            assert told["entries"][3]["state"] == "confirmed"
            assert (await house.screen(key)).bodies == ["soon", "six"]
            again = await post(client, f"conversations/{key}/hand-back")
            assert again.status_code == 409

    run(story, script("soon"))


def test_a_long_thread_is_read_a_page_at_a_time():
    async def story(house: House) -> None:
        sent = await house.text("0")
        await house.settled(turns=1)
        async with console(house) as client:
            await post(client, f"conversations/{sent.conversation_id}/take-over")
            for number in range(1, 120):
                await house.text(str(number))
            await house.stored(120)
            newest = await get(client, f"conversations/{sent.conversation_id}")
            texts = [one["text"] for one in newest["entries"]]
            assert (texts[-1], len(texts)) == ("119", 100)
            earlier = await get(
                client, f"conversations/{sent.conversation_id}", before=newest["before"]
            )
            texts = [one["text"] for one in earlier["entries"]] + texts
            assert earlier["before"] is None
            assert [text for text in texts if text.isdigit()] == [str(n) for n in range(120)]
            assert texts.count("this machine took over") == 1

    run(story, script("hi"))


def test_every_act_and_every_reading_is_in_the_audit_and_nobodys_words():
    async def story(house: House) -> None:
        sent = await house.text("my secret")
        await house.settled(turns=1)
        key = sent.conversation_id
        async with console(house) as client:
            await get(client, "conversations", words="secret")
            for _ in range(3):
                await get(client, f"conversations/{key}")
            await post(client, f"conversations/{key}/take-over")
            await post(client, f"conversations/{key}/bubbles", text="hush-hush", bubble_id=ID)
            await post(client, f"conversations/{key}/hand-back")
            await post(client, "pause")
            await post(client, "resume")
            await post(client, "opt-outs", handle=ANA)
            told = (await get(client, "audit"))["entries"]
        assert [one["action"] for one in reversed(told)] == [
            *("search", "read", "take over", "write", "hand back"),
            *("pause all", "resume all", "opt out"),
        ]
        assert {one["who"] for one in told} == {"this machine"}
        assert [one["conversation_id"] for one in reversed(told)][1:5] == [key] * 4
        assert "secret" not in str(told)
        assert "hush" not in str(told)

    run(story, script("noted"))


def test_what_could_not_be_done_is_not_in_the_audit():
    async def story(house: House) -> None:
        await house.text("hi")
        await house.settled(turns=1)
        async with console(house) as client:
            assert (await post(client, "opt-outs", handle="555-0123")).status_code == 409
            assert (await post(client, "bubbles/none/again", bubble_id=ID)).status_code == 409
        assert await house.rows(AuditEntry) == []

    run(story, script("hello"))


def test_a_bubble_of_unknown_fate_is_sent_again_only_when_a_person_says_so():
    async def story(house: House) -> None:
        await house.fail("POST", "/v1/messages", status=500)
        sent = await house.text("hi")
        await house.until(
            lambda s: (
                s.connection()
                .exec_driver_sql("SELECT 1 FROM bubble WHERE state = 'unconfirmed'")
                .first()
            )
        )
        await house.pass_time_until_settled(turns=1, at_most=60)
        async with console(house) as client:
            [lost] = (await get(client, "bubbles", state="unconfirmed"))["bubbles"]
            assert await names(client, standing="unconfirmed") == [ANA]
            again = await post(client, f"bubbles/{lost['bubble_id']}/again", bubble_id=OTHER)
            assert again.json() == {"bubble_id": OTHER}
            await house.settled(turns=1)
            assert (await house.screen(sent.conversation_id)).bodies == ["hello"]
            told = await get(client, f"conversations/{sent.conversation_id}")
            mine = [one for one in told["entries"] if one["kind"] == "bubble"]
            assert [one["may_be_sent_again"] for one in mine] == [False, False]

    run(story, script("hello"), clock=HeldClock(1_780_000_000.0))


def test_a_dead_letter_is_seen_and_replayed():
    async def story(house: House) -> None:
        await house.webhook(b"{not json")
        async with console(house) as client:
            [letter] = (await get(client, "dead-letters"))["letters"]
            assert letter["kind"] == "unreadable"
            replayed = await post(client, f"dead-letters/{letter['id']}/replay")
            assert (replayed.json()["fate"], replayed.json()["is_left"]) == ("unreadable", True)
        assert len(await house.rows(DeadLetter)) == 1

    run(story, script())


def test_the_spend_of_today_is_told():
    async def story(house: House) -> None:
        await three(house)
        async with console(house) as client:
            told = await get(client, "spend", days=2)
            today, yesterday = told["days"]
            assert (today["turns"], today["bubbles"], today["requests"]) == (3, 3, 3)
            assert today["input_tokens"] > 0
            assert (yesterday["turns"], yesterday["bubbles"]) == (0, 0)
            assert told["total"]["turns"] == 3

    run(story, script("one", "two", "three"))


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("GET", "conversations/nobody", 404, "There is no conversation nobody"),
        ("GET", "conversations?before=yesterday", 422, "before is the `next`"),
        ("GET", "conversations?before=2026-01-01T00:00:00/3", 422, "before is the `next`"),
        ("GET", "conversations?standing=odd", 422, "taken_over"),
        ("POST", "conversations/nobody/take-over", 404, "There is no conversation nobody"),
        ("POST", "opt-outs", 422, "Field required"),
    ],
)
def test_a_question_that_cannot_be_answered_is_told_why(
    method: str, path: str, status: int, words: str
):
    async def story(house: House) -> None:
        async with console(house) as client:
            answer = await client.request(
                method, f"/console/api/{path}", headers=OURS, json={} if method == "POST" else None
            )
            assert answer.status_code == status
            assert words in answer.text

    run(story, script())


def test_what_waits_for_a_yes_is_seen_with_its_arguments_and_answered():
    async def story(house: House) -> None:
        await house.text("refund me")
        await house.settled(turns=1)
        async with console(house) as client:
            [one] = (await get(client, "approvals"))["approvals"]
            asked = (one["tool"], one["arguments"], one["asked"])
            assert asked == ("refund", {"usd": "9"}, "operator")
            said = await post(client, f"approvals/{one['id']}", yes=True)
            assert said.json() == {"state": "approved", "later": None}
            await house.settled(turns=2)
            assert (await get(client, "approvals"))["approvals"] == []
            again = await post(client, f"approvals/{one['id']}", yes=False)
            assert (again.status_code, "is used already" in again.text) == (409, True)
            audit = (await get(client, "audit"))["entries"]
            assert ("approve", "1") in [(entry["action"], entry["about"]) for entry in audit]

    @custom.tool_plain(requires_approval=True, metadata={"approval": "operator"})
    def refund(usd: int) -> str:
        """Refund them."""
        return "Refunded."

    try:
        run(story, script(call("refund", usd=9), "I ask.", call("refund", usd=9), "Done."))
    finally:
        del custom.tools["refund"]


def test_the_spend_page_tells_where_each_limit_stands():
    async def story(house: House) -> None:
        await house.text("hi")
        await house.settled(turns=1)
        async with console(house) as client:
            told = await get(client, "spend", days=1)
        assert house.local.deployment is not None
        limits = house.local.deployment.guard.limits
        now = house.local.deployment.clock.now()
        same = await house.read(lambda session: standing(session, limits=limits, now=now))
        assert told["limits"] == same["limits"]
        mine = [one for one in told["limits"] if one["setting"] == "THREEDOTS_LIMIT_SENDER_TURNS"]
        assert [(one["whose"], one["used"], one["level"]) for one in mine] == [
            (ANA, 1.0, "reached")
        ]

    run(story, script("hello"), settings={"threedots_limit_sender_turns": "1/hour"})


def test_a_picture_is_named_in_the_thread_and_fetched_by_us_when_somebody_asks():
    async def story(house: House) -> None:
        url = await house.picture(picture_of(40, 30), "image/png")
        sent = await house.text("look", media_urls=[url])
        await house.settled(turns=1)
        key = sent.conversation_id
        async with console(house) as client:
            told = await get(client, f"conversations/{key}")
            [name] = told["entries"][0]["pictures"]
            assert url not in str(told)
            seen = await client.get(f"/console/api/conversations/{key}/pictures/{name}")
            assert (seen.status_code, seen.headers["content-type"][:6]) == (200, "image/")
            assert Image.open(io.BytesIO(seen.content)).size == (40, 30)
            for other in ("m1.2", "m9.1", "x"):
                gone = await client.get(f"/console/api/conversations/{key}/pictures/{other}")
                assert gone.status_code == 404
            audit = (await get(client, "audit"))["entries"]
            assert "see a picture" in [entry["action"] for entry in audit]

    run(story, script("nice"))


def picture_of(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(out, "PNG")
    return out.getvalue()
