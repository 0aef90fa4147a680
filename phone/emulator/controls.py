"""The part of the handset API about the twin itself: its events, its faults, its switches."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError

from phone.emulator.faults import ApiFault, WebhookFault
from phone.emulator.gate import TheTwin
from phone.emulator.refusals import Refusal
from phone.emulator.switches import Switches
from phone.event_stream import event_stream

router = APIRouter(prefix="/handset", tags=["handset"])

LONGEST_WAIT = 60.0
"""Seconds after which a long poll answers, whatever it was asked."""

MAX_SEQ = 2**53
"""The largest number every JSON reader knows exactly."""

Seq = Annotated[int, Query(ge=0, le=MAX_SEQ)]


@router.get("/events", response_class=JSONResponse)
async def follow(
    request: Request,
    twin: TheTwin,
    after: Seq = 0,
    wait: Annotated[float, Query(ge=0, allow_inf_nan=False)] = 0,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """What happened after event N: a long poll, or a stream for `Accept: text/event-stream`.

    `wait` counts seconds of the machine's time. `last` is the `after` to ask with next.
    """
    twin.line.agenda.catch_up()
    log = twin.line.log
    if "text/event-stream" in request.headers.get("accept", ""):
        since = _seq(last_event_id) if last_event_id else after
        return event_stream(request, log.stream(since))
    events = log.after(after)
    if not events and wait:
        events = await log.wait(after, seconds=min(wait, LONGEST_WAIT))
    return Response(
        json.dumps({"events": events, "last": events[-1]["seq"] if events else log.last}),
        media_type="application/json",
    )


@router.get("/events/last")
async def see_last(twin: TheTwin) -> dict[str, int]:
    """The number of the newest event, for whoever wants to follow from here on."""
    return {"last": twin.line.log.last}


def _seq(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 15):
        raise Refusal(
            422, f'Last-Event-ID is "{text[:20]}"; send the id of an event of this stream'
        )
    return int(text)


@router.put("/faults")
async def set_faults(faults: list[ApiFault], twin: TheTwin) -> list[dict[str, Any]]:
    """Replace what will go wrong with the next API calls; an empty list clears it."""
    twin.faults.replace(faults)
    return await list_faults(twin)


@router.get("/faults")
async def list_faults(twin: TheTwin) -> list[dict[str, Any]]:
    """The faults still to come."""
    return [fault.model_dump() for fault in twin.faults.pending]


@router.put("/webhook-faults")
async def set_webhook_faults(faults: list[WebhookFault], twin: TheTwin) -> list[dict[str, Any]]:
    """Replace what will happen to the next webhooks; an empty list clears it."""
    twin.courier.faults = list(faults)
    return [fault.model_dump() for fault in faults]


@router.get("/webhook-faults")
async def list_webhook_faults(twin: TheTwin) -> list[dict[str, Any]]:
    """The webhook faults still to come."""
    return [fault.model_dump() for fault in twin.courier.faults]


@router.get("/switches")
async def see_switches(twin: TheTwin) -> Switches:
    """The twin's choices where sources about AgentPhone disagree."""
    return twin.switches


@router.put("/switches")
async def set_switches(
    changes: Annotated[dict[str, Any], Body(examples=[{"conversation_caps": True}])], twin: TheTwin
) -> Switches:
    """Change the ones given."""
    try:
        checked = Switches.model_validate(twin.switches.model_dump() | changes)
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from None
    for name in changes:
        setattr(twin.switches, name, getattr(checked, name))
    return twin.switches
