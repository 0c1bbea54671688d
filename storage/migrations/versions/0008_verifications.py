"""A month of a series is verified by a named person, and falls back where a figure of it changes afterwards."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "verifications",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False, autoincrement=True),
        sa.Column("station", sa.String(40), nullable=False),
        sa.Column("parameter", sa.String(40), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("verified_by", sa.String(80), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("verified_at", sa.BigInteger(), nullable=False),
        sa.Column("fallen_at", sa.BigInteger(), nullable=True),
        sa.Column("cause", sa.String(40), nullable=True),
        sa.Column("fallen_kind", sa.String(8), nullable=True),
        sa.Column("fallen_mark", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "verified_once", "verifications", ["month", "station", "parameter"], unique=True,
        sqlite_where=sa.text("fallen_at IS NULL"), postgresql_where=sa.text("fallen_at IS NULL"),
    )  # fmt: skip


def downgrade() -> None:
    """Go back."""
    op.drop_index("verified_once", "verifications")
    op.drop_table("verifications")
