"""Branches and retries over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from evals.desk import tree
from evals.desk.branches import BadWish, NotNow, Wish
from evals.desk.retries import NotRetried, Retry, retry
from evals.desk.serving import branches_of, here_of, local_of
from memory.keepsakes import Branch
from phone.emulator.rewinding import NoSuchPlace

router = APIRouter(prefix="/desk")

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]


class Body(BaseModel):
    """A request body: a name that is not known is an error, so that a slip is noticed."""

    model_config = ConfigDict(extra="forbid")


class BranchBody(Body):
    """Where a branch begins, and what answers there; without a message, after all there is."""

    conversation_id: str
    message_id: str | None = None
    name: Name | None = None
    kind: Literal["fork", "side"] = "fork"
    prompts_folder: str | None = None
    model: Name | None = None


class NameBody(Body):
    """What a branch is called from now on."""

    name: Name


class RetryBody(Body):
    """A turn to be taken again, and by what."""

    turn_id: str
    prompts_folder: str | None = None
    model: Name | None = None


@router.get("/branches")
async def list_branches(request: Request) -> dict[str, Any]:
    """The tree: every branch with its parent, and which one this is."""
    with _told():
        branches = await branches_of(request).every()
    return {"branches": [_view(request, one) for one in branches], "here": here_of(request)}


@router.post("/branches", status_code=201)
async def make_branch(body: BranchBody, request: Request) -> dict[str, Any]:
    """Make a branch, as this conversation was right after a bubble of the agent's.

    At a bubble of a person it begins right before it, to be written otherwise.
    """
    wish = Wish(**body.model_dump())
    with _told():
        made = await branches_of(request).make(wish, of=local_of(request), here=here_of(request))
    return _view(request, made)


@router.patch("/branches/{branch_id}")
async def rename_branch(branch_id: str, body: NameBody, request: Request) -> dict[str, Any]:
    """Call it otherwise."""
    with _told():
        return _view(request, await branches_of(request).rename(branch_id, body.name))


@router.delete("/branches/{branch_id}", status_code=204)
async def delete_branch(branch_id: str, request: Request) -> Response:
    """Delete it; those made from it stay, and move up to where it came from."""
    with _told():
        await branches_of(request).delete(branch_id)
    return Response(status_code=204)


@router.post("/retries", status_code=201)
async def retry_turn(body: RetryBody, request: Request) -> dict[str, Any]:
    """Take a turn again in a branch of its own, and show both records when that has ended."""
    asked = Retry(**body.model_dump())
    with _told():
        branch, before, after = await retry(
            asked, branches_of(request), of=local_of(request), here=here_of(request)
        )
    return {"branch": _view(request, branch), "before": before, "after": after}


async def branch_here(request: Request) -> dict[str, Any] | None:
    """The branch this is; None on the phone itself."""
    here = here_of(request)
    with _told():
        found = [one for one in await branches_of(request).every() if one.id == here]
    return _view(request, found[0]) if found else None


def _view(request: Request, branch: Branch) -> dict[str, Any]:
    phone = branches_of(request).phone
    return tree.view(
        branch,
        prompts_folder=str(phone.settings.threedots_prompts_dir),
        model=phone.model.model_name,
    )


@contextmanager
def _told() -> Iterator[None]:
    """What cannot be, as the status that says so."""
    try:
        yield
    except (NoSuchPlace, tree.NoSuchBranch) as error:
        raise HTTPException(404, str(error)) from error
    except BadWish as error:
        raise HTTPException(422, str(error)) from error
    except NotRetried as error:
        raise HTTPException(error.status, str(error)) from error
    except NotNow as error:
        raise HTTPException(503, str(error)) from error
