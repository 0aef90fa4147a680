"""Who is under age, and what is kept of an alert and of a STOP when somebody is erased."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "minor",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("participant", sa.String(), nullable=False),
        sa.Column("is_child", sa.Boolean(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=True),
        sa.Column("flagged_by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cleared_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_minor_participant", "minor", ["participant"])
    with op.batch_alter_table("alert") as alert:
        alert.alter_column("mailbox_id", existing_type=sa.Integer(), nullable=True)
        alert.add_column(sa.Column("referred_at", sa.DateTime(timezone=True), nullable=True))
    # The ledger's key in every backup from now on, so that a list beside the database can name an
    # opt-out that no backup knows. It counts from the first erasure on.
    key = sa.table("deployment_key", sa.column("name"), sa.column("key"))
    op.execute(key.insert().values(name="consents_next", key=secrets.token_hex(32)))
