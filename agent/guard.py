"""What a deployment is guarded by: its limits and whom it answers, as the settings say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from memory.transcript import SessionKind
from safety.campaign import Campaign
from safety.consent import Ears
from safety.limits import Limits
from safety.senders import Senders
from tools.content import Mode

if TYPE_CHECKING:  # settings are built at the front doors and passed down
    from agent.settings import Settings


@dataclass(frozen=True, slots=True)
class Guard:
    """The rules a turn has to pass. Left as it is, it lets everything through.

    Attributes:
        ears: What of a text is heard by rule beyond what always is.
        breaks_loops: Whether what looks like a machine talking to us is muted.
        plain_punctuation: Whether quotes and dashes become plain where that spares SMS segments.
        campaign: What the registration for SMS says that texts include.
        content: What becomes of a text that goes beyond it.
    """

    limits: Limits = field(default_factory=Limits)
    senders: Senders = field(default_factory=lambda: Senders(countries=(), answer_machines=True))
    ears: Ears = field(default_factory=Ears)
    breaks_loops: bool = False
    plain_punctuation: bool = False
    campaign: Campaign = field(default_factory=Campaign)
    content: Mode = "off"


def guard_of(settings: Settings, session: SessionKind) -> Guard:
    """The guard of a deployment. What one turn may do is limited everywhere.

    Behind the doors where nobody's line and nobody else's money is at stake (`phone`, `chat`,
    evaluations) windows, lists, countries and the loop breaker hold only as far as they were set
    on purpose: whoever tries something out would run into all of them.
    """
    if session != "live":
        chosen = settings.model_fields_set
        settings = settings.model_copy(
            update={name: off for name, off in _OFF.items() if name not in chosen}
            | {name: "0" for name in settings.window_names if name not in chosen}
        )
    return Guard(
        limits=settings.limits,
        senders=settings.senders,
        ears=settings.ears,
        breaks_loops=settings.threedots_loop_breaker,
        plain_punctuation=settings.threedots_sms_plain_punctuation,
        campaign=settings.campaign,
        content=settings.threedots_sms_content,
    )


_OFF = {
    "threedots_loop_breaker": False,
    "threedots_answer_machines": True,
    "threedots_countries": "*",
    "threedots_sms_content": "warn",
}
"""What lets everything through, by setting."""
