"""Answers know the model that gave them; those kept before don't."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, empty for what is there."""
    op.add_column("messages", sa.Column("answered_by", sa.String(200), nullable=False, server_default=""))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("messages", "answered_by")
