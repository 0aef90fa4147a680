"""What every route of the desk asks first: which phone it is about, and the harness behind it."""

from __future__ import annotations

from fastapi import HTTPException, Request

from agent.deployment import Deployment
from evals.desk.branches import Branches, NotNow, harness_of
from evals.local import Local


def local_of(request: Request) -> Local:
    """The phone a request is about."""
    local: Local = request.app.state.local
    return local


def deployment_of(request: Request) -> Deployment:
    """The harness behind it. Raises a 503 while it starts or stops."""
    try:
        return harness_of(local_of(request))
    except NotNow as error:
        raise HTTPException(503, str(error)) from error


def branches_of(request: Request) -> Branches:
    """The branches of the phone, also where the request is about one of them."""
    branches: Branches = request.app.state.branches
    return branches


def here_of(request: Request) -> str | None:
    """Which branch a request is about; None for the phone itself."""
    here: str | None = request.app.state.here
    return here
