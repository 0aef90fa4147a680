"""Recording on the desk: from one message to another becomes a scenario file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field

from agent.settings import HOME
from evals.desk.serving import deployment_of
from evals.records.choosing import (
    SCENARIOS,
    between,
    choose,
    file_for,
    of_conversation,
    place_of_message,
    text_of,
    write_new,
)
from evals.records.recording import NothingToRecord

router = APIRouter(prefix="/desk/scenarios")


class RecordingBody(BaseModel):
    """What is to be recorded: from one message to another, whichever comes first."""

    model_config = ConfigDict(extra="forbid")

    conversation_id: str
    first_message_id: str
    last_message_id: str
    name: str = Field(min_length=1, max_length=200)


@router.post("", status_code=201)
async def record(body: RecordingBody, request: Request) -> dict[str, Any]:
    """Write a scenario of the turns between two messages, into a file that is not there yet."""
    store = deployment_of(request).store
    records = await of_conversation(store, body.conversation_id)
    try:
        ends = (body.first_message_id, body.last_message_id)
        begin, end = (place_of_message(records, message_id) for message_id in ends)
        text = await text_of(store, between(records, begin, end), name=body.name)
    except NothingToRecord as error:
        raise HTTPException(409, str(error)) from error
    file = file_for(body.name, SCENARIOS)
    try:
        write_new(file, text)
    except FileExistsError as error:
        raise HTTPException(
            409, f"{_shown(file)} is there already; choose another name."
        ) from error
    return {"file": _shown(file), "text": text}


@router.get("/preview")
async def preview(turn_id: str, request: Request) -> dict[str, str]:
    """One turn as a scenario, written nowhere."""
    store = deployment_of(request).store
    try:
        chosen = await choose(store, [turn_id])
        if len(chosen.records) != 1:
            raise NothingToRecord(f"{turn_id} is no turn.")
        turn = chosen.records[0].turn_id[:6]
        return {"text": await text_of(store, chosen, name=f"Turn {turn}")}
    except NothingToRecord as error:
        raise HTTPException(404, str(error)) from error


def _shown(file: Path) -> str:
    """The file as one finds it from the project's folder."""
    return str(file.relative_to(HOME)) if file.is_relative_to(HOME) else str(file)
