"""Branches of a conversation: what the agent in one knows, and how they are kept."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from pydantic_ai.messages import ToolCallPart, ToolReturnPart
from sqlmodel import select

from evals.local import branch_file, start_afresh
from memory.tables import Mailbox, Message, Transcript, Turn
from tests.desk.branching import Branch, Desk, desk, play
from tests.house import ANA, BEN, Script, call, script

SEA = "https://pictures.example/sea.jpg"


async def talk(house: Desk, *texts: str, **fields: object) -> tuple[str, list[dict[str, object]]]:
    """Texts, each answered before the next is written; the conversation and its bubbles."""
    sent = None
    for text in texts:
        before = len(await house.rows(Turn))
        sent = await house.text(text, **fields)
        await house.settled(turns=before + 1)
    assert sent is not None
    return sent.conversation_id, (await house.screen(sent.conversation_id)).data["messages"]


def tool_calls(played: Script, place: int = -1) -> list[str]:
    """The tools whose calls and results a request to the model showed."""
    return [
        f"{type(part).__name__} {part.tool_name}"
        for message in played.seen[place]
        for part in message.parts
        if isinstance(part, ToolCallPart | ToolReturnPart)
    ]


def test_in_a_branch_the_model_sees_the_talk_up_to_the_bubble_and_the_memory_as_it_was(
    tmp_path: Path,
):
    played = script(
        call("remember", fact="Has a dog called Rex"),
        "Rex, noted.",
        call("remember", fact="Lives in Oslo"),
        "Oslo, noted.",
        "In the branch.",
    )

    async def story(house: Desk) -> None:
        conversation, bubbles = await talk(house, "my dog is called Rex", "I live in Oslo")
        branch = await house.branch(conversation, str(bubbles[1]["id"]))
        screen = await branch.screen()
        assert [one["body"] for one in screen["messages"]] == [
            "my dog is called Rex",
            "Rex, noted.",
        ]
        assert screen["metadata"]["threedots"]["facts"] == ["Has a dog called Rex"]
        await branch.text("what do you know?")
        await branch.says("In the branch.")
        assert [text.partition("]\n")[2] or text for text in played.talk()] == [
            "my dog is called Rex",
            "Rex, noted.",
            "what do you know?",
        ]
        assert tool_calls(played) == ["ToolCallPart remember", "ToolReturnPart remember"]
        assert "What you remember: Has a dog called Rex" in played.context()
        assert "Oslo" not in played.context()
        assert (await house.screen(conversation)).bodies == ["Rex, noted.", "Oslo, noted."]

    play(story, played, tmp_path)


def test_at_a_bubble_of_the_persons_a_branch_begins_right_before_it(tmp_path: Path):
    played = script("Hello.", "Fine.", "Better.")

    async def story(house: Desk) -> None:
        conversation, bubbles = await talk(house, "hi", "how are you?")
        branch = await house.branch(conversation, str(bubbles[2]["id"]))
        assert await branch.bodies() == ["hi", "Hello."]
        assert branch.told["words"] == "how are you?"
        await branch.text("how were you?")
        await branch.says("Better.")
        assert "how are you?" not in " ".join(played.talk())

    play(story, played, tmp_path)


def test_a_turn_cut_between_its_bubbles_has_said_only_the_first_and_remembers_nothing_yet(
    tmp_path: Path,
):
    played = script(
        [call("remember", fact="Likes tea"), call("send", text="First.")],
        "Second.",
        "In the branch.",
    )

    async def story(house: Desk) -> None:
        conversation, bubbles = await talk(house, "I like tea")
        assert [one["body"] for one in bubbles] == ["I like tea", "First.", "Second."]
        branch = await house.branch(conversation, str(bubbles[1]["id"]))
        assert await branch.bodies() == ["I like tea", "First."]
        await branch.text("and?")
        await branch.says("In the branch.")
        assert [text.partition("]\n")[2] or text for text in played.talk()] == [
            "I like tea",
            "First.",
            "and?",
        ]
        assert tool_calls(played) == []
        assert "What you remember: nothing yet" in played.context()

    play(story, played, tmp_path)


def test_a_clock_that_was_moved_on_goes_on_in_a_branch(tmp_path: Path):
    played = script(call("remember", fact="F1"), "One.", call("remember", fact="F2"), "Two.", "X.")

    async def story(house: Desk) -> None:
        await house.ask("POST", "/handset/clock", {"advance": 7200})
        conversation, bubbles = await talk(house, "first", "second")
        branch = await house.branch(conversation, str(bubbles[1]["id"]))
        assert (await branch.screen())["metadata"]["threedots"]["facts"] == ["F1"]
        await branch.text("third")
        await branch.says("X.")
        assert "What you remember: F1\n" in played.context() + "\n"
        times = [str(one["sent_at"]) for one in (await branch.screen())["messages"]]
        assert times == sorted(times)

    play(story, played, tmp_path)


def test_nothing_from_before_the_branch_is_answered_again(tmp_path: Path):
    played = script("One.", "Two.", "Three.")

    async def story(house: Desk) -> None:
        conversation, bubbles = await talk(house, "first", "second")
        await house.webhook_fault("drop")
        lost = await house.text("nobody heard this")
        await house.text("by somebody else", from_handle=BEN)
        await house.settled(turns=3)
        end = await house.ask(
            "POST", "/desk/branches", {"conversation_id": conversation, "name": "The end"}
        )
        branch = Branch(house, end)
        assert (await branch.bodies())[-1] == "nobody heard this"
        listed = await branch.ask("GET", "handset/conversations")
        assert [one["id"] for one in listed["conversations"]] == [conversation]
        local = await started(house, branch)
        assert local.deployment is not None
        mailboxes = await local.deployment.store.read(lambda s: list(s.exec(select(Mailbox))))
        assert [(box.conversation_id, box.due_at) for box in mailboxes] == [(conversation, None)]
        assert lost.message_ids[0] not in {
            one.message_id
            for one in await local.deployment.store.read(lambda s: list(s.exec(select(Message))))
        }
        assert len(bubbles) == 4

    play(story, played, tmp_path)


async def started(house: Desk, branch: Branch):
    async with house.phone.branches.opened(branch.id) as (local, _):
        return local


def test_background_group_name_and_tapbacks_are_as_they_were(tmp_path: Path):
    played = script("First.", "Second.", last_for_ever=True)

    async def story(house: Desk) -> None:
        await house.person(ANA, name="Ana")
        group = await house.group(ANA, BEN, name="Hikers")
        asked = await house.text("Threedots, first?", group_id=group["group_id"])
        await house.settled(turns=1)
        first = (await house.screen(asked.conversation_id)).last
        await house.tap(first["id"], "love", from_handle=BEN)
        await house.ask("PATCH", f"/handset/groups/{group['group_id']}", {"name": "Swimmers"})
        await house.text("Threedots, second?", group_id=group["group_id"])
        await house.settled(turns=2)
        before = await house.branch(asked.conversation_id, first["id"])
        screen = await before.screen()
        assert screen["group_name"] == "Hikers"
        assert [one["reactions"] for one in screen["messages"]] == [[], []]
        last = (await house.screen(asked.conversation_id)).last
        after = await (await house.branch(asked.conversation_id, last["id"])).screen()
        assert after["group_name"] == "Swimmers"
        assert after["messages"][1]["reactions"] == [{"reaction": "love", "from_handle": BEN}]

    play(story, played, tmp_path)


def test_a_background_set_later_is_not_there_yet(tmp_path: Path):
    played = script("One.", "Two.")

    async def story(house: Desk) -> None:
        conversation, bubbles = await talk(house, "first")
        await house.api("POST", f"conversations/{conversation}/background", {"image_url": SEA})
        _, bubbles = await talk(house, "second")
        plain = await house.branch(conversation, str(bubbles[1]["id"]))
        assert (await plain.screen())["background"] is None
        painted = await house.branch(conversation, str(bubbles[3]["id"]))
        assert (await painted.screen())["background"] == {"url": SEA, "version": 1}

    play(story, played, tmp_path)


def test_a_branch_survives_a_restart_of_the_phone_and_goes_when_it_starts_afresh(tmp_path: Path):
    played = script("One.", "Two.", "Three.")

    async def first(house: Desk) -> str:
        conversation, bubbles = await talk(house, "hi")
        branch = await house.branch(conversation, str(bubbles[-1]["id"]), name="Mine")
        await branch.text("in the branch")
        await branch.says("Two.")
        return branch.id

    async def second(house: Desk, branch_id: str) -> None:
        tree = await house.ask("GET", "/desk/branches")
        assert [(one["id"], one["name"]) for one in tree["branches"]] == [(branch_id, "Mine")]
        branch = Branch(house, tree["branches"][0])
        assert await branch.bodies() == ["hi", "One.", "in the branch", "Two."]
        await branch.text("and again")
        await branch.says("Three.")

    async def both() -> str:
        async with desk(played.model, tmp_path) as house:
            branch_id = await first(house)
        async with desk(played.model, tmp_path) as house:
            await second(house, branch_id)
        return branch_id

    branch_id = asyncio.run(both())
    file = branch_file(tmp_path / "phone.db", branch_id)
    assert file.exists()
    start_afresh(tmp_path / "phone.db")
    assert not file.exists()


def test_branches_of_branches_are_a_tree_that_can_be_renamed_and_cut(tmp_path: Path):
    played = script("One.", "Two.")

    async def story(house: Desk) -> None:
        conversation, bubbles = await talk(house, "hi")
        child = await house.branch(conversation, str(bubbles[-1]["id"]))
        await child.text("further")
        await child.says("Two.")
        newest = (await child.screen())["messages"][-1]["id"]
        wish = {"conversation_id": conversation, "message_id": newest, "name": "Leaf"}
        leaf = await child.ask("POST", "desk/branches", wish)
        assert leaf["parent"] == child.id
        assert (await child.ask("GET", "desk/branches"))["here"] == child.id
        assert (await child.ask("GET", "desk"))["branch"]["id"] == child.id
        assert (await house.ask("GET", "/desk"))["branch"] is None
        renamed = await house.ask("PATCH", f"/desk/branches/{leaf['id']}", {"name": " Twig "})
        assert renamed["name"] == "Twig"
        await house.ask("DELETE", f"/desk/branches/{child.id}")
        tree = await house.ask("GET", "/desk/branches")
        assert [(one["name"], one["parent"]) for one in tree["branches"]] == [("Twig", None)]
        assert await Branch(house, tree["branches"][0]).bodies() == [
            "hi",
            "One.",
            "further",
            "Two.",
        ]
        assert not branch_file(tmp_path / "phone.db", child.id).exists()
        assert (await house.refused("GET", f"/branches/{child.id}/handset/line"))[0] == 404

    play(story, played, tmp_path)


def test_a_branch_nobody_asks_for_is_stopped_and_started_again_when_somebody_does(tmp_path: Path):
    played = script("One.")

    async def story(house: Desk) -> None:
        conversation, bubbles = await talk(house, "hi")
        branch = await house.branch(conversation, str(bubbles[-1]["id"]))
        local = await started(house, branch)
        async with asyncio.timeout(20):
            while local.deployment is not None:  # noqa: ASYNC110  # seen by asking
                await asyncio.sleep(0.01)
        assert await branch.bodies() == ["hi", "One."]
        assert await started(house, branch) is not local

    play(story, played, tmp_path, idle_for=0.2)


def test_a_branch_has_its_own_prompts_and_model(tmp_path: Path):
    played = script("One.", "Two.")
    own = tmp_path / "own"
    own.mkdir()
    (own / "instructions.md").write_text("You are a pirate called $name.")

    async def story(house: Desk) -> None:
        conversation, bubbles = await talk(house, "hi")
        newest = str(bubbles[-1]["id"])
        pirate = await house.branch(conversation, newest, prompts_folder=str(own))
        await pirate.text("who are you?")
        await pirate.says("Two.")
        assert "You are a pirate" in (played.infos[-1].instructions or "")
        assert pirate.told["prompts_folder"] == str(own)
        demo = await house.branch(conversation, newest, model="scripted")
        assert (await demo.ask("GET", "desk"))["model"] == "scripted"
        wish = {"conversation_id": conversation, "message_id": newest}
        again = await pirate.ask("POST", "desk/branches", wish)
        assert again["prompts_folder"] == str(own), "a branch of a branch goes on with its prompts"

    play(story, played, tmp_path)


@pytest.mark.parametrize(
    ("wish", "status", "why"),
    [
        ({"conversation_id": "nobody"}, 404, "no conversation nobody"),
        ({"message_id": "none"}, 404, "no message none in this conversation"),
        ({"model": "acme:x"}, 422, "such as openai:gpt-5-mini"),
        ({"prompts_folder": "/nowhere"}, 422, "holds no instructions.md"),
        ({"name": ""}, 422, "at least 1 character"),
        ({"kind": "sprout"}, 422, "'fork' or 'side'"),
    ],
)
def test_a_branch_that_cannot_be_is_refused_with_what_would_be_right(
    tmp_path: Path, wish: dict[str, str], status: int, why: str
):
    async def story(house: Desk) -> None:
        conversation, _ = await talk(house, "hi")
        asked = {"conversation_id": conversation} | wish
        refused, told = await house.refused("POST", "/desk/branches", asked)
        assert refused == status
        assert why in told
        assert (await house.ask("GET", "/desk/branches"))["branches"] == []
        assert list((tmp_path / "branches").glob("*")) == []

    play(story, script("Hello."), tmp_path)


def test_an_unknown_branch_is_told_as_such(tmp_path: Path):
    async def story(house: Desk) -> None:
        for method, path, body in [
            ("GET", "/branches/none", None),
            ("GET", "/branches/none/", None),
            ("PATCH", "/desk/branches/none", {"name": "x"}),
            ("DELETE", "/desk/branches/none", None),
        ]:
            status, why = await house.refused(method, path, body)
            assert (status, "GET /desk/branches tells" in why) == (404, True)

    play(story, script(), tmp_path)


def test_the_address_of_a_branch_without_its_slash_leads_to_it(tmp_path: Path):
    async def story(house: Desk) -> None:
        conversation, bubbles = await talk(house, "hi")
        branch = await house.branch(conversation, str(bubbles[-1]["id"]))
        answer = await house.http.get(f"/branches/{branch.id}")
        assert (answer.status_code, answer.headers["location"]) == (307, branch.told["address"])
        page = await house.http.get(branch.told["address"])
        assert "<title>Messages</title>" in page.text
        assert await branch.ask("GET", "page/parts.json")

    play(story, script("Hello."), tmp_path)


def test_what_was_said_elsewhere_is_not_in_the_file_of_a_branch(tmp_path: Path):
    played = script("One.", "Two.")

    async def story(house: Desk) -> None:
        await talk(house, "a secret of Ben's", from_handle=BEN)
        conversation, bubbles = await talk(house, "hi")
        branch = await house.branch(conversation, str(bubbles[-1]["id"]))
        file = branch_file(tmp_path / "phone.db", branch.id)
        assert b"a secret of Ben" not in file.read_bytes()
        with closing(sqlite3.connect(file)) as connection:
            assert connection.execute("SELECT count(*) FROM turn").fetchone() == (1,)
        assert len(await house.rows(Transcript)) == 2

    play(story, played, tmp_path)
