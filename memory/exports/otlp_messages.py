"""Messages and providers as OpenTelemetry's conventions for generative AI write them.

Source: gen-ai-input-messages.json and gen-ai-output-messages.json of
open-telemetry/semantic-conventions-genai, read 2026-11-25.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from memory.exports.talk import Said
from memory.transcript import TurnRecord

PROVIDERS = {
    "azure": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "google": "gcp.gemini",
    "google-gla": "gcp.gemini",
    "google-vertex": "gcp.vertex_ai",
    "mistral": "mistral_ai",
    "moonshotai": "moonshot_ai",
    "xai": "x_ai",
    "grok": "x_ai",
}
"""Names pydantic-ai has for providers, and the convention's, where they differ."""


def provider_of(record: TurnRecord) -> str:
    """Whose model answered; what runs here without a provider is called as pydantic-ai does."""
    for message in record.messages:
        if message["kind"] == "response":
            kind = (message.get("model_id") or "unknown").split(":")[0]
            name = message.get("provider_name") or kind
            return PROVIDERS.get(name, name)
    return "unknown"


def to_agent(said: Sequence[Said]) -> list[dict[str, Any]]:
    """What the agent was given before it began."""
    given = takewhile(lambda it: it.response is None, said)
    return to_model([it for it in given if it.role == "user"])


def to_model(said: Sequence[Said]) -> list[dict[str, Any]]:
    """These messages, each with its parts."""
    return [{"role": it.role, "parts": _parts(it)} for it in said]


def _parts(it: Said) -> list[dict[str, Any]]:
    if it.role == "tool":
        return [{"type": "tool_call_response", "id": it.call_id, "response": it.text}]
    thought = [{"type": "reasoning", "content": it.thought}] if it.thought else []
    words = [{"type": "text", "content": it.text}] if it.text else []
    calls = [
        {"type": "tool_call", "id": call.call_id, "name": call.name, "arguments": call.arguments}
        for call in it.calls
    ]
    return [*thought, *words, *calls]


def as_json(value: Any) -> str:
    """JSON text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
