"""What is kept of model messages and settings, and what is not."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic_ai import BinaryContent, ImageUrl, ModelMessagesTypeAdapter
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolReturnPart,
    UserPromptPart,
)

from agent.asking import settings_of
from agent.keeping import as_kept, named, read_again

PHOTO = BinaryContent(b"\xff" * 300, media_type="image/jpeg")


def request(*parts: Any) -> list[ModelMessage]:
    return [ModelRequest(parts=list(parts), instructions="Be kind.")]


def test_a_photo_is_kept_as_its_handle_which_can_be_read_again():
    asked = request(UserPromptPart(["[m1.1: a picture they sent]", named(PHOTO, "m1.1")]))
    kept = as_kept(asked)
    assert "/////" not in str(kept), "no bytes of it"
    [message] = ModelMessagesTypeAdapter.validate_python(kept)
    words, photo = message.parts[0].content  # type: ignore[misc]
    assert words == "[m1.1: a picture they sent]"
    assert isinstance(photo, ImageUrl)
    assert (photo.url, photo.media_type) == ("media:m1.1", "image/jpeg")


@pytest.mark.parametrize("content", [PHOTO, ["here it is", PHOTO]])
def test_a_photo_that_a_tool_answered_with_is_not_kept_either(content: Any):
    kept = as_kept(request(ToolReturnPart("draw", content, "c1")))
    assert "/////" not in str(kept)


def test_a_kept_photo_is_not_shown_to_a_model_but_the_words_about_it_are():
    asked = request(UserPromptPart(["look", named(PHOTO, "m1.1")]))
    [message] = read_again(as_kept(asked))
    assert message.parts[0].content == ["look"]


def test_an_address_of_the_owners_stays():
    asked = request(UserPromptPart(["look", ImageUrl("https://example.com/menu.jpg")]))
    [message] = read_again(as_kept(asked))
    assert len(message.parts[0].content) == 2  # type: ignore[arg-type]


def test_what_is_kept_has_no_instructions_and_no_password_of_a_server():
    answer = ModelResponse(parts=[TextPart("hi")], provider_url="https://me:canary@models.example")
    kept = as_kept([*request(UserPromptPart("hi")), answer])
    assert "instructions" not in kept[0]
    assert "canary" not in str(kept)


def test_settings_are_kept_without_what_may_hold_a_key():
    class Timeout:
        def __repr__(self) -> str:
            return "Timeout(key=canary)"

    given = {
        "temperature": 0.5, "extra_headers": {"X-Key": "canary"}, "extra_body": {"key": "canary"},
        "timeout": Timeout(), "stop_sequences": ["\n"],
    }  # fmt: skip
    assert settings_of(given) == {
        "temperature": 0.5, "timeout": "Timeout", "stop_sequences": ["\n"],
    }  # fmt: skip
