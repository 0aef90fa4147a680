"""Webhooks of the project (`/v1/webhooks`) and of an agent (`/v1/agents/{id}/webhook`)."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from phone.emulator.api_agents import agent_by_id
from phone.emulator.gate import CamelBody, TheTwin, authorised
from phone.emulator.line import iso
from phone.emulator.payloads import trial_event
from phone.emulator.records import PROJECT, DeliveryRecord
from phone.emulator.refusals import Refusal
from phone.emulator.twin import Twin
from phone.emulator.wire import delivery_object, hook_object

router = APIRouter(prefix="/v1", tags=["webhooks"], dependencies=[Depends(authorised)])

HOUR = 3600.0

Hours = Annotated[int, Query(ge=1, le=168)]
Limit = Annotated[int, Query(ge=1, le=100)]


class HookBody(CamelBody):
    """Where events go, how many earlier messages ride along, and how long an answer may take."""

    url: str
    context_limit: Annotated[int, Field(ge=0, le=50)] | None = None
    timeout: Annotated[int, Field(ge=5, le=120)] | None = None


class TrialBody(BaseModel):
    """Overrides for a test event."""

    from_: str | None = Field(default=None, alias="from")
    to: str | None = None
    message: str | None = None
    channel: Literal["sms", "imessage", "mms", "whatsapp", "rcs"] | None = None


@router.post("/webhooks")
async def set_webhook(body: HookBody, twin: TheTwin) -> dict[str, Any]:
    """Set or replace the project's webhook; its secret is new every time."""
    return _set(twin, PROJECT, body)


@router.get("/webhooks")
async def get_webhook(twin: TheTwin) -> dict[str, Any] | None:
    """The project's webhook with its secret, or null."""
    return _get(twin, PROJECT)


@router.delete("/webhooks")
async def delete_webhook(twin: TheTwin) -> dict[str, Any]:
    """Remove the project's webhook; fine where there is none."""
    return _delete(twin, PROJECT)


@router.post("/webhooks/test")
async def test_webhook(
    twin: TheTwin,
    body: TrialBody | None = None,
    agent_id: Annotated[str | None, Query(alias="agentId")] = None,
) -> dict[str, Any]:
    """Deliver a test event now, to the agent's webhook if one is named and has one."""
    if agent_id is not None:
        agent_by_id(twin.line, agent_id)
    hook = twin.courier.hook_for(agent_id)
    return await _try_out(twin, hook.key if hook else PROJECT, agent_id, body)


@router.get("/webhooks/deliveries")
async def list_deliveries(
    twin: TheTwin,
    limit: Limit = 50,
    offset: Annotated[int, Query(ge=0, le=10**9)] = 0,
    hours: Hours | None = None,
) -> dict[str, Any]:
    """The project's deliveries, newest first, in an envelope of their own."""
    found = _deliveries(twin, PROJECT, hours)[::-1]
    items = [delivery_object(delivery) for delivery in found[offset : offset + limit]]
    return {"items": items, "total": len(found), "offset": offset, "limit": limit}


