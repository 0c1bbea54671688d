"""Outcomes are counted by day as they are reached, and a logger's excess may wait behind the cursor."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# A message's number is its time of receipt in µs × 64 + worker.
_DAY = 64 * 86_400_000_000


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "outcome_days",
        sa.Column("worker", sa.String(40), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("outcome", sa.String(12), nullable=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.Column("stored", sa.BigInteger(), nullable=False),
        sa.Column("revised", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("worker", "day", "outcome"),
    )
    op.create_table(
        "deferred",
        sa.Column("worker", sa.String(40), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("worker", "seq"),
    )
    op.execute(
        f"""
        INSERT INTO outcome_days (worker, day, outcome, messages, stored, revised)
        SELECT o.worker, o.seq / {_DAY}, o.outcome, count(*), sum(o.stored), sum(o.revised)
          FROM outcomes o JOIN cursors c ON c.worker = o.worker AND o.seq <= c.seq
         GROUP BY o.worker, o.seq / {_DAY}, o.outcome
        """  # noqa: S608 - the number above and nothing else
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("deferred")
    op.drop_table("outcome_days")
