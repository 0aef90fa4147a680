"""Names that look like settings and are none: a limit that is misspelt limits nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from difflib import get_close_matches

from agent.findings import Finding
from agent.settings import Settings

log = logging.getLogger(__name__)

OURS = ("THREEDOTS_", "AGENTPHONE_")
"""How our settings begin."""

OF_OTHERS = frozenset({"THREEDOTS_HOST", "THREEDOTS_UPSTREAM"})
"""What the files of `deploy/` tell Caddy."""


def misspelt(names: Iterable[str]) -> dict[str, str | None]:
    """Which of these names of the environment are no settings, and which one may be meant."""
    known = {name.upper() for name in Settings.model_fields}
    known |= {f"{name}_FILE" for name in known} | OF_OTHERS
    wrong = sorted(name for name in names if name.startswith(OURS) and name not in known)
    return {name: next(iter(get_close_matches(name, known, n=1)), None) for name in wrong}


def unknown_settings(names: Iterable[str]) -> Finding:
    """One line on them."""
    wrong = misspelt(names)
    if not wrong:
        return Finding("settings", "good", "every name is known")
    found = f"{', '.join(wrong)}: no such setting, so nothing heeds it"
    meant = "; ".join(f"{name} may be {like}" for name, like in wrong.items() if like)
    fix = f"{meant}. .env.example lists them all." if meant else ".env.example lists them all."
    return Finding("settings", "warning", found, fix)


def say_misspelt(names: Iterable[str]) -> None:
    """Say it in the log of a server that starts, where somebody looks first."""
    for name, like in misspelt(names).items():
        log.warning("%s is no setting and does nothing%s", name, f"; {like}?" if like else "")
