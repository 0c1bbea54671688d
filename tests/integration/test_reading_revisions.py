"""A reading that is measured once and said twice, otherwise: both stay, and the later word counts."""

import csv
import io
from collections.abc import Iterable
from itertools import count
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.reading import Reading, SeriesKey
from ingest.novelty import judge
from service.transfer import Wanted, export_revisions
from storage.ledger import BatchNotes
from storage.reading_revisions import ReadingRevision, read
from support.builders import NOON, minutes
from support.configured import native
from support.rig import ALL_TIME, Rig

KEY = SeriesKey("A-1", "pm25")
folders = count()


def take(rig: Rig, batch: Iterable[Reading]) -> None:
    """Do what the pipeline does with the readings of a batch, whatever their numbers."""
    readings = list(batch)
    reach = rig.ledger.series()
    changes = judge([[one] for one in readings], reach, rig.store)
    notes = BatchNotes(cursor=1, at=NOON, revisions=changes.revisions, spans=changes.spans)
    rig.ledger.note(notes)
    rig.store.write(list(changes.readings.values()))
    rig.ledger.release(notes)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(1, 7)), st.integers(1, 6))
def test_in_whatever_order_they_are_understood_the_greatest_counts_and_all_stay(
    tmp_path: Path, order: list[int], size: int
) -> None:
    """Six messages with six values for one moment, as out of quarantine or from two workers."""
    with Rig(tmp_path / str(next(folders))) as rig:
        said = [Reading(*KEY, NOON, float(seq), seq=seq) for seq in order]
        for start in range(0, len(said), size):
            take(rig, said[start : start + size])
        (stored,) = rig.readings().values()
        found = list(read(rig.engine))
        assert (stored.value, stored.seq) == (6.0, 6)
        assert {(one.old_value, one.old_seq) for one in found} == {(float(seq), seq) for seq in range(1, 6)}
        assert all(one.seq > one.old_seq for one in found)


def revised(rig: Rig) -> tuple[ReadingRevision, ...]:
    """Revise PM2.5 of three moments, and return what is kept of it."""
    for value in (1.0, None, 3.25):
        for late in (2, 1, 0):
            at = (NOON - minutes(late)).isoformat()
            rig.receive(native(time=at, pm25=(value, "ug/m3"), pm10=(7.0, "ug/m3")))
    rig.finish()
    return tuple(read(rig.engine))


def exported(rig: Rig, wanted: Wanted) -> list[dict[str, str]]:
    out = io.StringIO()
    number = export_revisions(wanted, rig.registry, rig.engine, out)
    rows = list(csv.DictReader(io.StringIO(out.getvalue())))
    assert len(rows) == number
    return rows


def test_the_export_says_what_was_and_what_is(tmp_path: Path) -> None:
    """By time of measurement, the oldest change first; a missing value is empty; both messages can be looked up."""
    with Rig(tmp_path) as rig:
        kept = revised(rig)
        rows = exported(rig, Wanted(ALL_TIME))
        assert [(row["time"], row["old_value"], row["value"]) for row in rows] == [
            (f"2026-03-01T{minute}:00+07:00", old, new)
            for minute in ("11:58", "11:59", "12:00")
            for old, new in (("1.0", ""), ("", "3.25"))
        ]
        assert [int(row["seq"]) for row in rows] == [one.seq for one in kept]
        assert all(rig.journal.get(int(row[name])) for row in rows for name in ("seq", "old_seq"))
        assert {(row["unit"], row["status"], row["old_status"], row["parameter"]) for row in rows} == {
            ("ug/m3", "00", "00", "pm25")
        }  # fmt: skip


def test_an_option_narrows_the_export(tmp_path: Path) -> None:
    """Station, parameter, and the span of measurement: after its start, up to and including its end."""
    with Rig(tmp_path) as rig:
        revised(rig)
        last = type(ALL_TIME)(NOON - minutes(1), NOON)
        assert len(exported(rig, Wanted(last))) == 2
        assert len(exported(rig, Wanted(ALL_TIME, station="A-1", parameter="pm25"))) == 6
        assert exported(rig, Wanted(ALL_TIME, parameter="pm10")) == []
        assert exported(rig, Wanted(ALL_TIME, station="W-1")) == []
