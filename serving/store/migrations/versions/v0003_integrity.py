"""Answers know where each of their numbers comes from; those kept before don't."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, empty for what is there."""
    op.add_column("messages", sa.Column("traces", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("messages", "traces")
