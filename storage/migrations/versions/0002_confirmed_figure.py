"""A confirmation is of a figure, not of whatever its row says later; those made before it was kept hold for none."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    with op.batch_alter_table("confirmations", schema=None) as batch_op:
        # A licence's row is named with its facility, parameter and day.
        batch_op.alter_column("row", type_=sa.String(120), existing_type=sa.String(60), existing_nullable=False)
        batch_op.add_column(sa.Column("figure", sa.String(80), nullable=False, server_default=""))


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("confirmations", schema=None) as batch_op:
        batch_op.drop_column("figure")
        batch_op.alter_column("row", type_=sa.String(60), existing_type=sa.String(120), existing_nullable=False)