@router.get("/webhooks/deliveries/stats")
async def delivery_stats(twin: TheTwin, hours: Hours = 24) -> dict[str, Any]:
    """How deliveries went lately, by event and by hour."""
    found = _deliveries(twin, PROJECT, hours)
    by_event: dict[str, list[DeliveryRecord]] = defaultdict(list)
    by_hour: dict[float, list[DeliveryRecord]] = defaultdict(list)
    for delivery in found:
        by_event[delivery.event].append(delivery)
        by_hour[delivery.created_at // HOUR * HOUR].append(delivery)
    return {
        **_counts(found),
        "byEventType": {event: _counts(some) for event, some in by_event.items()},
        "byHour": [{"hour": iso(hour), **_counts(by_hour[hour])} for hour in sorted(by_hour)],
    }


@router.get("/webhooks/deliveries/all-time")
async def all_time_stats(twin: TheTwin) -> dict[str, Any]:
    """How deliveries went since the beginning."""
    counts = _counts(_deliveries(twin, PROJECT, None))
    return {key: counts[key] for key in ("total", "success", "failed", "successRate")}


@router.post("/agents/{agent_id}/webhook")
async def set_agent_webhook(agent_id: str, body: HookBody, twin: TheTwin) -> dict[str, Any]:
    """Set the agent's own webhook, which takes the place of the project's for it."""
    return _set(twin, agent_by_id(twin.line, agent_id).id, body)


@router.get("/agents/{agent_id}/webhook")
async def get_agent_webhook(agent_id: str, twin: TheTwin) -> dict[str, Any] | None:
    """The agent's own webhook, or null."""
    return _get(twin, agent_by_id(twin.line, agent_id).id)


@router.delete("/agents/{agent_id}/webhook")
async def delete_agent_webhook(agent_id: str, twin: TheTwin) -> dict[str, Any]:
    """Remove the agent's own webhook: the project's hears of it again."""
    return _delete(twin, agent_by_id(twin.line, agent_id).id)


@router.get("/agents/{agent_id}/webhook/deliveries")
async def list_agent_deliveries(
    agent_id: str, twin: TheTwin, limit: Limit = 50
) -> list[dict[str, Any]]:
    """The deliveries to the agent's own webhook, newest first, as a bare list."""
    found = _deliveries(twin, agent_by_id(twin.line, agent_id).id, None)[::-1]
    return [delivery_object(delivery) for delivery in found[:limit]]


@router.post("/agents/{agent_id}/webhook/test")
async def test_agent_webhook(
    agent_id: str, twin: TheTwin, body: TrialBody | None = None
) -> dict[str, Any]:
    """Deliver a test event to the agent's own webhook now."""
    agent_by_id(twin.line, agent_id)
    return await _try_out(twin, agent_id, agent_id, body)


def _set(twin: Twin, key: str, body: HookBody) -> dict[str, Any]:
    hook = twin.set_webhook(
        body.url,
        key=key,
        context_limit=10 if body.context_limit is None else body.context_limit,
        timeout=body.timeout or 30,
    )
    return hook_object(hook)


def _get(twin: Twin, key: str) -> dict[str, Any] | None:
    hook = twin.line.hooks.get(key)
    return hook_object(hook) if hook else None


def _delete(twin: Twin, key: str) -> dict[str, Any]:
    if key in twin.line.hooks:
        twin.line.drop("hook", key)
    return {"success": True}


async def _try_out(
    twin: Twin, key: str, agent_id: str | None, body: TrialBody | None
) -> dict[str, Any]:
    hook = twin.line.hooks.get(key)
    if hook is None:
        raise Refusal(404, "No webhook is set; POST one first.")
    message_id = twin.line.new_id()
    overrides = body.model_dump(by_alias=True) if body else {}
    event = trial_event(twin.line, agent_id=agent_id, message_id=message_id, overrides=overrides)
    attempt = await twin.courier.deliver_trial(hook, event, message_id)
    good = attempt.succeeded
    return {
        "success": good,
        "statusCode": attempt.status,
        "responseMs": round(attempt.seconds * 1000),
        "error": None if good else attempt.error or f"The webhook answered {attempt.status}.",
    }


def _deliveries(twin: Twin, key: str, hours: int | None) -> list[DeliveryRecord]:
    """The deliveries to a hook, oldest first, of so many hours or of all time."""
    since = twin.line.now() - hours * HOUR if hours is not None else float("-inf")
    return [
        delivery
        for delivery in twin.line.deliveries.values()
        if delivery.key == key and delivery.created_at >= since
    ]


def _counts(deliveries: list[DeliveryRecord]) -> dict[str, Any]:
    counts = Counter(delivery.status for delivery in deliveries)
    settled = counts["success"] + counts["failed"]
    return {
        "total": len(deliveries),
        "success": counts["success"],
        "failed": counts["failed"],
        "pending": counts["pending"],
        "successRate": round(100 * counts["success"] / settled, 2) if settled else 0.0,
    }
