"""The charts of answers."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; older answers have no chart."""
    op.add_column("messages", sa.Column("chart", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("messages", "chart")
