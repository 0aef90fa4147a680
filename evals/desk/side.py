"""Two phones side by side: what there is to choose from for each of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request

from agent.settings import SCRIPTED
from evals.desk.serving import deployment_of

router = APIRouter(prefix="/desk/side")


@router.get("")
def see_choices(request: Request) -> dict[str, Any]:
    """The prompts folders and models a phone can be given; the first of each is the present one."""
    deployment = deployment_of(request)
    model = deployment.model.model_name
    return {
        "prompts_folders": [str(folder) for folder in prompts_folders(deployment.prompts.folder)],
        "models": [model, *([SCRIPTED] if model != SCRIPTED else [])],
    }


def prompts_folders(present: Path) -> list[Path]:
    """The present folder, then those beside it that hold instructions, by name."""
    try:
        beside = [path for path in present.parent.iterdir() if (path / "instructions.md").is_file()]
    except OSError:  # a folder one may enter but not list
        beside = []
    return [present, *sorted(path for path in beside if path != present)]
