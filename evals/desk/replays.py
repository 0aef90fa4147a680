"""Replay on the desk: real turns against the prompts and the model of this phone."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, HTTPException, Request

from evals.desk.serving import deployment_of
from evals.local import local_settings
from evals.records.choosing import of_conversation
from evals.records.replaying import BadRecords, records_in, replay
from memory.transcript import TurnRecord

router = APIRouter(prefix="/desk/replays")

MAX_BYTES = 64 * 1024 * 1024
"""The longest body: a thousand long turns."""


@router.post("")
async def replay_turns(request: Request) -> dict[str, Any]:
    """Take turns again: JSON lines of records as the body, or `{"conversation_id": …}`.

    Nothing of this phone's is changed: each turn is taken on a twin of its own.
    """
    deployment = deployment_of(request)
    records = await _records(await request.body(), request)
    settings = local_settings().model_copy(
        update={
            "threedots_prompts_dir": deployment.prompts.folder,
            "threedots_name": deployment.name,
        }
    )
    turns = [one async for one in replay(records, settings, deployment.model)]
    return {
        "turns": [one.as_json() for one in turns],
        "changed": sum(one.is_changed for one in turns),
        "failed": sum(one.problem is not None for one in turns),
        "model": deployment.model.model_name,
        "prompts": deployment.prompts.version(),
    }


async def _records(body: bytes, request: Request) -> list[TurnRecord]:
    if len(body) > MAX_BYTES:
        raise HTTPException(413, f"The body has {len(body)} bytes; {MAX_BYTES} are the most.")
    if (conversation := _conversation_in(body)) is None:
        try:
            return records_in(body.splitlines(), name="body")
        except BadRecords as error:
            raise HTTPException(422, str(error)) from error
    records = await of_conversation(deployment_of(request).store, conversation)
    if not records:
        raise HTTPException(404, f"There are no turns of {conversation}.")
    return records


def _conversation_in(body: bytes) -> str | None:
    """The conversation that is asked for; None when the body is something else: records."""
    try:
        asked = json.loads(body)
    except ValueError:
        return None
    is_asked = isinstance(asked, dict) and asked.keys() == {"conversation_id"}
    return str(asked["conversation_id"]) if is_asked else None
