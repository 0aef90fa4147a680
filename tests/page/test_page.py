"""The phone in the browser, looked at by one: what a person sees, and what reaches the line."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from phone.types import SEND_STYLES, TAPBACKS
from tests.page.conftest import DOT, YOU, Line, Opened
from tests.page.looks import ANA, bubble, row, typing, write


@pytest.mark.parametrize("width", [360, 1280])
def test_an_empty_line_opens_ready_to_type_on_imessage(line: Line, open_page: Opened, width: int):
    page = open_page(width=width)
    expect(page.get_by_role("textbox", name="Message")).to_be_focused()
    channel = page.get_by_role("radiogroup", name="Channel")
    expect(channel.get_by_role("radio", name="iMessage")).to_be_checked()
    assert [person["handle"] for person in line.get("/handset/line")["people"]] == [YOU]


def test_words_sent_before_the_line_is_known_wait_for_it(line: Line, open_page: Opened):
    page = open_page()
    page.reload(wait_until="load")
    page.get_by_role("textbox", name="Message").fill("quick as can be")
    page.keyboard.press("Enter")
    expect(bubble(page, "quick as can be")).to_be_visible()


def test_words_begun_before_the_line_is_known_are_kept(line: Line, open_page: Opened):
    page = open_page()
    held: list[Route] = []
    page.route("**/handset/conversations", lambda route: held.append(route))
    page.reload(wait_until="load")
    page.get_by_role("textbox", name="Message").fill("begun early")
    for route in held:
        route.continue_()
    page.unroute("**/handset/conversations")
    expect(page.get_by_text("Text Threedots to begin.")).to_be_visible()
    expect(page.get_by_role("textbox", name="Message")).to_have_value("begun early")


def test_the_conversation_written_in_last_is_the_one_that_opens(line: Line, open_page: Opened):
    line.writes("an older one", from_handle=ANA)
    line.writes("the newest one")
    expect(bubble(open_page(), "the newest one")).to_be_visible()


def test_enter_sends_and_shift_enter_begins_a_line(line: Line, open_page: Opened):
    page = open_page()
    page.keyboard.type("first line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("second line")
    page.keyboard.press("Enter")
    expect(bubble(page, "second line")).to_be_visible()
    expect(row(page, "second line")).to_have_class(re.compile(r"\bmine\b.*\bblue\b"))
    expect(page.get_by_role("textbox", name="Message")).to_have_value("")
    assert line.newest()["body"] == "first line\nsecond line"
    assert line.newest()["from_handle"] == YOU


def test_words_typed_while_the_first_message_leaves_are_kept(line: Line, open_page: Opened):
    page = open_page()
    page.keyboard.type("one")
    page.keyboard.press("Enter")
    page.keyboard.type("two, half-written")
    expect(bubble(page, "one")).to_be_visible()
    expect(page.get_by_role("textbox", name="Message")).to_have_value("two, half-written")


def test_what_the_line_refuses_comes_back_into_the_field(line: Line, open_page: Opened):
    page = open_page()
    line.stop()
    write(page, "are you there?")
    expect(page.get_by_role("alert").filter(has_text="line")).to_be_visible()
    expect(page.get_by_role("textbox", name="Message")).to_have_value("are you there?")
    line.start()


def test_sms_turns_bubbles_green_and_arrives_as_sms(line: Line, open_page: Opened):
    page = open_page()
    page.get_by_role("radio", name="SMS").check()
    write(page, "from the bus")
    expect(row(page, "from the bus")).to_have_class(re.compile(r"\bgreen\b"))
    assert line.newest()["channel"] == "sms"
    expect(page.get_by_role("radio", name="SMS")).to_be_checked()


def test_the_agents_bubble_is_grey_on_the_left_with_its_mark(line: Line, open_page: Opened):
    line.writes("hello?")
    page = open_page()
    line.texts("Hello! I am here.")
    theirs = row(page, "Hello! I am here.")
    expect(theirs).to_have_class(re.compile(r"\btheirs\b"))
    expect(theirs.locator(".mark")).to_have_text("Delivered")
    expect(theirs.locator(".mark")).to_have_text("Read")


def test_typing_shows_exactly_while_the_line_says_so(line: Line, open_page: Opened):
    conversation = line.writes("hello?")
    page = open_page()
    expect(typing(page)).to_have_count(0)
    line.agent("POST", f"/conversations/{conversation}/typing")
    expect(typing(page)).to_be_visible()
    line.texts("there")
    expect(typing(page)).to_have_count(0)
    line.agent("POST", f"/conversations/{conversation}/typing")
    expect(typing(page)).to_be_visible()
    line.post("/handset/clock", {"advance": 60})
    expect(typing(page)).to_have_count(0)


def test_the_agents_tapback_sits_on_the_bubble(line: Line, open_page: Opened):
    line.writes("we won!")
    page = open_page()
    path = f"/messages/{line.newest()['id']}/reactions"
    for reaction, glyph in [("love", "❤️"), ("🔥", "🔥")]:
        line.agent("POST", path, {"reaction": reaction})
        badge = bubble(page, "we won!").get_by_role("img", name=f"Threedots: {reaction}")
        expect(badge).to_have_text(glyph)


def test_the_agents_answer_in_thread_quotes_what_it_answers(line: Line, open_page: Opened):
    line.writes("which bridge?")
    asked = line.newest()["id"]
    line.writes("and when?")
    page = open_page()
    line.texts("The old one.", reply_to_message_id=asked)
    quote = row(page, "The old one.").get_by_role("button", name="In reply to You")
    expect(quote).to_have_text("which bridge?")
    quote.click()
    expect(bubble(page, "which bridge?")).to_be_focused()


WATCH = """() => {
  window.moved = {}
  const look = () => {
    const moving = '.effect-layer, .bubble.playing, .bubble.effect-invisible:not(.revealed)'
    for (const node of document.querySelectorAll(moving)) {
      const count = node.getAnimations({subtree: true}).length
        + node.querySelectorAll('canvas').length
      const [style] = [...node.classList].filter((name) => /^effect-(?!layer)/.test(name))
      window.moved[style] = Math.max(count, window.moved[style] ?? 0)
    }
  }
  new MutationObserver(look).observe(document, {
    subtree: true, childList: true, attributes: true, attributeFilter: ['class'],
  })
}"""
"""Keeps what moved, and how many animations it had, a canvas that is painted counting as one: an
effect may be over before a busy machine looks for it."""


def animations(page: Page, style: str) -> int:
    """Wait until an effect has played; how many animations it had."""
    name = f"effect-{style}"
    page.wait_for_function("(name) => window.moved[name] !== undefined", arg=name)
    return int(page.evaluate("(name) => window.moved[name]", name))


def test_each_effect_has_an_animation_of_its_own(line: Line, open_page: Opened):
    line.writes("show me")
    page = open_page()
    page.evaluate(WATCH)
    for style in SEND_STYLES:
        line.texts(f"ta-da {style}", send_style=style)
        shown = bubble(page, f"ta-da {style}")
        expect(shown).to_have_class(re.compile(rf"\beffect-{style}\b"))
        assert animations(page, style) > 0 or style == "invisible"


def test_an_effect_plays_once_and_again_when_asked(line: Line, open_page: Opened):
    line.writes("show me")
    page = open_page()
    page.evaluate(WATCH)
    line.texts("ta-da", send_style="slam")
    assert animations(page, "slam") > 0
    expect(page.locator(".playing")).to_have_count(0)
    page.evaluate("window.moved = {}")
    row(page, "ta-da").get_by_role("button", name="Replay Slam").click()
    assert animations(page, "slam") > 0


def test_an_effect_that_came_unseen_plays_when_its_conversation_opens(
    line: Line, open_page: Opened
):
    line.post("/handset/people", {"handle": ANA, "name": "Ana"})
    line.writes("hello", from_handle=ANA)
    line.texts("ta-da", to_number=ANA, send_style="fireworks")
    line.writes("hello")
    page = open_page()
    page.evaluate(WATCH)
    expect(bubble(page, "hello")).to_be_visible()
    assert page.evaluate("window.moved") == {}
    page.get_by_role("button", name="Ana").click()
    assert animations(page, "fireworks") > 0


def test_nothing_flies_for_those_who_asked_for_less_motion(line: Line, open_page: Opened):
    line.writes("show me")
    page = open_page(reduced_motion="reduce")
    line.texts("ta-da", send_style="confetti")
    expect(row(page, "ta-da").get_by_role("button", name="Replay Confetti")).to_be_visible()
    expect(page.locator(".effect-layer")).to_have_count(0)


def test_invisible_ink_is_read_after_a_tap(line: Line, open_page: Opened):
    line.writes("tell me")
    page = open_page()
    line.texts("the secret", send_style="invisible")
    words = bubble(page, "the secret").locator(".words")
    expect(words).to_have_css("opacity", "0")
    bubble(page, "the secret").click()
    expect(words).to_have_css("opacity", "1")
    expect(page.get_by_role("menu")).to_have_count(0)


def test_the_background_comes_and_goes(line: Line, open_page: Opened):
    conversation = line.writes("paint it")
    page = open_page()
    path = f"/conversations/{conversation}/background"
    line.agent("POST", path, {"image_url": "https://pictures.example/sea.jpg"})
    expect(page.locator("#backdrop")).to_have_css("background-image", re.compile("sea.jpg"))
    line.agent("DELETE", path)
    expect(page.locator("#backdrop")).to_have_css("background-image", "none")


def test_a_photo_opens_over_everything_and_closes(line: Line, open_page: Opened):
    line.writes("send a photo")
    page = open_page()
    line.texts("", media_urls=["https://pictures.example/dog.jpg"])
    photo = page.get_by_role("button", name="Photo from Threedots")
    expect(photo.locator("img")).to_have_js_property("naturalWidth", 320)
    photo.click()
    expect(page.get_by_role("dialog", name="Photo from Threedots")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(photo).to_be_focused()


def test_links_open_elsewhere_and_only_web_addresses_are_links(line: Line, open_page: Opened):
    line.writes("where?")
    page = open_page()
    line.texts("Here:\nhttps://example.com/a?b=1.\nnot javascript:alert(1) or ftp://example.com")
    link = bubble(page, "Here:").get_by_role("link")
    expect(link).to_have_count(1)
    expect(link).to_have_attribute("href", "https://example.com/a?b=1")
    expect(link).to_have_attribute("rel", re.compile("noopener"))


def test_a_click_on_a_bubble_offers_tapbacks_that_reach_the_line(line: Line, open_page: Opened):
    line.writes("hello?")
    page = open_page()
    line.texts("Shall we?")
    bubble(page, "Shall we?").click()
    menu = page.get_by_role("menu")
    names = [
        choice.get_attribute("aria-label") for choice in menu.get_by_role("menuitemradio").all()
    ]
    assert names[:6] == list(TAPBACKS)
    menu.get_by_role("menuitemradio", name="like", exact=True).click()
    expect(bubble(page, "Shall we?").get_by_role("img", name="You: like")).to_be_visible()
    assert line.newest()["reactions"] == [{"reaction": "like", "from_handle": YOU}]


def test_a_finger_that_rests_on_a_bubble_opens_the_menu_too(line: Line, open_page: Opened):
    line.writes("hello?")
    page = open_page(width=360, height=780)
    line.texts("Shall we?")
    touch = {"pointerType": "touch", "clientX": 60, "clientY": 200}
    bubble(page, "Shall we?").dispatch_event("pointerdown", touch)
    expect(page.get_by_role("menu")).to_be_visible()
    page.get_by_role("menuitem", name="Another emoji").click()
    page.get_by_label("Any one emoji").fill("🦊")
    page.get_by_role("button", name="Tap back").click()
    expect(bubble(page, "Shall we?").get_by_role("img", name="You: 🦊")).to_be_visible()


def test_the_keyboard_walks_the_bubbles_and_taps_back(line: Line, open_page: Opened):
    line.writes("one")
    line.texts("two")
    line.texts("three")
    page = open_page()
    bubble(page, "three").focus()
    page.keyboard.press("ArrowUp")
    expect(bubble(page, "two")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)
    expect(bubble(page, "two")).to_be_focused()
    for key in ("Enter", "End", "Home", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    expect(bubble(page, "two").get_by_role("img", name="You: like")).to_be_visible()


def test_an_answer_in_thread_names_its_message_and_escape_takes_it_back(
    line: Line, open_page: Opened
):
    line.writes("hello?")
    asked = line.texts("Tea or coffee?")
    page = open_page()
    for _ in range(2):
        bubble(page, "Tea or coffee?").click()
        page.get_by_role("menuitem", name="Reply").click()
        expect(page.get_by_text("Replying to Threedots")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_text("Replying to Threedots")).to_be_hidden()
    bubble(page, "Tea or coffee?").click()
    page.get_by_role("menuitem", name="Reply").click()
    page.keyboard.type("Tea")
    page.keyboard.press("Enter")
    quote = row(page, "Tea").last.get_by_role("button", name="In reply to Threedots")
    expect(quote).to_be_visible()
    assert line.newest()["reply_to_message_id"] == asked


def test_chosen_and_pasted_photos_are_sent(line: Line, open_page: Opened):
    page = open_page()
    photo = {"name": "dot.png", "mimeType": "image/png", "buffer": DOT}
    page.locator("#files").set_input_files([photo])
    page.evaluate(
        """() => {
          const file = new File([new Uint8Array([137])], 'pasted.png', {type: 'image/png'});
          const carried = new DataTransfer();
          carried.items.add(file);
          document.activeElement.dispatchEvent(
            new ClipboardEvent('paste', {clipboardData: carried, bubbles: true, cancelable: true}));
        }"""
    )
    expect(page.get_by_role("list", name="Photos to send").get_by_role("listitem")).to_have_count(2)
    page.get_by_role("button", name="Remove pasted.png").click()
    write(page, "look")
    expect(bubble(page, "look").locator("img")).to_have_js_property("naturalWidth", 1)
    assert line.newest()["media_urls"][0].startswith(line.url)


def test_somebody_new_gets_a_conversation_of_their_own(line: Line, open_page: Opened):
    page = open_page()
    write(page, "mine")
    expect(bubble(page, "mine")).to_be_visible()
    page.get_by_role("button", name="New person").click()
    page.get_by_label("Number or e-mail").fill("+1 (555) 555-0124")
    page.get_by_label("Name").fill("Ana")
    page.get_by_role("button", name="Add").click()
    expect(bubble(page, "mine")).to_have_count(0)
    write(page, "from Ana")
    expect(bubble(page, "from Ana")).to_be_visible()
    assert line.newest()["from_handle"] == ANA
    rows = page.get_by_role("navigation", name="Conversations").get_by_role("listitem")
    expect(rows).to_have_count(2)
    rows.filter(has_text="You").get_by_role("button").click()
    expect(bubble(page, "mine")).to_be_visible()


def test_a_handle_that_is_none_is_explained_in_the_form(line: Line, open_page: Opened):
    page = open_page()
    page.get_by_role("button", name="New person").click()
    page.get_by_label("Number or e-mail").fill("12")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("12")


def test_a_group_is_written_in_as_any_member(line: Line, open_page: Opened):
    line.post("/handset/people", {"handle": YOU, "name": "You"})
    line.post("/handset/people", {"handle": ANA, "name": "Ana"})
    page = open_page()
    page.get_by_role("button", name="New group").click()
    for name in ("You", "Ana"):
        page.get_by_role("checkbox", name=name).check()
    page.get_by_label("Name").fill("Market")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="Market")).to_be_visible()
    for name, handle in [("You", YOU), ("Ana", ANA)]:
        page.get_by_role("combobox", name="Write as").select_option(label=name)
        write(page, f"{name} here")
        expect(row(page, f"{name} here")).to_have_class(re.compile(r"\bmine\b"))
        assert line.newest()["from_handle"] == handle
    expect(row(page, "You here")).to_have_class(re.compile(r"\btheirs\b"))
    expect(page.get_by_role("radio", name="SMS")).to_be_disabled()
    group = line.get("/handset/conversations")["conversations"][0]["group_id"]
    line.texts("Hello both", to_number=group)
    expect(row(page, "Hello both").locator(".sender")).to_have_text("Threedots")


def test_what_comes_while_looking_elsewhere_is_counted_until_looked_at(
    line: Line, open_page: Opened
):
    line.post("/handset/people", {"handle": YOU, "name": "You"})
    line.post("/handset/people", {"handle": ANA, "name": "Ana"})
    line.writes("hello", from_handle=ANA)
    line.writes("hello")
    page = open_page()
    line.texts("seen at once")
    line.texts("for Ana", to_number=ANA)
    line.texts("for Ana too", to_number=ANA)
    anas = page.get_by_role("button", name="Ana, 2 unread")
    expect(anas.locator(".count")).to_have_text("2")
    expect(anas).to_contain_text("for Ana too")
    anas.click()
    expect(bubble(page, "for Ana too")).to_be_visible()
    expect(page.get_by_role("button", name="unread")).to_have_count(0)
    page.get_by_role("button", name="You", exact=True).click()
    expect(bubble(page, "seen at once")).to_be_visible()


def test_a_narrow_screen_goes_back_to_the_list_and_on_to_another(line: Line, open_page: Opened):
    line.post("/handset/people", {"handle": ANA, "name": "Ana"})
    line.writes("hello from Ana", from_handle=ANA)
    line.writes("hello from me")
    page = open_page(width=360, height=780)
    expect(page.get_by_role("navigation", name="Conversations")).to_be_hidden()
    page.get_by_role("button", name="Back to conversations").click()
    expect(page.get_by_role("log")).to_be_hidden()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(bubble(page, "hello from Ana")).to_be_visible()
    expect(page.get_by_role("textbox", name="Message")).to_be_focused()


HOSTILE = "<img src=x onerror=document.title='owned'><b>bold</b>"


def test_what_looks_like_html_stays_text_everywhere(line: Line, open_page: Opened):
    line.post("/handset/people", {"handle": YOU, "name": HOSTILE})
    line.post("/handset/people", {"handle": ANA, "name": HOSTILE})
    group = line.post("/handset/groups", {"members": [YOU, ANA], "name": HOSTILE})
    line.writes(HOSTILE, group_id=group["group_id"])
    line.writes(
        HOSTILE,
        from_handle=ANA,
        group_id=group["group_id"],
        reply_to_message_id=line.newest()["id"],
    )
    page = open_page()
    line.texts(HOSTILE, to_number=group["group_id"], send_style="echo")
    expect(bubble(page, HOSTILE)).to_have_count(3)
    page.get_by_role("button", name="New group").click()
    expect(page.get_by_role("dialog").get_by_text(HOSTILE).first).to_be_visible()
    assert page.locator("b:not(.time b), img").count() == 0
    assert "owned" not in page.title()


def test_the_page_asks_its_own_origin_only_and_never_the_agents_api(line: Line, open_page: Opened):
    line.writes("hello")
    line.texts("https://example.com", media_urls=["https://pictures.example/dog.jpg"])
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    expect(page.locator(".photo img")).to_have_js_property("naturalWidth", 320)
    foreign = [url for url in asked if not url.startswith((line.url, "data:", "blob:"))]
    assert asked and foreign == []
    assert [url for url in asked if "/v1/" in url] == []


def test_the_page_comes_back_when_the_line_does(line: Line, open_page: Opened):
    line.writes("before")
    page = open_page()
    line.stop()
    expect(page.get_by_role("alert").filter(has_text="quiet")).to_be_visible()
    line.start()
    line.texts("after")
    expect(bubble(page, "after")).to_be_visible()
    line.texts("and on")
    expect(bubble(page, "and on")).to_be_visible()


def test_an_emptied_line_begins_again_with_somebody(line: Line, open_page: Opened):
    line.writes("before")
    page = open_page()
    line.post("/handset/reset", {})
    line.writes("somebody else", from_handle=ANA)
    expect(bubble(page, "somebody else")).to_be_visible()
    expect(bubble(page, "before")).to_have_count(0)


def test_digits_and_blanks_are_drawn_by_the_text_font(line: Line, open_page: Opened):
    """An emoji font that is named as a family draws these too, a whole letter wide."""
    line.writes("at 12:57")
    page = open_page()
    family = page.evaluate("getComputedStyle(document.documentElement).fontFamily")
    assert "Color Emoji" not in family
    [face] = page.evaluate(
        "[...document.fonts].filter((f) => f.family === 'Emoji').map((f) => f.unicodeRange)"
    )
    assert "U+1F000-1FAFF" in face and "U+30" not in face and "U+20," not in face
    width = "(text) => text.getBoundingClientRect().width"
    assert bubble(page, "at 12:57").evaluate(width) < 130
