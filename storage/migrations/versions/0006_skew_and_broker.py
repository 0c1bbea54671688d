"""A station's skew is the median of its last live minutes, kept with it; what the broker says of itself is kept too."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0003"
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


def downgrade() -> None:
    """Go back."""
    op.drop_table("broker_figures")
    with op.batch_alter_table("stations_heard", schema=None) as batch_op:
        batch_op.drop_column("samples")
