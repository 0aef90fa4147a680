"""The desk's API: everything one can do beside texting. JSON, snake_case, loopback, no key.

It exists only under `threedots phone`; a production server has none of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, Response

from evals.desk import branch_routes, prompts, replays, scenarios, side
from evals.desk.branches import Branches
from evals.desk.serving import deployment_of
from evals.local import Local
from phone.emulator.app import CSP

PAGE = Path(__file__).parent / "page"

SAFE = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
}
"""Headers of the desk's page: the content policy is the phone's."""

ROUTERS = (prompts.router, branch_routes.router, side.router, replays.router, scenarios.router)
"""What the desk can do, beside telling what answers here."""

router = APIRouter(prefix="/desk")


def create_app(local: Local, branches: Branches, *, here: str | None) -> FastAPI:
    """The routes for one phone on the desk, which may be the branch `here`."""
    app = FastAPI(title="Threedots desk", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.local = local
    app.state.branches = branches
    app.state.here = here
    for each in (router, *ROUTERS):
        app.router.routes.extend(each.routes)
    return app


@router.get("")
async def see_desk(request: Request) -> dict[str, Any]:
    """What answers here: the model and the prompts, and which branch this is if it is one."""
    deployment = deployment_of(request)
    return {
        "model": deployment.model.model_name,
        "prompts": {
            "folder": str(deployment.prompts.folder),
            "version": deployment.prompts.version(),
        },
        "branch": await branch_routes.branch_here(request),
    }


@router.get("/page/{name}")
async def page(name: str) -> Response:
    """A module or a style sheet of the desk's page."""
    file = PAGE / name
    if file.suffix not in (".js", ".css", ".html") or file not in PAGE.iterdir():
        raise HTTPException(404)
    return FileResponse(file, headers=SAFE)
