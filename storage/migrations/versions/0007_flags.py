"""What waits says why; the calendar of maintenance as it was last applied, and what persons say of flags, are kept."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    _dirty("cause")
    # What was read and not yet rolled has not been through the checks that need neighbours: it goes there first.
    op.execute(
        "INSERT INTO dirty_rekeyed (consumer, station, parameter, day, cause, first_at, last_at, number) "
        "SELECT CASE consumer WHEN 'roll' THEN 'flag' ELSE consumer END, station, parameter, day, 0, first_at, last_at, "
        "number FROM dirty"
    )
    _replace_dirty()
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


def downgrade() -> None:
    """Go back."""
    _dirty()
    op.execute(
        "INSERT INTO dirty_rekeyed (consumer, station, parameter, day, first_at, last_at, number) "
        "SELECT CASE consumer WHEN 'flag' THEN 'roll' ELSE consumer END AS waits, station, parameter, day, "
        "min(first_at), max(last_at), max(number) FROM dirty WHERE consumer <> 'flagging' "
        "GROUP BY waits, station, parameter, day"
    )
    _replace_dirty()
    op.drop_table("flag_overrides")
    op.drop_table("maintenance")


def _dirty(*also: str) -> None:
    """Make the table of spans with another key: neither database can change one in place by the same words."""
    op.create_table(
        "dirty_rekeyed",
        sa.Column("consumer", sa.String(8), nullable=False),
        sa.Column("station", sa.String(40), nullable=False),
        sa.Column("parameter", sa.String(40), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in also),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("consumer", "station", "parameter", "day", *also),
    )


def _replace_dirty() -> None:
    op.drop_table("dirty")
    op.rename_table("dirty_rekeyed", "dirty")
