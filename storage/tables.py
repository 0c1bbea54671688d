"""The state's tables: SQLite first, PostgreSQL by URL. Moments are whole µs since 1970 UTC; changes go through Alembic.

Nothing here is truth about readings: it is what the service has done, has yet to do, and has told whom.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

# SQLite numbers rows by itself only where the key is INTEGER.
_ROW = BigInteger().with_variant(Integer, "sqlite")

# How far the pipeline of each ingest worker has got in its journal.
cursors = Table(
    "cursors", metadata,
    Column("worker", String(40), primary_key=True),
    Column("seq", BigInteger, nullable=False),
)  # fmt: skip

# What became of each message; inserted once, never overwritten by a repeat of the batch.
outcomes = Table(
    "outcomes", metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("worker", String(40), nullable=False),
    Column("outcome", String(12), nullable=False),
    Column("stored", Integer, nullable=False),   # readings of it that were new
    Column("revised", Integer, nullable=False),  # readings of it that changed another
)  # fmt: skip

# How many messages came to which outcome, by worker and UTC day of receipt: what is left of a day that is pruned.
outcome_days = Table(
    "outcome_days", metadata,
    Column("worker", String(40), primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("outcome", String(12), primary_key=True),
    Column("messages", BigInteger, nullable=False),
    Column("stored", BigInteger, nullable=False),
    Column("revised", BigInteger, nullable=False),
)  # fmt: skip

# Messages that wait though the cursor is past them: a logger's excess, which must not hold up the others.
deferred = Table(
    "deferred", metadata,
    Column("worker", String(40), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("sender", Text, nullable=False),
)  # fmt: skip

# The series that have ever had a reading, and how far they reach: past `last_at` a reading is new without looking.
series = Table(
    "series", metadata,
    Column("station", String(40), primary_key=True),
    Column("parameter", String(40), primary_key=True),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("rolled_to", BigInteger),  # end of the newest hour that the roller has finished; null before the first
)  # fmt: skip

# What a person asked to be done with refused messages, until the worker's own pipeline has done it.
resolutions = Table(
    "resolutions", metadata,
    Column("request", BigInteger, primary_key=True, autoincrement=False),  # what was asked for at once
    Column("worker", String(40), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("part", String(80), primary_key=True),  # of a refusal that is discarded; empty for all of the message
    Column("act", String(8), nullable=False),      # replay, reopen (replay what was discarded, too), discard
    Column("who", String(80)), Column("because", Text),
    Column("asked_at", BigInteger, nullable=False),
    # How many readings of it were found new and changed before the first was written; null until then.
    Column("stored", Integer), Column("revised", Integer),
)  # fmt: skip

# When each station was last heard (time of receipt of a message that could be attributed to it).
stations_heard = Table(
    "stations_heard", metadata,
    Column("station", String(40), primary_key=True),
    Column("heard_at", BigInteger, nullable=False),
    Column("measured_at", BigInteger),
    Column("skew_us", BigInteger),  # median of receipt minus stamp over the last live minutes
    Column("samples", Text),        # JSON: these minutes, [minute since 1970, µs], oldest first
)  # fmt: skip

# A reading that was replaced by one with a greater seq. Several may give way to one: an older message that is understood
# late, such as out of quarantine, finds the newest in place.
revisions = Table(
    "revisions", metadata,
    Column("station", String(40), primary_key=True),
    Column("parameter", String(40), primary_key=True),
    Column("measured_at", BigInteger, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),  # of the message that replaced it
    Column("value", Float), Column("status", Integer, nullable=False),
    Column("old_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("old_value", Float), Column("old_status", Integer, nullable=False),
    Column("noticed_at", BigInteger, nullable=False),
)  # fmt: skip

# Spans of a worker's unfinished batch: no job may see them before the readings are written.
held = Table(
    "held", metadata,
    Column("worker", String(40), primary_key=True),
    Column("station", String(40), primary_key=True),
    Column("parameter", String(40), primary_key=True),
    # The UTC day's number is part of the key so that one late reading does not widen a live span.
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
)  # fmt: skip

# Released spans. Consumer `flag`: readings changed, their flags are to be judged; `roll`: readings or flags changed, their
# windows are to be computed; `watch`: the same, rules on readings are to be judged; `judge`: rollups changed (first_at,
# last_at are ends of hours), rules are to be judged. `verify`: a month was
# verified or fell back, its windows are to say so. `flagging`, `rolling`: held until what they are of is written.
dirty = Table(
    "dirty", metadata,
    Column("consumer", String(8), primary_key=True),
    Column("station", String(40), primary_key=True),
    Column("parameter", String(40), primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    # Why it is to be looked at (domain.cause): apart, so that a figure is not said to have changed by another's cause.
    Column("cause", Integer, primary_key=True, autoincrement=False),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),  # rises with every release; a job clears only the number it took
)  # fmt: skip

# The calendar of maintenance as it was last applied to what is stored: one row for each series and span (after < moment
# ≤ until). What differs from the configuration is flagged again.
maintenance = Table(
    "maintenance", metadata,
    Column("station", String(40), primary_key=True),
    Column("parameter", String(40), primary_key=True),
    Column("after", BigInteger, primary_key=True, autoincrement=False),
    Column("until", BigInteger, primary_key=True, autoincrement=False),
    Column("status", Integer, primary_key=True, autoincrement=False),  # 1 calibrating, 2 fault
    Column("who", Text, nullable=False), Column("why", Text, nullable=False),
    Column("noted_at", BigInteger, nullable=False),
)  # fmt: skip

# What persons say of readings, against the checks; one that is withdrawn stays on record.
flag_overrides = Table(
    "flag_overrides", metadata,
    Column("id", _ROW, primary_key=True, autoincrement=True),
    Column("station", String(40), nullable=False),
    Column("parameter", String(40), nullable=False),
    Column("after", BigInteger, nullable=False), Column("until", BigInteger, nullable=False),
    Column("flag", Integer, nullable=False),
    Column("made_by", String(80), nullable=False), Column("note", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("withdrawn_by", String(80)), Column("withdrawn_note", Text), Column("withdrawn_at", BigInteger),
)  # fmt: skip
Index("flag_overrides_of", flag_overrides.c.station, flag_overrides.c.parameter)

counters = Table(
    "counters", metadata,
    Column("name", String(40), primary_key=True),
    Column("value", BigInteger, nullable=False),
)  # fmt: skip

watermarks = Table(
    "watermarks", metadata,
    Column("job", String(40), primary_key=True),
    Column("moment", BigInteger, nullable=False),
)  # fmt: skip

rollup_revisions = Table(
    "rollup_revisions", metadata,
    Column("station", String(40), primary_key=True),
    Column("parameter", String(40), primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("mark", BigInteger, primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("value", Float), Column("valid", Integer, nullable=False),  # what it was before this revision
    Column("cause", String(40), nullable=False),
    Column("noticed_at", BigInteger, nullable=False),
)  # fmt: skip

# One row per rule and series: where its state machine stands.
watches = Table(
    "watches", metadata,
    Column("rule", String(40), primary_key=True),
    Column("station", String(40), primary_key=True),
    Column("parameter", String(40), primary_key=True),
    Column("state", String(8), nullable=False),
    Column("standing", Text, nullable=False),  # JSON: the run of windows so far, and the episode if firing
    Column("judged_to", BigInteger, nullable=False),  # end of the newest window judged
    Column("alert", BigInteger),         # the open alert, if firing
)  # fmt: skip

cases = Table(
    "cases", metadata,
    Column("id", _ROW, primary_key=True, autoincrement=True),
    Column("number", String(20), nullable=False, unique=True),  # VV-2026-0147
    Column("short", String(12), nullable=False),                # 0147
    Column("station", String(40), nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("messages", Integer, nullable=False),                # how many messages have been numbered: #0147-1 …
    Column("taken_by", String(80)), Column("taken_at", BigInteger),
)  # fmt: skip

alerts = Table(
    "alerts", metadata,
    Column("id", _ROW, primary_key=True, autoincrement=True),
    Column("case_id", BigInteger, nullable=False),
    Column("rule", String(40), nullable=False),
    Column("station", String(40), nullable=False),
    Column("parameter", String(40), nullable=False),
    Column("kind", String(12), nullable=False),       # over, advisory, silent, late
    Column("crossed_at", BigInteger, nullable=False),  # start of the first window that was over
    Column("opened_at", BigInteger, nullable=False),   # end of the window that made it fire
    Column("noticed_at", BigInteger, nullable=False),
    Column("closed_at", BigInteger),                   # end of the window that closed it
    Column("last_at", BigInteger, nullable=False),     # end of the newest window judged while open
    Column("level", Float), Column("peak", Float), Column("peak_at", BigInteger),
    Column("limit_low", Float), Column("limit_high", Float),
    Column("valid", Integer), Column("expected", Integer),
    Column("record", Text, nullable=False),  # JSON: row, clause, arithmetic, conditions not met, levels so far
)  # fmt: skip
Index("alerts_open", alerts.c.closed_at, alerts.c.station)

transitions = Table(
    "transitions", metadata,
    Column("id", _ROW, primary_key=True, autoincrement=True),
    Column("alert", BigInteger, nullable=False),
    Column("before", String(8), nullable=False),
    Column("after", String(8), nullable=False),
    Column("crossed_at", BigInteger, nullable=False),
    Column("noticed_at", BigInteger, nullable=False),
    Column("level", Float),
)  # fmt: skip

# What is to be told to whom; written in the transaction that changes the state, sent by another loop.
outbox = Table(
    "outbox", metadata,
    Column("id", _ROW, primary_key=True, autoincrement=True),
    Column("key", String(120), nullable=False),  # transition, notice and person: the same message is queued once
    Column("number", String(20), nullable=False),  # #0147-1
    Column("case_id", BigInteger), Column("alert", BigInteger),
    Column("notice", String(12), nullable=False),
    Column("person", String(40), nullable=False),
    Column("channel", String(40), nullable=False), Column("address", String(200), nullable=False),
    Column("language", String(2), nullable=False),
    Column("subject", Text, nullable=False), Column("body", Text, nullable=False),
    Column("html", Text), Column("short", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False), Column("due_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("state", String(8), nullable=False),  # due, sent, given_up, held
    Column("claimed_by", String(80)), Column("claimed_at", BigInteger),
    Column("sent_at", BigInteger), Column("error", Text),
    UniqueConstraint("key", name="outbox_key"),
)  # fmt: skip
Index("outbox_due", outbox.c.state, outbox.c.due_at)

# Signed links: only the hash is kept; one use, no account.
links = Table(
    "links", metadata,
    Column("hash", String(64), primary_key=True),
    Column("purpose", String(12), nullable=False),  # take
    Column("person", String(40), nullable=False),
    Column("case_id", BigInteger, nullable=False), Column("alert", BigInteger),
    Column("message", String(20), nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
)  # fmt: skip

# A person's word that a limit row is law, with its averaging and factors.
confirmations = Table(
    "confirmations", metadata,
    Column("id", _ROW, primary_key=True, autoincrement=True),
    Column("row", String(120), nullable=False),
    Column("confirmed_by", String(80), nullable=False),
    Column("confirmed_on", String(10), nullable=False),
    Column("averaging", String(8)),
    Column("figure", String(80), nullable=False),  # what was confirmed: a row that says something else is not
    Column("note", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
)  # fmt: skip

# A person's word that the figures of a series are right for a local month. Where one of them changes afterwards the
# word holds no more: the row says when and why, and stays.
verifications = Table(
    "verifications", metadata,
    Column("id", _ROW, primary_key=True, autoincrement=True),
    Column("station", String(40), nullable=False),
    Column("parameter", String(40), nullable=False),
    Column("month", String(7), nullable=False),  # 2026-03
    Column("verified_by", String(80), nullable=False),
    Column("note", Text, nullable=False),
    Column("verified_at", BigInteger, nullable=False),
    Column("fallen_at", BigInteger),   # null while it holds
    Column("cause", String(40)),       # late, revised, configuration
    Column("fallen_kind", String(8)), Column("fallen_mark", BigInteger),  # the first window that changed
)  # fmt: skip
Index(
    "verified_once", verifications.c.month, verifications.c.station, verifications.c.parameter, unique=True,
    sqlite_where=verifications.c.fallen_at.is_(None), postgresql_where=verifications.c.fallen_at.is_(None),
)  # fmt: skip

# The parts that run, and when each last said so.
heartbeats = Table(
    "heartbeats", metadata,
    Column("part", String(20), primary_key=True),
    Column("worker", String(40), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ready", Boolean, nullable=False),
    Column("detail", Text, nullable=False),  # JSON: reasons, connected since, backlog
)  # fmt: skip

# What the broker last said of itself to each ingest worker.
broker_figures = Table(
    "broker_figures", metadata,
    Column("worker", String(40), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("figures", Text, nullable=False),      # JSON: name → number; empty where it shows none
    Column("thrown_away", Text, nullable=False),  # JSON: [µs, how many], those of the last days
    Column("counted", BigInteger),                # its count of them when it last showed one
)  # fmt: skip

audit = Table(
    "audit", metadata,
    Column("id", _ROW, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("who", String(80), nullable=False),
    Column("what", String(40), nullable=False),
    Column("subject", String(120), nullable=False),
    Column("note", Text, nullable=False),
)  # fmt: skip
