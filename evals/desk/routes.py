"""The desk's API: everything one can do beside texting. JSON, snake_case, loopback, no key.

It exists only under `threedots phone`; a production server has none of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, Response

from agent.deployment import Deployment
from evals.local import Local

PAGE = Path(__file__).parent / "page"

router = APIRouter(prefix="/desk")


def create_app(local: Local) -> FastAPI:
    """The routes for one phone on the desk."""
    app = FastAPI(title="Threedots desk", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.local = local
    app.router.routes.extend(router.routes)
    return app


def local_of(request: Request) -> Local:
    """The phone a request is about."""
    local: Local = request.app.state.local
    return local


def deployment_of(request: Request) -> Deployment:
    """The harness behind it. Raises a 503 while it starts or stops."""
    deployment = local_of(request).deployment
    if deployment is None:
        raise HTTPException(503, "The phone is starting or stopping; ask again in a moment.")
    return deployment


@router.get("")
async def see_desk(request: Request) -> dict[str, Any]:
    """What answers here: the model and the prompts."""
    deployment = deployment_of(request)
    return {
        "model": deployment.model.model_name,
        "prompts": {
            "folder": str(deployment.prompts.folder),
            "version": deployment.prompts.version(),
        },
    }


@router.get("/page/{name}")
async def page(name: str) -> Response:
    """A module or a style sheet of the desk's page."""
    file = PAGE / name
    if file.suffix not in (".js", ".css", ".html") or file not in PAGE.iterdir():
        raise HTTPException(404)
    return FileResponse(file, headers={"Cache-Control": "no-cache"})
