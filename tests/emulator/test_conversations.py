"""/v1/conversations, reactions and pages: read, remember, type, paint, tap back."""

from __future__ import annotations

import pytest

from tests.emulator.stage import ANA, BO, CAT, DOG, IMESSAGE, Stage, staged


async def chat(stage: Stage, **more: str) -> str:
    return f"/v1/conversations/{(await stage.text(**more))['conversation_id']}"


@staged()
async def test_metadata_is_replaced_whole_and_cleared_by_null(stage: Stage):
    path = await chat(stage)
    await stage.call("PATCH", path, {"metadata": {"a": 1, "b": {"c": [None]}}})
    await stage.call("PATCH", path, {"metadata": {"d": 2}})
    assert (await stage.call("GET", path))["metadata"] == {"d": 2}
    await stage.call("PATCH", path, {"group_name": "ignored"})
    assert (await stage.call("GET", path))["metadata"] == {"d": 2}
    cleared = await stage.call("PATCH", path, {"metadata": None})
    assert cleared["metadata"] is None and cleared["groupName"] is None


@pytest.mark.parametrize("raw", ['{"metadata": [1]}', '{"metadata": {"a": NaN}}', "{", "[]"])
@staged()
async def test_metadata_is_an_object_that_json_can_tell(stage: Stage, raw: str):
    path = await chat(stage)
    answer = await stage.try_call("PATCH", path, content=raw)
    assert answer.status_code == 422
    assert (await stage.call("GET", path))["metadata"] is None


@staged()
async def test_half_a_surrogate_pair_is_refused_and_not_an_error_of_ours(stage: Stage):
    path = await chat(stage)
    raw = '{"metadata": {"a": "\\ud83d"}}'
    assert (await stage.try_call("PATCH", path, content=raw)).status_code == 422


@staged()
async def test_the_dots_show_until_they_fade(stage: Stage):
    path = await chat(stage)
    screen = path.replace("/v1/", "/handset/")
    await stage.call("POST", f"{path}/typing")
    assert (await stage.call("GET", screen))["typing"] is True
    await stage.advance(8)
    await stage.call("POST", f"{path}/typing")
    await stage.advance(8)
    assert (await stage.call("GET", screen))["typing"] is True
    await stage.advance(2)
    assert (await stage.call("GET", screen))["typing"] is False
    assert [event["typing"] for event in await stage.events("typing")] == [True, False]


@staged()
async def test_the_dots_go_when_the_bubble_comes(stage: Stage):
    path = await chat(stage)
    await stage.call("POST", f"{path}/typing")
    await stage.send()
    assert (await stage.call("GET", path.replace("/v1/", "/handset/")))["typing"] is False
    kinds = [event["type"] for event in await stage.events("typing", "message")]
    assert kinds == ["message", "typing", "typing", "message"]


@staged()
async def test_a_group_sees_the_dots_too(stage: Stage):
    group = await stage.call("POST", "/handset/groups", {"members": [ANA, BO]})
    await stage.call("POST", f"/v1/conversations/{group['conversation_id']}/typing")
    assert (await stage.screen(group["conversation_id"]))["typing"] is True


@staged()
async def test_typing_on_sms_is_refused_or_ignored_as_switched(stage: Stage):
    path = await chat(stage, channel="sms")
    assert (await stage.refused("POST", f"{path}/typing"))[0] == 400
    await stage.call("PUT", "/handset/switches", {"sms_typing": "ignore"})
    await stage.call("POST", f"{path}/typing")
    assert await stage.events("typing") == []


@staged()
async def test_a_background_has_a_version_that_rises_only_with_a_new_picture(stage: Stage):
    path = f"{await chat(stage)}/background"
    seen = []
    for url in (CAT, CAT, DOG):
        answer = await stage.call("POST", path, {"image_url": url})
        seen.append((answer["hasBackground"], answer["backgroundVersion"], answer["changed"]))
    assert seen == [(True, 1, True), (True, 1, False), (True, 2, True)]
    shown = await stage.call("GET", path.replace("/v1/", "/handset/").removesuffix("/background"))
    assert shown["background"] == {"url": DOG, "version": 2}
    await stage.call("DELETE", path)
    await stage.call("DELETE", path)
    again = await stage.call("POST", path, {"image_url": DOG})
    assert (again["changed"], again["backgroundVersion"]) == (True, 3)
    told = [event["background"] for event in await stage.events("background")]
    assert told == [
        {"url": CAT, "version": 1},
        {"url": DOG, "version": 2},
        None,
        {"url": DOG, "version": 3},
    ]


@pytest.mark.parametrize("kind", ["sms", "group"])
@staged()
async def test_outside_a_blue_chat_of_two_a_background_does_nothing(stage: Stage, kind: str):
    if kind == "sms":
        path = await chat(stage, channel="sms")
    else:
        group = await stage.call("POST", "/handset/groups", {"members": [ANA, BO]})
        path = f"/v1/conversations/{group['conversation_id']}"
    answer = await stage.call("POST", f"{path}/background", {"image_url": CAT})
    assert (answer["hasBackground"], answer["changed"]) == (False, False)
    await stage.call("PUT", "/handset/switches", {"sms_background": "refuse"})
    assert (await stage.refused("POST", f"{path}/background", {"image_url": CAT}))[0] == 400


@staged()
async def test_a_background_must_be_a_public_picture(stage: Stage):
    path = f"{await chat(stage)}/background"
    body = {"image_url": "http://far.example.com/a.png"}
    assert (await stage.refused("POST", path, body))[0] == 400


