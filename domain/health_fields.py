"""What the service says of itself once a minute: the names under which it is written, and read by dashboards.

Measurement `health` (tags `part`, `worker`) and measurement `station` (tag `station`). Counts are totals since the
service began, so what happened in a stretch of time is their difference.
"""

from typing import Final

HEALTH: Final = "health"
STATION: Final = "station"

RATE: Final = "rate"  # messages a second taken in by the worker, over the last minute of the machine
LAG_SECONDS: Final = "lag_seconds"  # age of the oldest message without an outcome, whichever worker holds it
ROLLUPS_LATE_SECONDS: Final = "rollups_late_seconds"  # beyond the grace that policy allows
JOURNAL_BYTES: Final = "journal_bytes"  # of the worker
DISK_FREE_BYTES: Final = "disk_free_bytes"
KEPT_BYTES: Final = "kept_bytes"  # all that is in the data folder
DAYS_UNTIL_FULL: Final = "days_until_full"  # at the rate of the last 24 hours; not written where nothing came

READINGS: Final = "readings"  # new ones, a total over all workers
REVISIONS: Final = "revisions"  # readings that changed one that was there

# What the broker says of itself; not written where it shows nothing.
BROKER_QUEUED: Final = "broker_queued"  # messages that it holds for somebody
BROKER_HEAP_BYTES: Final = "broker_heap_bytes"
BROKER_THROWN_AWAY: Final = "broker_thrown_away"  # found to have been dropped in the last seven days

RECEIVED: Final = "received"
PENDING: Final = "pending"
# Beside these two stands every `domain.message.Outcome` by its value; all are totals over all workers.

QUARANTINE_PREFIX: Final = "quarantine_"  # and the code of the refusal: messages or parts of the worker there now

LAST_MESSAGE: Final = "last_message"  # of a station, in seconds since 1970 UTC
SKEW_SECONDS: Final = "skew_seconds"  # median of receipt minus stamp over its last live minutes
SILENT: Final = "silent"  # 1: for longer than the station may be
CLOCK_OFF: Final = "clock_off"  # 1: its skew is more than two minutes, either way
