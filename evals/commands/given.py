"""What several commands are given: a folder of prompts, and the model that answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:  # the command line loads what a command needs when it is called
    from agent.settings import Settings

Prompts = Annotated[
    Path | None,
    typer.Option(
        help="Folder of prompts; THREEDOTS_PROMPTS_DIR, or prompts/, when left out.",
        exists=True,
        file_okay=False,
    ),
]


def settings_of(*, prompts: Path | None = None, model: str | None = None) -> Settings:
    """Those of this machine, without what is of production, and with what was given."""
    from evals.local import local_settings

    given: dict[str, Any] = {}
    if prompts is not None:
        given["threedots_prompts_dir"] = prompts.resolve()
    if model is not None:
        given["threedots_model"] = model
    return local_settings().model_copy(update=given)
