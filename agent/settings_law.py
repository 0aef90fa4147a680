"""Settings that the law has a say in."""

from __future__ import annotations

from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings

from safety.consent import Ears
from safety.stop_words import own_stop_words


class LawSettings(BaseSettings):
    """What people are told of themselves and of us, and whether we may write first."""

    threedots_introduction: Literal["on", "off"] | None = Field(
        default=None,
        description="Whether everybody is told once, below the first bubble, that an AI writes, "
        "and by SMS how to stop. Unset means on for serve, and off for the phone, the chat and "
        "evaluations. Many places demand it by law: off only if you tell them elsewhere.",
    )
    threedots_stop_words: str = Field(
        default="",
        description="Words of your own that stop all texting like STOP, as whole messages, with "
        "commas: adeu,jetzt reicht es. They add to the built-in ones, none of which can be taken "
        "out.",
    )
    threedots_stop_confirmation: Literal["harness", "platform", "off"] = Field(
        default="harness",
        description="Who confirms a STOP: harness sends prompts/opted_out.md; platform leaves it to"
        " a carrier that does so itself (text STOP to your number and see); off says nothing. It "
        "is obeyed in any case.",
    )
    threedots_alert_url: str | None = Field(
        default=None,
        description="Where a person is called when somebody is in crisis: an https address that "
        "takes a JSON POST, such as a pager's or a chat's incoming webhook. Without it only the "
        "log says so.",
    )
    threedots_text_first: Literal["on", "off"] = Field(
        default="off",
        description="Whether threedots text-first may text people who did not write first; each "
        "needs a record of their consent, and it has to be day where they are.",
    )

    threedots_profile: Literal["assistant", "companion"] = Field(
        default="assistant",
        description="What people have in it: companion is somebody to talk to, and reminds "
        "everybody every three hours of one conversation that it is an AI, as laws on companions "
        "ask; an assistant reminds only minors.",
    )
    threedots_minors: Literal["on", "off"] = Field(
        default="on",
        description="Whether it counts that somebody says they are under age: under 18 the agent "
        "follows prompts/minor.md and never texts first, under 13 it is silent and a person is "
        "called. off only where you have the parents' consent; a companion needs on.",
    )

    @field_validator("threedots_alert_url")
    @classmethod
    def _a_pager(cls, url: str | None) -> str | None:
        url = url.strip() if url else None
        if url and not (url.startswith(("https://", "http://")) and urlsplit(url).hostname):
            raise ValueError(
                "It is no address, and nobody would be called in a crisis; write it with https:// "
                "in front."
            )
        return url

    @field_validator("threedots_stop_words")
    @classmethod
    def _good_words(cls, written: str) -> str:
        own_stop_words(written)
        return written

    @model_validator(mode="after")
    def _companion_minds_minors(self) -> Self:
        if self.threedots_profile == "companion" and self.threedots_minors == "off":
            raise ValueError(
                "THREEDOTS_MINORS is off and THREEDOTS_PROFILE is companion: laws on companions "
                "ask for what it does. Leave it on, or set THREEDOTS_PROFILE=assistant."
            )
        return self

    @property
    def ears(self) -> Ears:
        """What of a text is heard by rule beyond what always is."""
        return Ears(
            stop_words=own_stop_words(self.threedots_stop_words),
            ages=self.threedots_minors == "on",
        )
