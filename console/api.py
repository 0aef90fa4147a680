"""The console's API: the turns of one deployment, as they happen and afterwards. JSON."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fastapi import APIRouter, FastAPI, HTTPException
from fastapi.responses import FileResponse, Response

from agent.deployment import Deployment

PAGE = Path(__file__).parent / "page"

router = APIRouter(prefix="/console")


def create_app(of: Callable[[], Deployment | None]) -> FastAPI:
    """The console of the deployment that `of` gives; None while it starts or stops."""
    app = FastAPI(title="Threedots console", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.deployment = of
    app.router.routes.extend(router.routes)
    return app


@router.get("/page/{name}")
async def page(name: str) -> Response:
    """A module or a style sheet of the console's page."""
    file = PAGE / name
    if file.suffix not in (".js", ".css") or file not in PAGE.iterdir():
        raise HTTPException(404)
    return FileResponse(file, headers={"Cache-Control": "no-cache"})
