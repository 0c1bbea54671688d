"""A skew is the median of live minutes, kept with it; what the broker says is kept; one reading may replace several."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    with op.batch_alter_table("stations_heard", schema=None) as batch_op:
        batch_op.add_column(sa.Column("samples", sa.Text(), nullable=True))
    op.create_table(
        "broker_figures",
        sa.Column("worker", sa.String(40), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("thrown_away", sa.Text(), nullable=False),
        sa.Column("counted", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("worker"),
    )
    _key_of_revisions("seq", "old_seq")


def downgrade() -> None:
    """Go back."""
    _key_of_revisions("seq")
    op.drop_table("broker_figures")
    with op.batch_alter_table("stations_heard", schema=None) as batch_op:
        batch_op.drop_column("samples")


def _key_of_revisions(*of_message: str) -> None:
    """Give the table of revisions another key: neither database can change one in place by the same words."""
    op.create_table(
        "revisions_rekeyed",
        sa.Column("station", sa.String(40), nullable=False),
        sa.Column("parameter", sa.String(40), nullable=False),
        sa.Column("measured_at", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Float()),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("old_seq", sa.BigInteger(), nullable=False),
        sa.Column("old_value", sa.Float()),
        sa.Column("old_status", sa.Integer(), nullable=False),
        sa.Column("noticed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("station", "parameter", "measured_at", *of_message),
    )
    op.execute(
        "INSERT INTO revisions_rekeyed "
        "(station, parameter, measured_at, seq, value, status, old_seq, old_value, old_status, noticed_at) "
        "SELECT station, parameter, measured_at, seq, value, status, old_seq, old_value, old_status, noticed_at "
        "FROM revisions WHERE true ON CONFLICT DO NOTHING"
    )
    op.drop_table("revisions")
    op.rename_table("revisions_rekeyed", "revisions")
