"""Whom we have erased, and the key under which they are known again."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "erasure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_erasure_subject", "erasure", ["subject"])
    # In every database from the start, so that a backup of any day knows whom to erase again.
    key = sa.table("deployment_key", sa.column("name"), sa.column("key"))
    op.execute(key.insert().values(name="erased", key=secrets.token_hex(32)))
