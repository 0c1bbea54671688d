"""What InfluxDB is given: one line for each point, times in whole µs.

InfluxDB merges the fields of a rewritten point with those that are there, so every line carries every field: what is
left out would keep what an older line said. Only `value` of a missing reading is left out; its flag says so.
"""

import math
from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from domain.flag import Flag
from domain.moment import micros
from domain.reading import Reading
from domain.rollup import IndexPoint, LimitKind, RollupPoint
from storage.readings import HealthPoint
from storage.windows import Windows

_SPECIAL = str.maketrans({",": "\\,", "=": "\\=", " ": "\\ ", "\n": "\\n", "\r": "\\r"})


def reading(one: Reading, medium: str, at: int) -> str:
    """Return the line of a reading, measured at `at` µs; the measurement is its medium."""
    head = _series(medium, one.station, one.parameter)
    if one.value is None:
        return f"{head} {_judged(one.status, Flag.MISSING, one.reasons, one.checks)},seq={one.seq}i {at}"
    judged = _judged(one.status, one.flag, one.reasons, one.checks)
    return f"{head} value={one.value!r},{judged},seq={one.seq}i {at}"


# There are few, and formatting the members of an enumeration takes longer than all else of a line.
@lru_cache(maxsize=1_000)
def _judged(status: int, flag: int, reasons: int, checks: int) -> str:
    return f"status={status:d}i,flag={flag:d}i,reasons={reasons:d}i,checks={checks}i"


def flags(one: Reading, medium: str) -> str:
    """Return a line that changes a reading's flag, reasons and checks, and nothing else of it."""
    return (
        f"{_series(medium, one.station, one.parameter)} flag={one.flag:d}i,reasons={one.reasons:d}i,"
        f"checks={one.checks}i {micros(one.measured_at)}"
    )


def rollup(one: RollupPoint) -> str:
    """Return the line of a window; what there is not is written as 0, and `valid` and `limit_kind` say so."""
    value, minimum, maximum = (one.value, one.minimum, one.maximum) if one.valid else (None, None, None)
    low = one.limit_low if LimitKind.LOW in one.limit_kind else None
    high = one.limit_high if LimitKind.HIGH in one.limit_kind else None
    return (
        f"{_series(one.kind.value, one.station, one.parameter)} "
        f"value={value or 0.0},min={minimum or 0.0},max={maximum or 0.0},"
        f"valid={one.valid}i,expected={one.expected}i,suspect={one.suspect}i,calibrating={one.calibrating}i,"
        f"fault={one.fault}i,limit_low={low or 0.0},limit_high={high or 0.0},limit_kind={one.limit_kind:d}i,"
        f"state={one.state:d}i,revision={one.revision}i,configuration={one.configuration}i {micros(one.mark)}"
    )


def windows(some: Windows) -> Iterator[str]:
    """Yield the lines of windows, each as `rollup` makes it."""
    head = _series(some.kind.value, *some.series)
    columns = (np.nan_to_num(column, nan=0.0).tolist() for column in some.columns())
    for (
        mark, value, least, most, valid, expected, suspect, calibrating, fault,
        low, high, bits, state, revision, configuration,
    ) in zip(*columns, strict=True):  # fmt: skip
        yield (
            f"{head} value={value},min={least},max={most},valid={valid}i,expected={expected}i,suspect={suspect}i,"
            f"calibrating={calibrating}i,fault={fault}i,limit_low={low},limit_high={high},limit_kind={bits}i,"
            f"state={state}i,revision={revision}i,configuration={configuration}i {mark}"
        )


def index(one: IndexPoint) -> str:
    """Return the line of an index; the tag `window` keeps an hour and a day with the same mark apart."""
    valid = int(one.value is not None)
    return (
        f"{_series('index', one.station, one.index)},window={one.kind.value} value={float(one.value or 0)},"
        f"valid={valid}i,level={one.level or 0}i,dominant={_text(one.dominant or '')},"
        f"concentration={float(one.concentration or 0)},missing={_text(' '.join(one.missing))},"
        f"version={_text(one.version)},configuration={one.configuration}i {micros(one.mark)}"
    )


def health(one: HealthPoint, at: int) -> str | None:
    """Return the line of a measurement at `at` µs, None if it has nothing to say.

    Every field is written as a float: one that is whole today and not tomorrow would be refused tomorrow.
    """
    tags = "".join(f",{_tag(key)}={_tag(value)}" for key, value in sorted(one.tags.items()) if value)
    numbers = {key: float(value) for key, value in one.fields.items()}
    fields = ",".join(f"{_tag(key)}={value}" for key, value in numbers.items() if math.isfinite(value))
    return f"{_tag(one.measurement)}{tags} {fields} {at}" if fields else None


@lru_cache(maxsize=100_000)
def _series(measurement: str, station: str, parameter: str) -> str:
    return f"{measurement},station={_tag(station)},parameter={_tag(parameter)}"


def _tag(text: str) -> str:
    # A backslash at the end would escape what follows the tag; there is no way to write it.
    return text.rstrip("\\").translate(_SPECIAL)


def _text(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