@pytest.mark.parametrize("reaction", ["love", "question", "🔥", "👩‍👩‍👧‍👦", "🇫🇷", "1️⃣"])
@staged()
async def test_the_agent_taps_back_with_one_of_six_or_one_emoji(stage: Stage, reaction: str):
    written = await stage.text()
    path = f"/v1/messages/{written['messages'][0]['id']}/reactions"
    one = await stage.call("POST", path, {"reaction": reaction})
    two = await stage.call("POST", path, {"reaction": reaction})
    assert one == two and one["reaction_type"] == reaction
    bubble = (await stage.screen(written["conversation_id"]))["messages"][0]
    assert bubble["reactions"] == [{"reaction": reaction, "from_handle": IMESSAGE}]


@pytest.mark.parametrize("reaction", ["Loved", "", "🔥🔥", "a", "5", "love "])
@staged()
async def test_anything_else_is_no_tapback(stage: Stage, reaction: str):
    written = await stage.text()
    path = f"/v1/messages/{written['messages'][0]['id']}/reactions"
    assert (await stage.refused("POST", path, {"reaction": reaction}))[0] == 400


@staged()
async def test_an_older_line_knows_no_emoji(stage: Stage):
    await stage.call("PUT", "/handset/switches", {"emoji_reactions": False})
    written = await stage.text()
    path = f"/v1/messages/{written['messages'][0]['id']}/reactions"
    assert (await stage.refused("POST", path, {"reaction": "🔥"}))[0] == 400
    await stage.call("POST", path, {"reaction": "love"})


@staged()
async def test_conversations_are_listed_the_most_lately_written_first(stage: Stage):
    for handle in (ANA, BO, "kim@example.com"):
        await stage.text(by=handle)
        await stage.advance(1)
    await stage.send("Last word", to=ANA)
    page = await stage.call("GET", "/v1/conversations?limit=2")
    assert [one["participant"] for one in page["data"]] == [ANA, "kim@example.com"]
    assert (page["hasMore"], page["total"]) == (True, 3)
    assert page["data"][0]["lastMessagePreview"] == "Last word"
    rest = await stage.call("GET", "/v1/conversations?limit=2&offset=2")
    assert [one["participant"] for one in rest["data"]] == [BO] and not rest["hasMore"]


@staged()
async def test_messages_page_newest_first_between_exclusive_times(stage: Stage):
    path = f"{await chat(stage)}/messages"
    for n in range(1, 6):
        await stage.advance(1)
        await stage.text(str(n))
    newest = await stage.call("GET", f"{path}?limit=3")
    assert [one["body"] for one in newest["data"]] == ["5", "4", "3"] and newest["hasMore"]
    before = newest["data"][-1]["receivedAt"]
    older = await stage.call("GET", path, params={"before": before})
    assert [one["body"] for one in older["data"]] == ["2", "1", "Hi"] and not older["hasMore"]
    newer = await stage.call("GET", path, params={"after": before})
    assert [one["body"] for one in newer["data"]] == ["5", "4"]
    await stage.call(
        "PUT", "/handset/switches", {"inclusive_cursors": True, "message_order": "oldest"}
    )
    newer = await stage.call("GET", path, params={"after": before})
    assert [one["body"] for one in newer["data"]] == ["3", "4", "5"]


@staged()
async def test_the_detail_shows_its_last_messages_oldest_first(stage: Stage):
    path = await chat(stage)
    await stage.send("Two")
    await stage.send("Three")
    detail = await stage.call("GET", f"{path}?message_limit=2")
    assert [one["body"] for one in detail["messages"]] == ["Two", "Three"]
    assert detail["messageCount"] == 3 and detail["capabilities"]["sendChannel"] == "imessage"


@staged()
async def test_capabilities_follow_the_channel(stage: Stage):
    path = await chat(stage, channel="sms")
    able = (await stage.call("GET", path))["capabilities"]
    assert (able["sendChannel"], able["reactions"], able["canSendMessages"]) == ("sms", False, True)
    await stage.call("PUT", "/handset/switches", {"sms_registered": False})
    able = (await stage.call("GET", path))["capabilities"]
    assert able["canSendMessages"] is False and able["sendDisabledReason"]


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "before=yesterday", "limit=x"])
@staged()
async def test_a_page_out_of_bounds_is_a_422(stage: Stage, query: str):
    path = f"{await chat(stage)}/messages?{query}"
    assert (await stage.refused_fields("GET", path))[0] == 422


@pytest.mark.parametrize(
    ("shape", "keys"), [("both", {"detail", "error"}), ("detail", {"detail"}), ("error", {"error"})]
)
@staged()
async def test_errors_come_in_either_envelope(stage: Stage, shape: str, keys: set):
    await stage.call("PUT", "/handset/switches", {"error_shape": shape})
    assert set((await stage.try_call("GET", "/v1/conversations/x")).json()) == keys


@staged()
async def test_errors_may_be_the_page_of_a_cdn(stage: Stage):
    await stage.call("PUT", "/handset/switches", {"error_shape": "html"})
    answer = await stage.try_call("GET", "/v1/conversations/x")
    assert answer.status_code == 404 and answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    "header", [{}, {"Authorization": "Bearer nope"}, {"Authorization": "sk_twin"}]
)
@staged()
async def test_without_a_key_nobody_is_let_in(stage: Stage, header: dict):
    del stage.http.headers["Authorization"]
    answer = await stage.try_call("GET", "/v1/conversations", headers=header)
    assert answer.status_code == 401 and answer.json()["detail"] == "Invalid API key"


@pytest.mark.parametrize(
    "path", ["/v1/calls", "/v1/verify/send", "/v1/location/1", "/v1/sub-accounts"]
)
@staged()
async def test_what_is_not_messages_is_not_done_and_says_so(stage: Stage, path: str):
    status, _, text = await stage.refused("GET", path)
    assert status == 404 and "twin does not do" in text
