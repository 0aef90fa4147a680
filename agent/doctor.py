"""`threedots doctor`: what is set up, what is not, and how to mend it, one line each."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from importlib.machinery import PathFinder
from pathlib import Path

import httpx

from agent.doctor_line import at_agentphone
from agent.doctor_live import answered_live
from agent.doctor_settings import unknown_settings
from agent.findings import Finding
from agent.models import NoModel, model_for
from agent.prompts import PromptError, Prompts
from agent.settings import HOME, SCRIPTED, Settings
from agent.settings_content import INCLUDES
from memory.disks import OnANetworkDisk, check_disk
from memory.store import Store, StoreUnavailable
from memory.turns import oldest_due
from phone.webhook import check_secrets
from tools.media import BadListing, MediaLibrary

ROOMS = ("phone", "safety", "memory", "tools", "agent", "console", "evals")
"""Names that strangers use for their packages too."""


async def examine(
    settings: Settings,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    path: Sequence[str] | None = None,
    environment: Iterable[str] = (),
) -> list[Finding]:
    """Look at everything a deployment stands on.

    Changes nothing but the database's schema, and has AgentPhone deliver one test webhook.

    Args:
        path: Where modules are looked for; Python's own path when left out.
        environment: The names that are set in it, for those that are misspelt.
    """
    findings = [
        unknown_settings(environment),
        _model(settings),
        _prompts(settings),
        modules(sys.path if path is None else path),
    ]
    findings += [_pictures(settings), _campaign(settings), _pager(settings)]
    findings += [_secret(settings), database := await _database(settings)]
    findings += [finding async for finding in at_agentphone(settings, transport)]
    return findings if database.is_trouble else [*findings, await answered_live(settings)]


def _model(settings: Settings) -> Finding:
    try:
        model = model_for(settings)
    except NoModel as error:
        return Finding("model", "trouble", "none", str(error))
    if model.model_name == SCRIPTED:
        fix = "Set OPENAI_API_KEY, or name a model in THREEDOTS_MODEL."
        return Finding("model", "warning", "the offline demo, which only follows a script", fix)
    return Finding("model", "good", f"{model.model_name} (not asked: that would cost money)")


def _prompts(settings: Settings) -> Finding:
    prompts = Prompts(settings.threedots_prompts_dir, shipped=HOME / "prompts")
    try:
        prompts.text("instructions", name=settings.threedots_name)
    except PromptError as error:
        return Finding("prompts", "trouble", "cannot be used", str(error))
    return Finding(
        "prompts", "good", f"{settings.threedots_prompts_dir}, version {prompts.version()}"
    )


def _pictures(settings: Settings) -> Finding:
    """Whether the owner's pictures can be sent: AgentPhone fetches them from us."""
    listing = settings.threedots_prompts_dir / "media.toml"
    shipped = HOME / "prompts" / "media.toml"
    try:
        library = MediaLibrary(listing, HOME / "media", secret="", shipped=shipped)
        assets = library.assets().values()
    except BadListing as error:
        return Finding("pictures", "trouble", "cannot be used", str(error))
    hidden = sum(asset.url is None for asset in assets)
    if hidden and not settings.threedots_public_url:
        fix = "Set THREEDOTS_PUBLIC_URL to https://your-host, where AgentPhone can fetch them."
        return Finding("pictures", "warning", f"{hidden} cannot be sent", fix)
    return Finding("pictures", "good", f"{len(assets)} can be sent")


def _pager(settings: Settings) -> Finding:
    """Whether a person is called when somebody may harm themselves."""
    if settings.threedots_alert_url is None:
        fix = "Set THREEDOTS_ALERT_URL to your pager's or chat's incoming webhook."
        return Finding("pager", "warning", "in a crisis only the log calls a person", fix)
    return Finding("pager", "good", "set (not tried: it would call a person)")


def _campaign(settings: Settings) -> Finding:
    """What may leave by SMS, and where to say that the campaign has declared more."""
    declared = [part.replace("_", " ") for part in INCLUDES if getattr(settings.campaign, part)]
    told = f"declares {', '.join(declared) or 'neither links nor phone numbers nor an age gate'}"
    held = {
        "hold": f"{told}; an SMS beyond that is held (THREEDOTS_SMS_CAMPAIGN)",
        "warn": f"{told}; an SMS beyond that leaves, and the turn's record says so",
    }
    if settings.threedots_sms_content not in held:
        fix = "Carriers close numbers for such texts: set THREEDOTS_SMS_CONTENT=hold, unless they "
        fix += "are not American."
        return Finding("campaign", "warning", "nobody looks at the words of an SMS", fix)
    return Finding("campaign", "good", held[settings.threedots_sms_content])


def _secret(settings: Settings) -> Finding:
    try:
        check_secrets(settings.webhook_secrets)
    except ValueError as error:
        return Finding("secret", "trouble", "no usable webhook secret", str(error))
    count = len(settings.webhook_secrets)
    return Finding(
        "secret", "good", "set" if count == 1 else f"{count} are accepted, the newest first"
    )


async def _database(settings: Settings) -> Finding:
    store = Store(settings.database_url)
    shown = store.url.set(drivername=store.url.drivername.partition("+")[0])
    name = shown.render_as_string(hide_password=True)
    try:
        check_disk(settings.database_url)
        async with store:
            oldest = await store.read(oldest_due)
    except OnANetworkDisk as error:
        found, fix = str(error).split(". ", 1)
        return Finding("database", "trouble", found, fix)
    except (StoreUnavailable, RuntimeError) as error:
        fix = "Check DATABASE_URL, the rights on the file, and whether the server runs."
        return Finding("database", "trouble", f"{name}: {error}", fix)
    waiting = f", work waits since {oldest:%Y-%m-%d %H:%M} UTC" if oldest else ""
    return Finding("database", "good", f"{name}, up to date{waiting}")


def modules(path: Sequence[str]) -> Finding:
    """Whether what is imported as `agent` or `tools` is this project's, by the module path."""
    for name in ROOMS:
        places = [place for each in path if (place := _package(name, each)) is not None]
        strangers = [place for place in places if place != HOME / name]
        if not strangers:
            continue
        fix = "Uninstall that, or run Threedots from an environment of its own (make setup)."
        if places[0] == strangers[0]:
            found = f"{name} is somebody else's: {places[0]}"
            return Finding("modules", "trouble", found, fix)
        found = f"another {name} lies in {strangers[0]}; ours comes first for threedots alone"
        return Finding("modules", "warning", found, fix)
    return Finding("modules", "good", f"all from {HOME}")


def _package(name: str, folder: str) -> Path | None:
    """Where the module of this name is that this folder holds; None when it holds none."""
    spec = PathFinder.find_spec(name, [folder or "."])
    if spec is None:
        return None
    places = [*(spec.submodule_search_locations or []), spec.origin]
    return Path(places[0]).resolve() if places[0] else None
