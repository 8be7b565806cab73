"""Answers know their id, what they were made with, where their numbers come from and what isn't borne out.

Those kept before don't.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, empty for what is there."""
    op.add_column("messages", sa.Column("traces", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("messages", sa.Column("unsupported", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("messages", sa.Column("withdrawn", sa.Text(), nullable=False, server_default=""))
    op.add_column("messages", sa.Column("asked_as", sa.Text(), nullable=False, server_default=""))
    op.add_column("messages", sa.Column("answer_id", sa.String(40), nullable=False, server_default=""))
    op.add_column("messages", sa.Column("pin", sa.JSON(), nullable=True))
    op.create_index("ix_messages_answer_id", "messages", ["answer_id"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_messages_answer_id", "messages")
    for column in ("pin", "answer_id", "asked_as", "withdrawn", "unsupported", "traces"):
        op.drop_column("messages", column)
