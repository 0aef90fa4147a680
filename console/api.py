"""The console's API: the turns of one deployment, as they happen and afterwards. JSON.

GET /console/api/turns?conversation&search&before&limit   summaries, newest first
GET /console/api/turns/{id}                               one turn: summary, timeline, record
GET /console/api/events?conversation                      summaries as server-sent events

and what an operator reads (`console.reading`) and does (`console.acting`) on the page `/console`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, HTTPException, Query, Request
from fastapi.responses import FileResponse, JSONResponse, Response

import phone
from agent.deployment import Deployment
from console import acting, allowing, people, pictures, reading
from console.asking import Watched, deployment_of, looked_at, while_logged_in
from console.people import Erase
from console.watching import newest_turns, watch, whole
from memory.store import StoreUnavailable
from memory.transcripts import Wanted
from phone.event_stream import event_stream

PAGE = Path(__file__).parent / "page"
SHARED_FROM = Path(phone.__file__).parent / "emulator" / "page"
SHARED = ("element.js", "form.js", "time.js", "words.js", "colours.css")

router = APIRouter(prefix="/console")

PARTS = (reading, acting, allowing, people, pictures)
"""Where the other routes are."""

Conversation = Annotated[str | None, Query(max_length=200)]
Words = Annotated[str | None, Query(min_length=1, max_length=200)]
Limit = Annotated[int, Query(ge=1, le=200)]


def create_app(of: Callable[[], Deployment | None], *, erase: Erase | None = None) -> FastAPI:
    """The console of the deployment that `of` gives; None while it starts or stops.

    Args:
        erase: How a person is erased here; None where nobody is.
    """
    app = FastAPI(title="Threedots console", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.deployment = of
    app.state.watched, app.state.erase = Watched(), erase
    app.exception_handler(StoreUnavailable)(_unavailable)
    for one in (router, *(part.router for part in PARTS)):
        app.router.routes.extend(one.routes)
    return app


async def _unavailable(request: Request, error: StoreUnavailable) -> Response:
    """The database cannot be had just now: the page says so, and asks again."""
    return JSONResponse({"detail": str(error)}, 503)


@router.get("")
async def operators_page() -> Response:
    """The page itself; whoever serves it has seen who asks (`console.doorway`)."""
    return FileResponse(PAGE / "console.html", headers={"Cache-Control": "no-cache"})


@router.get("/login")
async def login_page() -> Response:
    """Where a token becomes a session (`console.doorway`)."""
    return FileResponse(PAGE / "login.html", headers={"Cache-Control": "no-cache"})


@router.get("/api/turns")
async def list_turns(
    request: Request,
    conversation: Conversation = None,
    search: Words = None,
    before: datetime | None = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """The newest turns, of one conversation or with some words in them; `before` leads back."""
    if before is not None and before.tzinfo is None:
        raise HTTPException(422, "before needs a zone, as in 2026-01-31T12:00:00Z.")
    wanted = Wanted(conversation=conversation, words=search, before=before)
    await looked_at(request, "read turns", conversation)
    return {"turns": await newest_turns(deployment_of(request), wanted, limit=limit)}


@router.get("/api/turns/{turn_id}")
async def see_turn(turn_id: str, request: Request) -> dict[str, Any]:
    """One turn, whole; the beginning of its id will do when no other begins so."""
    found = await whole(deployment_of(request), turn_id)
    if found is None:
        raise HTTPException(404, f"There is no turn {turn_id}, or several begin so.")
    await looked_at(request, "read a turn", found["record"]["conversation"]["conversation_id"])
    return found


@router.get("/api/events")
async def follow(request: Request, conversation: Conversation = None) -> Response:
    """A summary each time a turn begins, goes on or ends."""
    await looked_at(request, "follow turns", conversation)
    return event_stream(
        request, while_logged_in(request, watch(deployment_of(request), conversation))
    )


@router.get("/page/{name}")
async def page(name: str) -> Response:
    """A module or a style sheet of the console's page, or one that it shares with the phone's."""
    folder = SHARED_FROM if name in SHARED else PAGE
    file = folder / name
    if file.suffix not in (".js", ".css") or file not in folder.iterdir():
        raise HTTPException(404)
    return FileResponse(file, headers={"Cache-Control": "no-cache"})
