"""What `threedots doctor` finds out at AgentPhone: key, lines, webhooks, a live test, the clock."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime
from functools import partial

import httpx
from sqlmodel import Session, col, select

from agent.connecting import answer_to
from agent.drift import drifted
from agent.findings import Finding
from agent.settings import Settings
from memory.store import Store, StoreUnavailable
from memory.tables import Event
from phone.account import Number, Webhook
from phone.client import AgentPhoneClient
from phone.errors import PhoneError, Unauthorized
from phone.hooks import Hooks, hooks_of, is_ours
from phone.webhook import TRIAL

SKEW = 60.0
"""Seconds our clock may be off; at 300 every webhook would be refused."""

CONNECT = "threedots connect --url https://your-host"


async def at_agentphone(
    settings: Settings, transport: httpx.AsyncBaseTransport | None
) -> AsyncIterator[Finding]:
    """Everything that only AgentPhone can tell, as far as it answers."""
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
        for finding in _registration(numbers):
            yield finding
        async for finding in _webhooks(phone, settings):
            yield finding
    yield await _clock(base, transport)


def _line(numbers: list[Number]) -> Finding:
    attached = [number for number in numbers if number.agent_id]
    if not attached:
        found = f"{len(numbers)} numbers, none attached to an agent" if numbers else "no number"
        return Finding(
            "line", "trouble", found, "Buy a number at AgentPhone and attach it to an agent."
        )
    shown = ", ".join(f"{number.phone_number} ({_carries(number)})" for number in attached)
    if any(number.type == "imessage" for number in attached):
        return Finding("line", "good", shown)
    fix = "Typing bubbles, tapbacks, threads and effects need an iMessage line; SMS has words only."
    return Finding("line", "good", shown, fix)


def _carries(number: Number) -> str:
    return "iMessage, SMS as a fallback" if number.type == "imessage" else number.type or "unknown"


def _registration(numbers: list[Number]) -> list[Finding]:
    """What AgentPhone says about 10DLC; nothing of a line that needs none, or does not say."""
    told = {number.phone_number: number.outbound_sms for number in numbers if number.agent_id}
    waiting = [number for number, state in told.items() if state == "activating"]
    missing = [number for number, state in told.items() if state == "registration_required"]
    if missing:
        fix = "Register brand and campaign at AgentPhone; until then SMS to the US are refused."
        return [Finding("10dlc", "trouble", f"{', '.join(missing)} must be registered", fix)]
    if waiting:
        fix = "Wait: carriers take days. Inbound texts and iMessage work already."
        return [Finding("10dlc", "warning", f"{', '.join(waiting)} being activated", fix)]
    if "enabled" in told.values():
        return [Finding("10dlc", "good", "SMS enabled")]
    return []


async def _webhooks(phone: AgentPhoneClient, settings: Settings) -> AsyncIterator[Finding]:
    """The webhooks by which messages reach us, and what became of a test."""
    try:
        hooks = await hooks_of(phone)
    except PhoneError as error:
        yield Finding("webhook", "warning", f"could not be read: {error}", "Try again.")
        return
    ours = {agent_id: hook for agent_id, hook in hooks.items() if is_ours(hook)}
    yield _webhook(hooks, ours)
    if not ours:
        return
    strange = drifted(
        ours, [key.secret for key in settings.webhook_keys if key.counts(time.time())]
    )
    if strange:
        url = ours[strange[0]].url.removesuffix("/webhooks/agentphone")
        fix = f"threedots connect --url {url}" + (f" --agent {strange[0]}" if strange[0] else "")
        found = "AgentPhone signs with a secret that AGENTPHONE_WEBHOOK_SECRET does not hold"
        yield Finding("drift", "trouble", found, fix)
    for agent_id in ours:
        yield await _tried_out(phone, agent_id, settings)


def _webhook(hooks: Hooks, ours: Hooks) -> Finding:
    if not hooks:
        return Finding("webhook", "trouble", "none is registered", CONNECT)
    shown = ", ".join(_named(agent_id, hook) for agent_id, hook in hooks.items())
    if not ours:
        fix = f"Threedots listens under /webhooks/agentphone; {CONNECT}"
        return Finding("webhook", "trouble", shown, fix)
    if len(ours) < len(hooks):
        fix = "Each agent's messages go to its own webhook. Is that meant?"
        return Finding("webhook", "warning", shown, fix)
    return Finding("webhook", "good", shown)


def _named(agent_id: str | None, hook: Webhook) -> str:
    return f"{hook.url} (agent {agent_id})" if agent_id else hook.url


async def _tried_out(phone: AgentPhoneClient, agent_id: str | None, settings: Settings) -> Finding:
    """Have AgentPhone deliver a test that only we know of, and look for it in our database."""
    message = f"{TRIAL}{secrets.token_hex(8)}"
    try:
        answer = answer_to(await phone.test_webhook(agent_id=agent_id, message=message))
    except PhoneError as error:
        return Finding("test", "warning", f"AgentPhone did not deliver one: {error}", "Try again.")
    if answer.verdict != "good":
        return Finding("test", "trouble", answer.found, answer.fix)
    try:
        async with Store(settings.database_url) as store:
            arrived = await store.read(partial(_came, message=message))
    except (StoreUnavailable, RuntimeError):
        return answer  # the database has its own line
    if not arrived:
        fix = "Another server listens there, or it has another DATABASE_URL than this one."
        return Finding("test", "warning", f"{answer.found}, but is not in this database", fix)
    return Finding("test", "good", f"{answer.found} and is in the database")


def _came(session: Session, *, message: str) -> bool:
    newest = select(Event).where(Event.why == "test").order_by(col(Event.id).desc()).limit(50)
    return any(message.encode() in event.body for event in session.exec(newest))


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
