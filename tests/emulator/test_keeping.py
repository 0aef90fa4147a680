"""What the twin keeps: a restart finds the same line, and media are served again."""

from __future__ import annotations

import asyncio
import threading

import pytest

from phone.clock import HeldClock
from phone.emulator.receiving import Writing, receive
from phone.emulator.twin import Twin
from tests.emulator.stage import ANA, CAT, HOOK, IMESSAGE, SECRET, Stage, staged

PNG = b"\x89PNG and so on"


class Shelf:
    """Keeps records as a database would."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], str] = {}
        self.batches: list[int] = []

    def save(self, changes: list[tuple[str, str, str | None]]) -> None:
        self.batches.append(len(changes))
        for kind, id, text in changes:
            if text is None:
                self.rows.pop((kind, id), None)
            else:
                self.rows[kind, id] = text

    def load(self) -> list[tuple[str, str, str]]:
        return [(kind, id, text) for (kind, id), text in reversed(self.rows.items())]


def restarted(shelf: Shelf, before, after) -> None:
    """Run one story on a line, stop it, and run another on the line that was saved."""

    async def run() -> None:
        kept = {"load": shelf.load, "save": shelf.save}
        async with Stage(**kept).set_up() as stage:
            found = await before(stage)
        later = Stage(**kept, webhook_url=None, webhook_secret=None)
        later.clock.advance(100)
        async with later.set_up():
            await after(later, found)

    asyncio.run(run())


def test_a_restart_finds_the_same_line():
    async def live(stage: Stage) -> dict:
        await stage.call("POST", "/handset/people", {"handle": ANA, "name": "Ana"})
        await stage.call("POST", "/v1/contacts", {"phoneNumber": ANA, "name": "Ana"})
        written = await stage.text("One", media_urls=[CAT])
        sent = await stage.send("Two", reply_to_message_id=written["messages"][0]["id"])
        path = f"/v1/messages/{written['messages'][0]['id']}/reactions"
        await stage.call("POST", path, {"reaction": "love"})
        path = f"/v1/conversations/{sent['conversation_id']}"
        await stage.call("PATCH", path, {"metadata": {"k": [1]}})
        await stage.call("POST", f"{path}/background", {"image_url": CAT})
        await stage.call("POST", "/handset/groups", {"members": [ANA, "kim@example.com"]})
        await stage.advance(5)
        return await everything(stage)

    async def compare(stage: Stage, before: dict) -> None:
        after = await everything(stage)
        assert after == before
        new = await stage.text("Three")
        ids = [row["id"] for row in before["messages"]]
        assert new["messages"][0]["id"] not in ids
        assert stage.webhooks[-1].url == HOOK

    restarted(Shelf(), live, compare)


async def everything(stage: Stage) -> dict:
    """All that one can see of a line, but the time."""
    line = await stage.call("GET", "/handset/line")
    del line["now"]
    listed = (await stage.call("GET", "/v1/conversations"))["data"]
    screens = [await stage.screen(one["id"]) for one in listed]
    return {
        "line": line,
        "conversations": listed,
        "screens": screens,
        "messages": [message for screen in screens for message in screen["messages"]],
        "contacts": await stage.call("GET", "/v1/contacts"),
        "webhook": await stage.call("GET", "/v1/webhooks"),
        "deliveries": await stage.call("GET", "/v1/webhooks/deliveries"),
    }


def test_what_was_under_way_goes_on_after_a_restart():
    async def leave(stage: Stage) -> str:
        stage.answers = [503]
        await stage.text("Tell me")
        return (await stage.send())["conversation_id"]

    async def find(stage: Stage, conversation_id: str) -> None:
        await stage.settle()
        (_, bubble) = (await stage.screen(conversation_id))["messages"]
        assert bubble["status"] == "read"
        await stage.advance(300)
        assert [hook.data["message"] for hook in stage.webhooks] == ["Tell me"]

    restarted(Shelf(), leave, find)


def test_event_numbers_go_on_after_a_restart_even_when_nothing_else_changed():
    shelf = Shelf()

    async def only_read(stage: Stage, _: object = None) -> int:
        await stage.call("GET", "/v1/conversations")
        return (await stage.call("GET", "/handset/events"))["last"]

    async def go_on(stage: Stage, last: int) -> None:
        await stage.text()
        assert (await stage.call("GET", f"/handset/events?after={last}"))["events"][0]["seq"] > last

    restarted(shelf, only_read, only_read)
    restarted(shelf, only_read, go_on)


def test_what_was_reset_stays_gone():
    async def live(stage: Stage) -> None:
        await stage.text()
        await stage.call("POST", "/handset/reset")

    async def look(stage: Stage, _: None) -> None:
        assert (await stage.call("GET", "/handset/conversations"))["conversations"] == []

    shelf = Shelf()
    restarted(shelf, live, look)
    assert "message" not in {kind for kind, _ in shelf.rows}


def test_changes_made_together_are_saved_together_and_off_the_loop():
    threads: set[int] = set()
    shelf = Shelf()

    def save(changes: list) -> None:
        threads.add(threading.get_ident())
        shelf.save(changes)

    async def live() -> None:
        async with Twin(clock=HeldClock(), save=save) as twin:
            for n in range(50):
                receive(twin.line, Writing(from_handle=ANA, body=str(n)))

    asyncio.run(live())
    assert len([1 for kind, _ in shelf.rows if kind == "message"]) == 50
    assert len(shelf.batches) == 1 and threading.get_ident() not in threads


def test_a_save_that_fails_is_made_good_by_the_next():
    shelf, failures = Shelf(), [OSError("disk full")]

    async def live() -> None:
        saved, loop = asyncio.Event(), asyncio.get_running_loop()

        def save(changes: list) -> None:
            if failures:
                raise failures.pop()
            shelf.save(changes)
            loop.call_soon_threadsafe(saved.set)

        async with Stage(save=save).set_up() as stage:
            await stage.text()
            async with asyncio.timeout(5):
                await saved.wait()

    asyncio.run(live())
    assert {"message", "conversation", "agent"} <= {kind for kind, _ in shelf.rows}


def test_the_same_seed_makes_the_same_ids():
    def ids(seed: int | None) -> list[str]:
        return list(Twin(clock=HeldClock(), seed=seed).line.numbers)

    assert ids(1) == ids(1) != ids(2)
    assert ids(None) != ids(None)


@staged()
async def test_an_uploaded_file_is_served_and_rides_on_a_webhook(stage: Stage):
    headers = {"Content-Type": "image/png"}
    uploaded = await stage.call("POST", "/handset/media", content=PNG, headers=headers)
    assert uploaded["url"].startswith("http://twin.test/handset/media/")
    served = await stage.try_call("GET", uploaded["url"])
    assert (served.content, served.headers["content-type"]) == (PNG, "image/png")
    await stage.text("", media_urls=[uploaded["url"]])
    photo = await stage.try_call("GET", stage.webhooks[0].data["mediaUrl"])
    assert (photo.content, photo.headers["content-type"]) == (PNG, "image/png")


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "application/javascript", "x"])
@staged()
async def test_a_file_that_could_run_is_served_as_bytes(stage: Stage, kind: str):
    headers = {"Content-Type": kind}
    uploaded = await stage.call("POST", "/handset/media", content=b"<svg>", headers=headers)
    served = await stage.try_call("GET", uploaded["url"])
    assert served.headers["content-type"] == "application/octet-stream"
    assert served.headers["x-content-type-options"] == "nosniff"
    assert served.headers["content-security-policy"] == "sandbox"


@staged()
async def test_every_other_address_shows_a_stand_in_of_its_own(stage: Stage):
    one, same, other = [
        (await stage.try_call("GET", "/handset/media", params={"url": url})).content
        for url in (CAT, CAT, f"{CAT}?2")
    ]
    assert one[:4] == b"\x89PNG" and one == same != other


@staged()
async def test_a_message_without_a_photo_has_an_empty_picture(stage: Stage):
    written = await stage.text()
    path = f"/v1/messages/{written['messages'][0]['id']}/media"
    answer = await stage.try_call("GET", path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert (await stage.try_call("GET", "/v1/messages/gone/media")).status_code == 404


@staged()
async def test_an_empty_upload_is_refused(stage: Stage):
    assert (await stage.try_call("POST", "/handset/media")).status_code == 422


@staged()
async def test_the_agent_may_send_a_file_it_put_on_the_twin(stage: Stage):
    stage.http.base_url = "http://127.0.0.1:8000"
    uploaded = await stage.call("POST", "/handset/media", content=PNG)
    sent = await stage.send("", media_urls=[uploaded["url"]])
    assert sent["media_urls"] == [uploaded["url"]]


def test_a_webhook_given_at_the_start_wins_over_the_saved_one():
    async def live(stage: Stage) -> None:
        assert stage.twin.line.hooks["project"].secret == SECRET

    shelf = Shelf()
    restarted(shelf, live, lambda stage, _: asyncio.sleep(0))
    twin = Twin(load=shelf.load, webhook_url="https://new.example.com", agent_name="Bean")
    assert twin.line.hooks["project"].url == "https://new.example.com"
    assert [agent.name for agent in twin.line.agents.values()] == ["Bean"]
    assert twin.line.active_numbers()[0].phone_number == IMESSAGE
