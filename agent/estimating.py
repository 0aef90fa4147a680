"""What a request to the model may cost at most, told before it is made. A guess on the high side.

Nobody knows how many tokens a model will see before it has counted them. A token is never less than
a byte and seldom less than three; in English it is four.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal

from pydantic_ai import BinaryContent
from pydantic_ai.messages import ModelMessage, ModelResponse, ToolCallPart
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.usage import RequestUsage

BYTES = 3
"""Bytes of text that are counted as a token."""

PICTURE = 1_500
"""Tokens a picture is counted as."""

ANSWER = 4_000
"""Tokens of an answer that are set aside, with what is thought before it. A text has a hundred."""


def cost_of(model: Model, *, input_tokens: int, output_tokens: int) -> Decimal:
    """Dollars, of the dearest model of a chain; nothing where no price is known."""
    if isinstance(model, FallbackModel):
        asked = [
            cost_of(each, input_tokens=input_tokens, output_tokens=output_tokens)
            for each in model.models
        ]
        return max(asked, default=Decimal())
    if isinstance(model, WrapperModel):
        return cost_of(model.wrapped, input_tokens=input_tokens, output_tokens=output_tokens)
    usage = RequestUsage(input_tokens=input_tokens, output_tokens=output_tokens)
    answer = ModelResponse(
        parts=[], usage=usage, model_name=model.model_name, provider_name=model.system
    )
    try:
        return answer.cost().total_price
    except (LookupError, AssertionError, ValueError):
        return Decimal()


def tokens_in(
    messages: Sequence[ModelMessage], instructions: str, offered: ModelRequestParameters
) -> int:
    """Tokens of what a model is about to be shown."""
    tools = [*offered.function_tools, *offered.output_tools]
    size = len(instructions.encode()) + sum(
        len(json.dumps(tool.parameters_json_schema)) + len((tool.description or "").encode())
        for tool in tools
    )
    pictures = 0
    for part in (part for message in messages for part in message.parts):
        if isinstance(part, ToolCallPart):
            content: object = part.args_as_json_str()
        else:
            content = getattr(part, "content", "")
        for piece in content if isinstance(content, list | tuple) else [content]:
            if isinstance(piece, BinaryContent):
                pictures += 1
            else:
                size += len(str(piece).encode(errors="replace"))
    return size // BYTES + pictures * PICTURE
