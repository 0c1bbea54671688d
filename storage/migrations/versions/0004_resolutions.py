"""What a person asked to be done with refused messages is kept until it is done."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "resolutions",
        sa.Column("request", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("worker", sa.String(length=40), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("part", sa.String(length=80), nullable=False),
        sa.Column("act", sa.String(length=8), nullable=False),
        sa.Column("who", sa.String(length=80), nullable=True),
        sa.Column("because", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("stored", sa.Integer(), nullable=True),
        sa.Column("revised", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("request", "worker", "seq", "part"),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("resolutions")
