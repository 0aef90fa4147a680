"""Which webhook brought a message, and which message a dead letter is about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("message", sa.Column("event_id", sa.Integer(), nullable=True))
    op.add_column("dead_letter", sa.Column("inbound_id", sa.Integer(), nullable=True))
