"""The place of a conversation in the queue, and the money a running turn has set aside."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("turn", sa.Column("reserved_micros", sa.BigInteger(), nullable=True))
    epoch = sa.text("'1970-01-01 00:00:00.000000'")
    place = sa.Column("claim_at", sa.DateTime(timezone=True), nullable=False, server_default=epoch)
    op.add_column("mailbox", place)
    box = sa.table("mailbox", sa.column("due_at"), sa.column("claim_at"))
    op.execute(box.update().where(box.c.due_at.is_not(None)).values(claim_at=box.c.due_at))
    due = sa.text("due_at IS NOT NULL")
    op.create_index(
        "next_in_line", "mailbox", ["claim_at", "id"], sqlite_where=due, postgresql_where=due
    )
