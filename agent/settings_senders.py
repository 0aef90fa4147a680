"""The settings of who is answered, and of how an SMS is written."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator
from pydantic_settings import BaseSettings

from safety.senders import OWN, Senders

Words = Annotated[str, StringConstraints(strip_whitespace=True)]

EVERYWHERE = "*"
"""Stands for every country."""


class SenderSettings(BaseSettings):
    """Whom this deployment answers."""

    threedots_allow: Words = Field(
        default="",
        description="Who is always answered: numbers (+14155550123), addresses and patterns "
        "(+1415*, *@example.com), with commas.",
    )
    threedots_block: Words = Field(
        default="",
        description="Who is never answered, in the same way; it wins over THREEDOTS_ALLOW.",
    )
    threedots_unknown_senders: Literal["answer", "static", "ignore"] = Field(
        default="answer",
        description="What who is not in THREEDOTS_ALLOW gets: answer is an answer, static the text "
        "of prompts/unknown_sender.md once, ignore nothing. A private line wants static or ignore.",
    )
    threedots_countries: Words = Field(
        default=OWN,
        description="Countries an SMS may go to, with commas: own is your number's (the US and "
        "Canada count as one, the Caribbean does not); own,GB adds one; * is every country. "
        "Premium and satellite numbers are never texted, iMessage is not asked.",
    )
    threedots_answer_machines: bool = Field(
        default=False,
        description="Whether short codes, no-reply senders and one-time codes get answers.",
    )
    threedots_loop_breaker: bool = Field(
        default=True,
        description="Whether who answers like a machine, at once or with the same words each time, "
        "is muted for an hour.",
    )
    threedots_sms_plain_punctuation: bool = Field(
        default=True,
        description="Whether typographic quotes and dashes become plain ones in an SMS when that "
        "alone lets 160 characters into a segment instead of 70.",
    )

    @field_validator("threedots_countries")
    @classmethod
    def _country_codes(cls, written: str) -> str:
        for part in _listed(written):
            if part not in (OWN, EVERYWHERE) and not re.fullmatch(r"[A-Za-z]{2}", part):
                raise ValueError(
                    f"THREEDOTS_COUNTRIES has {part!r}, which is no country; write codes of two "
                    "letters such as US,CA, or own, or *."
                )
        return written

    @property
    def senders(self) -> Senders:
        """As the rules want it."""
        countries = _listed(self.threedots_countries)
        return Senders(
            allow=_listed(self.threedots_allow),
            block=_listed(self.threedots_block),
            strangers=self.threedots_unknown_senders,
            countries=() if EVERYWHERE in countries else countries,
            answer_machines=self.threedots_answer_machines,
        )


def _listed(written: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in written.split(",") if part.strip())
