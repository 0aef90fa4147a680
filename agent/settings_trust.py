"""Settings about what reaches the model, and what it is trusted with."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, field_validator
from pydantic_settings import BaseSettings

from safety.links import ANY, links_in


class TrustSettings(BaseSettings):
    """What the model may be shown, and what it may do that could hurt somebody."""

    threedots_links: Annotated[str, StringConstraints(strip_whitespace=True)] = Field(
        default="",
        description="Domains the agent may send links to, with commas: example.com,cal.com. Others "
        "leave only word for word as the person, your prompts or a trusted tool wrote them; * lets "
        "every link out.",
    )

    threedots_vision: bool = Field(
        default=True,
        description="false when your model cannot see: it is then told of pictures in words.",
    )

    @field_validator("threedots_links")
    @classmethod
    def _domains(cls, given: str) -> str:
        for domain in _listed(given):
            is_domain = links_in(f"https://{domain}") == [f"https://{domain}"] and "." in domain
            if domain != ANY and not (is_domain and "/" not in domain):
                raise ValueError(
                    f"THREEDOTS_LINKS has {domain!r}, which is no domain; write it like example.com"
                )
        return given

    @property
    def link_domains(self) -> list[str]:
        """The domains links may lead to."""
        return _listed(self.threedots_links)


def _listed(given: str) -> list[str]:
    return [domain.strip() for domain in given.split(",") if domain.strip()]
