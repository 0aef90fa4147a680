"""The record of a turn, what is noted for it meanwhile, and the key that pseudonyms are made with.

Turns that were settled before have no record: what it would say was not kept.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("turn", sa.Column("session", sa.String(), nullable=True))
    op.add_column("turn", sa.Column("notes", sa.JSON(), nullable=True))
    op.create_table(
        "transcript",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("turn_id", sa.String(), nullable=False),
        sa.Column("mailbox_id", sa.Integer(), nullable=False),
        sa.Column("session", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=True),
        sa.Column("prompt_hash", sa.String(), nullable=True),
        sa.Column("last_message_id", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailbox.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_transcript_turn_id", "transcript", ["turn_id"], unique=True)
    op.create_index("ix_transcript_started_at", "transcript", ["started_at"])
    op.create_index("transcripts_of_mailbox", "transcript", ["mailbox_id", "id"])
    op.create_table(
        "deployment_key",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
