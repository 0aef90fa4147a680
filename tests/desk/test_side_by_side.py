"""Side by side: one text, two phones, and what differs between their answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
)
from pydantic_ai.models import Model
from pydantic_ai.models.function import AgentInfo, FunctionModel

from evals.desk.side import prompts_folders
from tests.desk.conftest import Desk
from tests.page.conftest import YOU, Opened
from tests.page.looks import ANA, BO, SEEN, bubble, choose, style, violations

MINUS = "\N{MINUS SIGN}"


def says_the_sentence(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Says the sentence of its instructions; remembers something first when they tell it to."""
    told = [m.instructions for m in messages if isinstance(m, ModelRequest) and m.instructions][-1]
    sentence = re.search(r"Say: (.+)", told)
    is_first = not any(isinstance(part, ToolReturnPart) for part in messages[-1].parts)
    if "Remember." in told and is_first:
        return ModelResponse([ToolCallPart("remember", {"fact": "Likes plums"})])
    return ModelResponse([TextPart(sentence[1] if sentence else "I know no sentence")])


@pytest.fixture
def desk(make_desk: Callable[[Model], Desk]) -> Desk:
    """A phone with a second folder of prompts beside its own, and a talk already begun."""
    desk = make_desk(FunctionModel(says_the_sentence, model_name="script"))
    instruct(desk.prompts, "Say: You have two plums left.")
    instruct(other(desk), "Remember. Say: You have three ripe plums left.")
    desk.answers(desk.writes("hello"))
    return desk


def other(desk: Desk) -> Path:
    return desk.prompts.parent / "warmer"


def instruct(folder: Path, words: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "instructions.md").write_text(words + "\n")


def begin(page: Page, desk: Desk, **right: str) -> None:
    """Ask for the two phones: the left one as it is, the right one with the other prompts."""
    page.get_by_role("button", name="Side by side").click()
    form = page.get_by_role("dialog", name="Side by side")
    form.get_by_label("Right: prompts folder").fill(right.get("folder", str(other(desk))))
    form.get_by_label("Right: model").fill(right.get("model", "script"))
    form.get_by_role("button", name="Begin").click()


