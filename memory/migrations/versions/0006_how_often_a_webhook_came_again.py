"""How often a webhook was delivered once more, for whoever looks at what came of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    again = sa.Column("duplicates", sa.Integer(), nullable=False, server_default="0")
    op.add_column("event", again)
