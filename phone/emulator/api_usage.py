"""`/v1/usage`: counted from the line itself, so it is always true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query

from phone.clock import utc
from phone.emulator.api_numbers import LIMIT
from phone.emulator.caps import DAY
from phone.emulator.gate import TheTwin, authorised
from phone.emulator.line import Line, iso
from phone.emulator.records import MessageRecord

router = APIRouter(prefix="/v1/usage", tags=["usage"], dependencies=[Depends(authorised)])

DOUBLE = frozenset("^{}\\[~]|€")
"""GSM-7 characters that take the room of two."""

GSM7 = DOUBLE | frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The characters an SMS carries in seven bits; any other makes it UCS-2."""

PERIODS = {"24h": 1, "7d": 7, "30d": 30}


def segments(body: str) -> int:
    """How many SMS a text is billed as: 160 GSM-7 or 70 UCS-2 characters, fewer when joined."""
    plain = set(body) <= GSM7
    doubled = sum(character in DOUBLE for character in body)
    length = len(body) + doubled if plain else len(body.encode("utf-16-le")) // 2
    single, joined = (160, 153) if plain else (70, 67)
    return 1 if length <= single else -(-length // joined)


@router.get("")
async def get_usage(twin: TheTwin) -> dict[str, Any]:
    """Numbers, messages and webhooks so far."""
    line, now = twin.line, twin.line.now()
    used = len(line.active_numbers())
    deliveries = Counter(delivery.status for delivery in line.deliveries.values())
    recent = _since(line, 30)
    sms = [one for one in recent if one.channel == "sms" and one.direction == "outbound"]
    return {
        "numbers": {"used": used, "limit": LIMIT, "remaining": max(0, LIMIT - used)},
        "stats": {
            "totalMessages": len(line.messages),
            "messagesLast24h": len(_since(line, 1)),
            "messagesLast7d": len(_since(line, 7)),
            "messagesLast30d": len(recent),
            "smsSegmentsLast30d": sum(segments(message.body) for message in sms),
            "totalCalls": 0,
            "callsLast24h": 0,
            "callsLast7d": 0,
            "callsLast30d": 0,
            "totalWebhookDeliveries": deliveries.total(),
            "successfulWebhookDeliveries": deliveries["success"],
            "failedWebhookDeliveries": deliveries["failed"],
        },
        "periodStart": iso(now - 30 * DAY),
        "periodEnd": iso(now),
        "reportGeneratedAt": iso(now),
    }


@router.get("/daily")
async def get_daily(
    twin: TheTwin, days: Annotated[int, Query(ge=1, le=365)] = 30
) -> dict[str, Any]:
    """Counts for each of the last days, oldest first, today last."""
    now = twin.line.now()
    names = [f"{utc(now - back * DAY):%Y-%m-%d}" for back in reversed(range(days))]
    return {"data": _points(twin.line, "date", names, "%Y-%m-%d"), "days": days}


@router.get("/monthly")
async def get_monthly(
    twin: TheTwin, months: Annotated[int, Query(ge=1, le=24)] = 6
) -> dict[str, Any]:
    """Counts for each of the last months, oldest first, this month last."""
    today = utc(twin.line.now())
    this = today.year * 12 + today.month - 1
    names = [
        f"{month // 12:04d}-{month % 12 + 1:02d}" for month in range(this - months + 1, this + 1)
    ]
    return {"data": _points(twin.line, "month", names, "%Y-%m"), "months": months}


@router.get("/by-number")
async def get_by_number(twin: TheTwin) -> dict[str, Any]:
    """Messages on each number."""
    line = twin.line
    data = [
        {"numberId": number.id, "phoneNumber": number.phone_number}
        | _directions(line.messages_on[number.id])
        for number in line.active_numbers()
    ]
    return {"data": data}


@router.get("/by-agent")
async def get_by_agent(
    twin: TheTwin, period: Literal["24h", "7d", "30d"] = "30d"
) -> dict[str, Any]:
    """Messages of each agent in a period."""
    line = twin.line
    recent = _since(line, PERIODS[period])
    data = []
    for agent in line.agents.values():
        own = {number.id for number in line.active_numbers(agent.id)}
        counted = _directions(message for message in recent if message.number_id in own)
        data.append({"agentId": agent.id, "agentName": agent.name} | counted)
    return {"data": data, "period": period}


def _since(line: Line, days: int) -> list[MessageRecord]:
    since = line.now() - days * DAY
    return [message for message in line.messages.values() if message.at >= since]


def _directions(messages: Iterable[MessageRecord]) -> dict[str, int]:
    counts = Counter(message.direction for message in messages)
    both = {"messages": counts.total(), "calls": 0}
    return both | {"inbound": counts["inbound"], "outbound": counts["outbound"]}


def _points(line: Line, key: str, names: list[str], form: str) -> list[dict[str, Any]]:
    messages = Counter(utc(one.at).strftime(form) for one in line.messages.values())
    webhooks = Counter(utc(one.created_at).strftime(form) for one in line.deliveries.values())
    return [
        {key: name, "messages": messages[name], "calls": 0, "webhooks": webhooks[name]}
        for name in names
    ]
