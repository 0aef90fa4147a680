"""The past of a conversation's metadata, and why a memory could not be saved."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "metadata_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mailbox_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("rev", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailbox.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_metadata_entry_mailbox_id", "metadata_entry", ["mailbox_id"])
    op.add_column("mailbox", sa.Column("state_blocked", sa.Text(), nullable=True))
    op.add_column("turn", sa.Column("memory_note", sa.Text(), nullable=True))
