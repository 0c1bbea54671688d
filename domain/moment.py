"""Moments: aware, in UTC; in the stores, whole microseconds since 1970."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """Return whole microseconds since 1970-01-01T00:00Z; `moment` must be aware."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(microseconds: int) -> datetime:
    """Return the aware UTC moment of `microseconds` since 1970-01-01T00:00Z."""
    return _EPOCH + timedelta(microseconds=microseconds)
