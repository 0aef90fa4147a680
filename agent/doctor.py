"""`threedots doctor`: what is set up, what is not, and how to mend it, one line each."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Literal

import httpx

from agent.models import NoModel, model_for
from agent.prompts import PromptError, Prompts
from agent.settings import HOME, SCRIPTED, Settings
from memory.store import Store, StoreUnavailable
from memory.turns import oldest_due
from phone.account import Number, Webhook
from phone.client import AgentPhoneClient
from phone.errors import PhoneError, Unauthorized
from phone.webhook import check_secrets

SKEW = 60.0
"""Seconds our clock may be off; at 300 every webhook would be refused."""

MARKS = {"good": "✓", "warning": "!", "trouble": "✗"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the examination.

    Attributes:
        verdict: `good`; `warning` works but not as one would like; `trouble` must be mended.
        fix: What to do; empty when all is well.
    """

    name: str
    verdict: Literal["good", "warning", "trouble"]
    found: str
    fix: str = ""

    @property
    def is_trouble(self) -> bool:
        """Whether it must be mended before a number is answered."""
        return self.verdict == "trouble"

    def as_json(self) -> dict[str, Any]:
        """The finding for `--json`."""
        return asdict(self)

    def __str__(self) -> str:
        line = f"{MARKS[self.verdict]} {self.name:9} {self.found}"
        return f"{line}\n            → {self.fix}" if self.fix else line


async def examine(
    settings: Settings, *, transport: httpx.AsyncBaseTransport | None = None
) -> list[Finding]:
    """Look at everything a deployment stands on. Changes nothing but the database's schema."""
    findings = [_model(settings), _prompts(settings), _secret(settings), await _database(settings)]
    return findings + [finding async for finding in _at_agentphone(settings, transport)]


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
    name = store.url.render_as_string(hide_password=True)
    try:
        async with store:
            oldest = await store.read(oldest_due)
    except (StoreUnavailable, RuntimeError) as error:
        fix = "Check DATABASE_URL, the rights on the file, and whether the server runs."
        return Finding("database", "trouble", f"{name}: {error}", fix)
    waiting = f", work waits since {oldest:%Y-%m-%d %H:%M} UTC" if oldest else ""
    return Finding("database", "good", f"{name}, up to date{waiting}")


async def _at_agentphone(
    settings: Settings, transport: httpx.AsyncBaseTransport | None
) -> AsyncIterator[Finding]:
    if settings.agentphone_api_key is None:
        fix = "Set AGENTPHONE_API_KEY; AgentPhone's dashboard shows it."
        yield Finding("key", "trouble", "AGENTPHONE_API_KEY is not set", fix)
        return
    key, base = settings.agentphone_api_key.get_secret_value(), settings.agentphone_base_url
    async with AgentPhoneClient(key, base_url=base, transport=transport) as phone:
        try:
            numbers = await phone.numbers()
        except Unauthorized as error:
            fix = "Take a fresh key from AgentPhone's dashboard."
            yield Finding("key", "trouble", str(error), fix)
            return
        except PhoneError as error:
            yield Finding("key", "trouble", str(error), f"Check that {base} can be reached.")
            return
        yield Finding("key", "good", f"accepted at {base}")
        yield _line(numbers)
        with suppress(PhoneError):
            yield _webhook(await phone.webhook(), settings)
    yield await _clock(base, transport)


def _line(numbers: list[Number]) -> Finding:
    attached = [number for number in numbers if number.agent_id]
    if not attached:
        found = f"{len(numbers)} numbers, none attached to an agent" if numbers else "no number"
        return Finding(
            "line", "trouble", found, "Buy a number at AgentPhone and attach it to an agent."
        )
    shown = ", ".join(f"{number.phone_number} ({number.type})" for number in attached)
    return Finding("line", "good", shown)


def _webhook(webhook: Webhook | None, settings: Settings) -> Finding:
    if webhook is None:
        fix = "Register https://your-host/webhooks/agentphone and put its secret into .env."
        return Finding("webhook", "trouble", "none is registered", fix)
    secret = webhook.secret.get_secret_value()
    if secret and secret not in settings.webhook_secrets:
        fix = "Put the secret AgentPhone shows now first into AGENTPHONE_WEBHOOK_SECRET."
        return Finding("webhook", "trouble", f"{webhook.url}: its secret is another one", fix)
    if not webhook.url.endswith("/webhooks/agentphone"):
        fix = "Threedots listens under /webhooks/agentphone; is something else meant?"
        return Finding("webhook", "warning", webhook.url, fix)
    return Finding("webhook", "good", webhook.url)


async def _clock(base_url: str, transport: httpx.AsyncBaseTransport | None) -> Finding:
    """How far our clock is from AgentPhone's, by the Date header of any answer."""
    try:
        async with httpx.AsyncClient(transport=transport, timeout=5.0) as http:
            date = (await http.head(base_url)).headers.get("date", "")
        off = time.time() - parsedate_to_datetime(date).timestamp()
    except (httpx.HTTPError, ValueError):
        return Finding(
            "clock", "warning", "AgentPhone's time could not be read", "Make sure ours is right."
        )
    if abs(off) > SKEW:
        fix = "Set the clock (NTP): beyond 300 seconds every webhook is refused."
        return Finding("clock", "trouble", f"{off:+.0f} seconds off", fix)
    return Finding("clock", "good", f"{off:+.0f} seconds off")
