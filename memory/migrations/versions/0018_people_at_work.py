"""Who holds a conversation from elsewhere, by which role somebody acted, and wrong tokens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column("takeover", sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("audit_entry", sa.Column("role", sa.String(), nullable=True))
    op.create_table(
        "wrong_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("network", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_wrong_token_network", "wrong_token", ["network"])
    op.create_index("ix_wrong_token_at", "wrong_token", ["at"])
