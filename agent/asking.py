"""What is noted of each request to the model: with which tools and settings, at what cost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pydantic_ai import ToolDefinition
from pydantic_ai.messages import ModelResponse
from pydantic_ai.models import ModelRequestContext, ModelRequestParameters
from pydantic_core import to_jsonable_python

from memory.notes import Notes, seconds_between
from memory.transcript import ModelRequest
from phone.clock import Clock, utc

NOT_NOTED = ("extra_headers", "extra_body")
"""Settings that may hold keys."""


async def ask(
    notes: Notes,
    request_context: ModelRequestContext,
    handler: Callable[[ModelRequestContext], Awaitable[ModelResponse]],
    *,
    clock: Clock,
) -> ModelResponse:
    """Make the request, and note what came of it whatever that is."""
    notes.settings = settings_of(request_context.model_settings or {})
    notes.tools = tools_of(request_context.model_request_parameters)
    noted = notes.asking(now=clock.now())
    try:
        response = await handler(request_context)
    except Exception as error:
        noted.error = bare(error)
        raise
    except BaseException:
        noted.error = "cancelled"
        raise
    finally:
        noted.seconds = seconds_between(noted.started_at, utc(clock.now()))
    _note(noted, response, request_context.model.model_name)
    return response


def bare(error: Exception) -> str:
    """An error without what it quotes: bodies of requests hold people's words."""
    status = getattr(error, "status_code", None)
    return f"{type(error).__name__}{f' {status}' if status else ''}"


def settings_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as JSON, without those that may hold keys; an object is named by its class."""
    told = {name: value for name, value in settings.items() if name not in NOT_NOTED}
    plain: dict[str, Any] = to_jsonable_python(told, fallback=lambda it: type(it).__name__)
    return plain


def tools_of(parameters: ModelRequestParameters) -> list[dict[str, Any]]:
    """The tools the model is offered, as the record keeps them."""
    acting = [_tool(tool, ends_turn=False) for tool in parameters.function_tools]
    return acting + [_tool(tool, ends_turn=True) for tool in parameters.output_tools]


def _tool(tool: ToolDefinition, *, ends_turn: bool) -> dict[str, Any]:
    return {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters_json_schema,
        "ends_turn": ends_turn,
    }


def _note(noted: ModelRequest, response: ModelResponse, asked: str) -> None:
    usage = response.usage
    noted.model = response.model_name or asked
    noted.finish_reason = response.finish_reason
    noted.input_tokens = usage.input_tokens
    noted.cache_read_tokens = usage.cache_read_tokens
    noted.output_tokens = usage.output_tokens
    noted.cost_usd = usage.cost
