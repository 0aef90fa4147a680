"""What the carriers would filter by SMS, kept from leaving: the model is told, and says it anew."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from memory.notes import Notes
from safety.campaign import Campaign, Found, found
from safety.segments import is_sms
from tools.links import Unsayable

Mode = Literal["hold", "warn", "off"]
"""What becomes of such words: held by SMS; only noted in the turn's record; nobody looks."""

MOST_TOLD = 2
"""How often in a turn the model is told; a text after that is held for a person to look at."""


@dataclass
class Content:
    """The words of one turn, as the carriers would read them.

    Attributes:
        applies: Whether our number is of a country whose carriers do this.
        told: How often the model was told.
    """

    campaign: Campaign = field(default_factory=Campaign)
    mode: Mode = "off"
    applies: bool = True
    told: int = 0

    def prompts(self, channel: str) -> list[str]:
        """The prompts that tell the model beforehand, so that it need not say things twice."""
        if self.mode != "hold" or not self.applies or not is_sms(channel):
            return []
        links = [] if self.campaign.links else ["sms_no_links"]
        numbers = [] if self.campaign.phone_numbers else ["sms_no_phone_numbers"]
        return ["sms_filters", *links, *numbers]

    def found(self, text: str) -> list[Found]:
        """What they would stumble over."""
        return found(text, self.campaign) if self.applies and self.mode != "off" else []

    def objection(self, text: str, *, channel: str) -> str | None:
        """Why this text may not leave here, in words for the model; None when it may."""
        if self.mode != "hold" or not is_sms(channel) or not (what := self.found(text)):
            return None
        named = ", ".join(f"{one.topic} (“{one.words}”)" for one in what)
        return (
            f"The carriers filter SMS like this, and can close the number for it: {named}. Say it "
            "without that, or say that you cannot text about it."
        )

    def held(self, text: str, *, channel: str) -> str | None:
        """Why this text is written down and not sent, in words for the operator; None to send it.

        Raises:
            Unsayable: The model is to say it otherwise: it was not told too often yet.
        """
        if (why := self.objection(text, channel=channel)) is None:
            return None
        if self.told < MOST_TOLD:
            self.told += 1
            raise Unsayable(why)
        topics = ", ".join(one.topic for one in self.found(text))
        return f"The carriers filter it by SMS: {topics}. The agent was told and said it again."

    def note(self, notes: Notes, bubble_id: str, text: str) -> None:
        """Keep for the record what of a bubble that left could have been filtered by SMS."""
        if what := self.found(text):
            notes.warnings[bubble_id] = [one.topic for one in what]
