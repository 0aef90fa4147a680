"""When somebody who holds a conversation from elsewhere last showed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("takeover", sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True))
