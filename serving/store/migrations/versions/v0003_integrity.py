"""Answers know where their numbers come from and what isn't borne out; those kept before don't."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, empty for what is there."""
    op.add_column("messages", sa.Column("traces", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("messages", sa.Column("unsupported", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("messages", sa.Column("withdrawn", sa.Text(), nullable=False, server_default=""))
    op.add_column("messages", sa.Column("asked_as", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    """Drop them."""
    for column in ("asked_as", "withdrawn", "unsupported", "traces"):
        op.drop_column("messages", column)
