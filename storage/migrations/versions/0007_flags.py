"""What waits says why; the calendar of maintenance as it was last applied, and what persons say of flags, are kept."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    with op.batch_alter_table("dirty", schema=None) as batch_op:
        batch_op.add_column(sa.Column("cause", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "maintenance",
        sa.Column("station", sa.String(40), nullable=False),
        sa.Column("parameter", sa.String(40), nullable=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("noted_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("station", "parameter", "after", "until", "status"),
    )
    op.create_table(
        "flag_overrides",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("station", sa.String(40), nullable=False),
        sa.Column("parameter", sa.String(40), nullable=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("flag", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.String(80), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_by", sa.String(80), nullable=True),
        sa.Column("withdrawn_note", sa.Text(), nullable=True),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("flag_overrides_of", "flag_overrides", ["station", "parameter"])
    # What was read and not yet rolled has not been through the checks that need neighbours: it goes there first.
    op.execute("UPDATE dirty SET consumer = 'flag' WHERE consumer = 'roll'")


def downgrade() -> None:
    """Go back."""
    # A day that waits for both is rolled whole.
    op.execute(
        "UPDATE dirty SET first_at = day * 86400000000, last_at = (day + 1) * 86400000000 - 1 WHERE consumer = 'flag'"
    )
    op.execute(
        "DELETE FROM dirty WHERE consumer = 'roll' AND EXISTS (SELECT 1 FROM dirty AS other WHERE other.consumer = 'flag' "
        "AND other.station = dirty.station AND other.parameter = dirty.parameter AND other.day = dirty.day)"
    )
    op.execute("DELETE FROM dirty WHERE consumer = 'flagging'")
    op.execute("UPDATE dirty SET consumer = 'roll' WHERE consumer = 'flag'")
    op.drop_table("flag_overrides")
    op.drop_table("maintenance")
    with op.batch_alter_table("dirty", schema=None) as batch_op:
        batch_op.drop_column("cause")
