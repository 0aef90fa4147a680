"""Alembic's way in: run the migrations on the connection that `memory.schema` opened."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlmodel import AutoString, SQLModel

# Importing them fills the metadata.
from memory import (  # noqa: F401
    admission,
    alerts,
    approvals,
    audit,
    consent_records,
    console_sessions,
    erasures,
    in_line,
    introductions,
    keepsakes,
    labels,
    minors,
    pauses,
    sources,
    spending,
    tables,
    takeovers,
    texting_first,
    verifying,
    wrong_tokens,
)
from memory.columns import UTCDateTime


def plain_type(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write SQLAlchemy's own types into revisions: they must not change when ours do."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    return "sa.String()" if kind == "type" and isinstance(item, AutoString) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_item=plain_type,
    render_as_batch=True,  # SQLite cannot alter a column in place: Alembic copies the table
    transactional_ddl=True,  # the upgrade is one transaction, on SQLite too
)
context.run_migrations()
