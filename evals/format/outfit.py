"""What an agent is given for scenarios that are about more than texting."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_ai.toolsets import AbstractToolset
from pydantic_evals.evaluators import Evaluator

from agent.settings import HOME
from tools.hands import Hands

INSTRUCTIONS = "instructions.md"


@dataclass(frozen=True, slots=True)
class Outfit:
    """A policy, tools and what is looked at in the end.

    Attributes:
        policy: Stands below its instructions.
        tools: Makes its tools, anew for each run: they act on a world of that run alone.
        evaluators: What they did to it is held against what was to be done.
    """

    policy: str
    tools: Callable[[], AbstractToolset[Hands]]
    evaluators: Sequence[Evaluator[Any, Any, Any]]


def with_policy(prompts: Path, policy: str, *, folder: Path) -> Path:
    """A copy of a folder of prompts, with this policy below the instructions.

    Args:
        folder: Where the copy is made; it must not be there yet.
    """
    shutil.copytree(prompts, folder)
    [own, *_] = [each for each in (prompts, HOME / "prompts") if (each / INSTRUCTIONS).is_file()]
    words = (own / INSTRUCTIONS).read_text(encoding="utf-8")
    plain = policy.replace("$", "$$")  # a dollar sign begins a blank
    (folder / INSTRUCTIONS).write_text(f"{words.rstrip()}\n\n{plain}", encoding="utf-8")
    return folder
