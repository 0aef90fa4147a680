"""From the name of a model to a model: pydantic-ai's strings, chains of them, the demo."""

from __future__ import annotations

from typing import Any

from pydantic_ai.exceptions import UserError
from pydantic_ai.models import Model, infer_model
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.providers import Provider, infer_provider

from agent.demo import demo_model
from agent.settings import DEFAULT_MODEL, SCRIPTED, Settings
from phone.explained import Explained

OPENAI = ("openai", "openai-chat", "openai-responses")
"""The kinds of model of OpenAI's, before the colon of a name."""


class NoModel(Explained):
    """The settings name no model, or one that cannot be made. Says which variable to set."""

    exit_code = 2


def model_for(settings: Settings, *, or_scripted: bool = False) -> Model:
    """The model these settings ask for.

    Args:
        or_scripted: Whether the offline demo may answer when neither model nor key is given.

    Raises:
        NoModel: Nothing is named, a name is not known, or its key is missing.
    """
    named = settings.model_named or (SCRIPTED if or_scripted else None)
    if named is None:
        raise NoModel(
            f"No model: set OPENAI_API_KEY (then {DEFAULT_MODEL} answers) or name one in "
            f"THREEDOTS_MODEL; THREEDOTS_MODEL={SCRIPTED} is the offline demo."
        )
    models = [_one(name.strip(), settings) for name in named.split(",") if name.strip()]
    if not models:
        raise NoModel(f"THREEDOTS_MODEL is {named!r}, which names no model.")
    return models[0] if len(models) == 1 else FallbackModel(models[0], *models[1:])


def _one(name: str, settings: Settings) -> Model:
    if name == SCRIPTED:
        return demo_model(settings.threedots_name)

    def provider(kind: str) -> Provider[Any]:
        # A server of one's own, at OPENAI_BASE_URL, may want no key.
        if kind in OPENAI and not (settings.openai_api_key or settings.openai_base_url):
            raise NoModel(
                f"THREEDOTS_MODEL names {name!r}, but OPENAI_API_KEY is not set; put the key from "
                f"platform.openai.com into .env, or try THREEDOTS_MODEL={SCRIPTED}, the offline "
                "demo."
            )
        if kind.startswith("openai") and settings.openai_api_key is not None:
            # Loaded by whoever has a key: it takes as long as everything else together.
            from pydantic_ai.providers.openai import OpenAIProvider

            key = settings.openai_api_key.get_secret_value()
            return OpenAIProvider(base_url=settings.openai_base_url, api_key=key)
        return infer_provider(kind)

    try:
        return _asked_once(infer_model(name, provider_factory=provider))
    except (UserError, ValueError, ImportError) as error:
        raise NoModel(f"THREEDOTS_MODEL names {name!r}, which cannot be used: {error}") from error


def _asked_once(model: Model) -> Model:
    """The same, without the second and third try that clients of providers make by themselves.

    A turn tries again itself, after the next model of the chain; and a request that hangs would
    take three times as long as it may.
    """
    client = getattr(model, "client", None)
    if client is not None and hasattr(client, "max_retries"):
        client.max_retries = 0
    return model


def models_in(model: Model) -> int:
    """How many models a chain has; one where there is none."""
    if isinstance(model, WrapperModel):
        return models_in(model.wrapped)
    return len(model.models) if isinstance(model, FallbackModel) else 1


def takes_pictures(model: Model) -> bool:
    """Whether a model is known to see; of a chain, whether each does."""
    if isinstance(model, FallbackModel):
        return all(takes_pictures(each) for each in model.models)
    if isinstance(model, WrapperModel):
        return takes_pictures(model.wrapped)
    return bool(model.profile.get("supports_image_input", True))
