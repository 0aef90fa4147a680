"""The settings of what an SMS may be about."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator
from pydantic_settings import BaseSettings

from safety.campaign import Campaign

INCLUDES = ("links", "phone_numbers", "age_gated")
"""What a campaign can declare."""


class ContentSettings(BaseSettings):
    """What the registration of the number for SMS says, and what becomes of other words."""

    threedots_sms_content: Literal["hold", "warn", "off"] = Field(
        default="hold",
        description="What becomes of an SMS whose words US carriers filter (sex, hate, alcohol, "
        "firearms, tobacco, vaping, cannabis, loans, gambling, public link shorteners, and what "
        "THREEDOTS_SMS_CAMPAIGN does not declare): hold lets the agent say it anew, warn only "
        "says so in the turn's record, off looks at nothing.",
    )
    threedots_sms_campaign: Annotated[str, StringConstraints(strip_whitespace=True)] = Field(
        default="",
        description="What your 10DLC campaign has declared that its texts include, with commas: "
        "links, phone_numbers, age_gated (which lets out alcohol, firearms and tobacco). Nothing "
        "is safe, and holds every SMS with a link or a phone number.",
    )

    @field_validator("threedots_sms_campaign")
    @classmethod
    def _what_there_is(cls, given: str) -> str:
        for part in _listed(given):
            if part not in INCLUDES:
                raise ValueError(
                    f"THREEDOTS_SMS_CAMPAIGN has {part!r}, which no campaign declares; write some "
                    f"of {', '.join(INCLUDES)}, with commas."
                )
        return given

    @property
    def campaign(self) -> Campaign:
        """As the rules want it."""
        declared = _listed(self.threedots_sms_campaign)
        return Campaign(
            links="links" in declared,
            phone_numbers="phone_numbers" in declared,
            age_gated="age_gated" in declared,
        )


def _listed(given: str) -> list[str]:
    return [part.strip() for part in given.split(",") if part.strip()]
