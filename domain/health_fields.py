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

RECEIVED: Final = "received"
PENDING: Final = "pending"
# Beside these two stands every `domain.message.Outcome` by its value; all are totals over all workers.

QUARANTINE_PREFIX: Final = "quarantine_"  # and the code of the refusal: messages or parts of the worker there now

LAST_MESSAGE: Final = "last_message"  # of a station, in seconds since 1970 UTC
SKEW_SECONDS: Final = "skew_seconds"  # time of receipt minus newest time of measurement
SILENT: Final = "silent"  # 1: for longer than the station may be
