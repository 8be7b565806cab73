"""Users whom an identity provider signs in."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; users of before have a password and no provider."""
    op.add_column("users", sa.Column("issuer", sa.String(255), nullable=True))
    op.add_column("users", sa.Column("subject", sa.String(255), nullable=True))
    op.create_index("ix_users_identity", "users", ["issuer", "subject"], unique=True)


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_users_identity", "users")
    op.drop_column("users", "subject")
    op.drop_column("users", "issuer")
