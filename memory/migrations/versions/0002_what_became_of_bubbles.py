"""What becomes of a bubble after its send: looked for, not delivered, sent again by a person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("bubble", sa.Column("look_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("bubble", sa.Column("delivery", sa.String(), nullable=True))
    op.add_column("bubble", sa.Column("learnt_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("bubble", sa.Column("resend_of", sa.String(), nullable=True))
    op.add_column(
        "mailbox",
        sa.Column("others", sa.JSON(), nullable=False, server_default=sa.text("'[]'")),
    )
