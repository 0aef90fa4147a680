"""Tables that concern no conversation: what this machine keeps for itself."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from memory.columns import UTCDateTime


class DeploymentKey(SQLModel, table=True):
    """A random key of this deployment's own, made when it is first needed. In no export, no log."""

    __tablename__ = "deployment_key"

    name: str = Field(primary_key=True)
    key: str


class TwinRecord(SQLModel, table=True):
    """One thing the twin of AgentPhone remembers between two runs of `threedots phone`."""

    __tablename__ = "twin_record"

    kind: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    data: str = Field(sa_type=Text)


class Branch(SQLModel, table=True):
    """A branch of a conversation, which is another phone with a file of its own.

    Attributes:
        parent: The branch it was made from; None for the phone itself.
        kind: `fork`, `retry` (of a turn) or `side` (one of two phones side by side).
        message_id: The message it begins after, or in place of; None for the whole conversation.
        words: How that message begins: what a person knows the place by.
        turn_id: The turn that is tried again.
        prompts_folder, model: What answers there; None for what answers on the phone.
    """

    id: str = Field(primary_key=True)
    name: str
    parent: str | None = None
    kind: str
    conversation_id: str
    message_id: str | None = None
    words: str = Field(default="", sa_type=Text)
    turn_id: str | None = None
    prompts_folder: str | None = None
    model: str | None = None
    created_at: datetime = Field(sa_type=UTCDateTime)
