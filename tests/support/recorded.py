"""Recordings that travel beside the repository, as readings."""

import csv
import gzip
from collections.abc import Iterator
from datetime import datetime

from domain.flag import Flag
from domain.reading import Reading
from support.shared import shared


def recorded(path: str, parameter: str, station: str | None = None) -> Iterator[Reading]:
    """Yield the readings of one parameter of a recording in the shared folder; an empty value is a missing one."""
    with gzip.open(shared(path), "rt") as file:
        for row in csv.DictReader(file):
            if row["parameter"] == parameter and station in {None, row["station"]}:
                value = float(row["value"]) if row["value"] else None
                at = datetime.fromisoformat(row["timestamp"])
                flag = Flag.MISSING if value is None else Flag.GOOD
                yield Reading(row["station"], parameter, at, value, flag=flag, seq=1)
