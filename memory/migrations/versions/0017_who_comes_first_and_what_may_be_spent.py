"""The place of a conversation in the queue, and the money a running turn has set aside."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("turn", sa.Column("reserved_micros", sa.BigInteger(), nullable=True))
