"""Moments: aware, in UTC; in the stores, whole microseconds since 1970."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """Return whole microseconds since 1970-01-01T00:00Z; `moment` must be aware."""
    return (moment - _EPOCH) // _MICROSECOND


class Micros:
    """Whole microseconds of moments one after another: those that share their moment are reckoned once."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._moment: datetime | None = None
        self._micros = 0

    def of(self, moment: datetime) -> int:
        """Return what `micros` does."""
        if moment is not self._moment:
            self._moment, self._micros = moment, micros(moment)
        return self._micros


def moment(microseconds: int) -> datetime:
    """Return the aware UTC moment of `microseconds` since 1970-01-01T00:00Z."""
    return _EPOCH + timedelta(0, 0, microseconds)
