"""Which static words somebody in crisis gets: by the country of their number, and the language."""

from __future__ import annotations

from agent.deployment import Deployment
from memory.pseudonyms import region_of
from memory.tables import Mailbox


def crisis_words(deployment: Deployment, mailbox: Mailbox, language: str) -> str:
    """Those for their country, in their language, as far as there is a prompt file for it.

    Raises PromptError when the file cannot be filled in.
    """
    country = region_of(mailbox.participant) or region_of(mailbox.number) or ""
    names = [f"crisis_{country}_{language}", f"crisis_{country}", f"crisis_{language}", "crisis"]
    return deployment.prompts.first([name.lower() for name in names], name=deployment.name)
