"""Tables that concern no conversation: what this machine keeps for itself."""

from __future__ import annotations

from sqlalchemy import Text
from sqlmodel import Field, SQLModel


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