def both(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Message to both")


def phone(page: Page, side: str) -> FrameLocator:
    return page.frame_locator(f"#{side}-phone iframe")


def said(page: Page, side: str, text: str) -> Locator:
    log = phone(page, side).get_by_role("log", name="Messages")
    return log.get_by_role("article").filter(has_text=text)


def compared(page: Page, text: str) -> Locator:
    return page.get_by_role("table", name=text)


def cells(table: Locator, name: str) -> list[str]:
    row = table.get_by_role("row").filter(has=table.page.get_by_role("rowheader", name=name))
    return row.get_by_role("cell").all_inner_texts()


def test_the_folders_beside_the_prompts_that_hold_instructions_are_offered(tmp_path: Path):
    present = tmp_path / "prompts"
    for folder in (present, tmp_path / "warmer", tmp_path / "colder"):
        instruct(folder, "You are $name.")
    (tmp_path / "notes").mkdir()
    assert prompts_folders(present) == [present, tmp_path / "colder", tmp_path / "warmer"]


def test_the_form_offers_what_there_is_and_begins_with_what_answers_now(
    desk: Desk, open_page: Opened
):
    page = open_page()
    expect(bubble(page, "two plums")).to_be_visible()
    page.get_by_role("button", name="Side by side").click()
    form = page.get_by_role("dialog", name="Side by side")
    for side in ("Left", "Right"):
        expect(form.get_by_label(f"{side}: prompts folder")).to_have_value(str(desk.prompts))
        expect(form.get_by_label(f"{side}: model")).to_have_value("script")
    offered = form.locator("option").evaluate_all("nodes => nodes.map((node) => node.value)")
    assert offered == [str(desk.prompts), str(other(desk)), "script", "scripted"]
    assert violations(page, ".sheet") == []
    form.get_by_label("Left: prompts folder").fill(str(desk.prompts.parent / "nowhere"))
    form.get_by_role("button", name="Begin").click()
    expect(form.get_by_role("alert")).to_contain_text("nowhere")
    assert desk.get("/desk/branches")["branches"] == []


def test_one_text_is_answered_by_both_and_the_answers_are_compared(desk: Desk, open_page: Opened):
    page = open_page()
    expect(bubble(page, "two plums")).to_be_visible()
    begin(page, desk)
    expect(both(page)).to_be_visible()
    for side in ("left", "right"):
        expect(said(page, side, "hello")).to_be_visible()
    both(page).fill("how many?")
    page.get_by_role("button", name="Send", exact=True).click()
    for side in ("left", "right"):
        expect(said(page, side, "how many?")).to_be_visible()
    expect(said(page, "right", "three ripe plums")).to_be_visible()
    table = compared(page, "how many?")
    expect(table).to_contain_text("3 words differ")
    expect(table.locator("del")).to_have_text(f"{MINUS}two")
    expect(table.locator("ins")).to_have_text("+three ripe")
    assert cells(table, "Tools") == ["none", "remember", "differs"]
    assert cells(table, "Bubbles") == ["1", "1", "same"]
    assert cells(table, "Words") == ["5", "6", "+1"]
    versions = cells(table, "Prompts")
    assert versions[0] != versions[1]
    assert versions[2] == "differs"
    assert cells(table, "Model") == ["script", "script", "same"]
    for name in ("Tokens in", "Tokens out"):
        assert cells(table, name)[2].startswith("+")
    expect(table.get_by_role("rowheader", name="In all")).to_be_visible()
    kinds = [branch["kind"] for branch in desk.get("/desk/branches")["branches"]]
    assert kinds == ["side", "side"]


def test_the_phone_itself_and_the_other_phone_hear_nothing_of_what_is_written_in_one(
    desk: Desk, open_page: Opened
):
    page = open_page()
    expect(bubble(page, "two plums")).to_be_visible()
    begin(page, desk)
    expect(said(page, "left", "hello")).to_be_visible()
    left = phone(page, "left")
    left.get_by_role("textbox", name="Message").fill("only here")
    left.get_by_role("button", name="Send", exact=True).click()
    expect(said(page, "left", "only here")).to_be_visible()
    expect(said(page, "left", "two plums")).to_have_count(2)
    both(page).fill("and both")
    both(page).press("Enter")
    expect(compared(page, "and both")).to_contain_text("answered")
    expect(page.get_by_role("table")).to_have_count(1)
    expect(said(page, "right", "only here")).to_have_count(0)
    conversation = desk.get("/handset/conversations")["conversations"][0]["id"]
    assert len(desk.get(f"/handset/conversations/{conversation}?peek=true")["messages"]) == 2


def test_what_was_compared_stands_there_again_after_a_reload_the_newest_first(
    desk: Desk, open_page: Opened
):
    page = open_page()
    expect(bubble(page, "two plums")).to_be_visible()
    begin(page, desk, model="scripted", folder=str(desk.prompts))
    for text in ("first <b>text</b>", "second text"):
        both(page).fill(text)
        both(page).press("Enter")
        expect(compared(page, text)).to_contain_text("scripted")
        expect(compared(page, text)).not_to_contain_text("under way")
    page.reload()
    expect(page.locator("caption")).to_have_text([re.compile("second"), re.compile("<b>text</b>")])
    assert cells(compared(page, "second"), "Model") == ["script", "scripted", "differs"]


def test_what_is_written_to_both_goes_out_on_the_channel_of_the_conversation(
    desk: Desk, open_page: Opened
):
    desk.post("/handset/messages", {"from_handle": YOU, "body": "by sms", "channel": "sms"})
    page = open_page()
    expect(bubble(page, "two plums")).to_have_count(2)
    begin(page, desk)
    both(page).fill("how many?")
    both(page).press("Enter")
    expect(compared(page, "how many?")).to_contain_text("answered")
    for branch in desk.get("/desk/branches")["branches"]:
        there = f"{branch['address']}handset/conversations/{branch['conversation_id']}?peek=true"
        texts = [m for m in desk.get(there)["messages"] if m["body"] == "how many?"]
        assert [(m["channel"], m["from_handle"]) for m in texts] == [("sms", YOU)]


def test_in_a_group_one_writes_to_both_as_the_member_who_wrote_last(desk: Desk, open_page: Opened):
    members = {"members": [ANA, BO], "name": "Market"}
    group = desk.post("/handset/groups", members)
    hello = {"from_handle": BO, "body": "hi Threedots", "group_id": group["group_id"]}
    desk.post("/handset/messages", hello)
    desk.answers(group["conversation_id"])
    page = open_page()
    choose(page, "Market")
    expect(bubble(page, "two plums")).to_be_visible()
    begin(page, desk)
    expect(said(page, "left", "hi Threedots")).to_be_visible()
    both(page).fill("Threedots, how many?")
    both(page).press("Enter")
    expect(compared(page, "Threedots, how many?").locator("ins")).to_be_visible()
    for branch in desk.get("/desk/branches")["branches"]:
        there = f"{branch['address']}handset/conversations/{group['conversation_id']}?peek=true"
        texts = [m for m in desk.get(there)["messages"] if m["body"] == "Threedots, how many?"]
        assert [m["from_handle"] for m in texts] == [BO]


def test_a_phone_that_does_not_take_the_text_says_why(desk: Desk, open_page: Opened):
    page = open_page()
    expect(bubble(page, "two plums")).to_be_visible()
    begin(page, desk)
    expect(said(page, "right", "hello")).to_be_visible()
    gone = desk.get("/desk/branches")["branches"][1]
    assert desk.http.delete(f"/desk/branches/{gone['id']}").is_success
    both(page).fill("how many?")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Right: warmer: There is no branch")
    expect(said(page, "left", "how many?")).to_be_visible()
    expect(both(page)).to_have_value("")


def test_a_conversation_nobody_has_begun_cannot_be_branched(desk: Desk, open_page: Opened):
    page = open_page()
    page.get_by_role("button", name="New person").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Number or e-mail").fill("+15555550125")
    form.get_by_role("button", name="Add").click()
    expect(form).to_be_hidden()
    page.get_by_role("button", name="Side by side").click()
    expect(page.locator(".notice")).to_contain_text("Text the agent first")


def test_a_branch_that_is_not_there_is_said(desk: Desk, tab: Page):
    tab.goto(f"{desk.url}/desk/page/side.html?left=none&right=none")
    expect(tab.get_by_role("alert")).to_contain_text("There is no branch none for the left")
    tab.get_by_role("link", name="Back to the phone").click()
    expect(tab.get_by_role("textbox", name="Message")).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), SEEN)
def test_axe_finds_nothing_to_say_of_two_phones(
    desk: Desk, open_page: Opened, width: int, scheme: str
):
    page = open_page(width=width, color_scheme=scheme)
    expect(bubble(page, "two plums")).to_be_visible()
    begin(page, desk)
    expect(both(page)).to_be_focused()
    both(page).fill("how many?")
    both(page).press("Enter")
    expect(compared(page, "how many?").locator("ins")).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    left, right = page.locator("#left-phone"), page.locator("#right-phone")
    if width < 760:
        expect(right).to_be_hidden()
        page.get_by_role("tab", name=re.compile("^Right")).click()
        expect(right).to_be_visible()
        expect(left).to_be_hidden()
        page.keyboard.press("ArrowLeft")
        expect(left).to_be_visible()
        expect(page.get_by_role("tab", name=re.compile("^Left"))).to_be_focused()
    else:
        expect(left).to_be_visible()
        expect(right).to_be_visible()
    added, removed = (compared(page, "how many?").locator(tag) for tag in ("ins", "del"))
    assert style(added, "background-color") != style(removed, "background-color")
