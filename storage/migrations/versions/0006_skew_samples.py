"""A station's skew is the median of its last live minutes, which are kept with it."""

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


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("stations_heard", schema=None) as batch_op:
        batch_op.drop_column("samples")
