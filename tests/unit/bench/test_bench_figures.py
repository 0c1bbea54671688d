"""What the bench says of a figure, and that it refuses to measure a service that leaves something out."""

from datetime import timedelta
from pathlib import Path

import pytest

from bench.figures import Figure, as_table, percentile
from bench.province import PARAMETERS, STATIONS, Backlog, OtherThanSent, name
from domain.flag import Flag
from domain.reading import Reading, Status
from storage.sqlite import SqliteReadings


def test_a_ratio_compares_what_was_measured_in_one_round() -> None:
    """A machine that was busy in one round slows both: the median is of the rounds' own ratios."""
    figure = Figure("stored", "readings/s", ours=[50, 500, 80], aim=0.5, against="alone", theirs=[100, 1000, 100])
    assert (figure.value, figure.compared, figure.ratio, figure.is_met) == (80, 100, 0.5, True)


def test_a_ratio_that_misses_its_aim_does_not_look_as_if_it_met_it() -> None:
    """It is rounded down."""
    figure = Figure("receipt", "messages/s", [796.0], 0.8, "bare", [1000.0])
    assert as_table([figure]).splitlines()[1].split()[-4:] == ["0.79", "≥", "0.8", "NO"]


@pytest.mark.parametrize(("milliseconds", "met"), [(249.0, "yes"), (250.0, "NO")])
def test_a_figure_without_comparison_has_to_stay_below_its_aim(milliseconds: float, met: str) -> None:
    """Its row has no ratio, and says whether it does."""
    row = as_table([Figure("live", "ms", [milliseconds], 250.0)]).splitlines()[1]
    assert row.split() == ["live", f"{milliseconds:.0f}", "ms", "<", "250", "ms", met]


def test_a_figure_without_aim_has_nothing_to_meet() -> None:
    """Its row ends with the ratio."""
    figure = Figure("beside Telegraf", "readings/s", [500.0], None, "Telegraf", [1000.0])
    assert figure.is_met is None
    assert as_table([figure]).splitlines()[1].split() == [
        "beside", "Telegraf", "500", "readings/s", "Telegraf", "1,000", "readings/s", "0.50",
    ]  # fmt: skip


def test_a_percentile_is_one_of_the_values() -> None:
    """The nearest rank: of forty, two may be slower than the 95th."""
    assert percentile([float(one) for one in range(40, 0, -1)], 95) == 38.0
    assert percentile([7.0], 50) == 7.0


def as_it_should_be(backlog: Backlog) -> list[Reading]:
    """Return what a service stores of the first hundred messages, written down apart from the bench."""
    readings = {}
    for slot in (slot for slot in range(backlog.messages) if slot % 50 != 49):
        wobble = slot % 7 / 10 + (slot % 50 == 48)
        values = {"ph": 7.2 + wobble, "cod": 88 + wobble, "tss": 31 + wobble, "ammonium_n": 3.1 + wobble}
        for parameter in PARAMETERS:
            readings[slot, parameter] = Reading(
                name(slot % STATIONS), parameter, backlog.start + timedelta(minutes=slot // STATIONS),
                round(values[parameter], 2), seq=slot,
            )  # fmt: skip
    first = readings[0, "ph"]
    for parameter, value, status, flag in (
        ("ph", 15.2, Status.MEASURING, Flag.FAIL),
        ("cod", 88.0, Status.CALIBRATING, Flag.NOT_EVALUATED),
        ("tss", 31.0, Status.MEASURING, Flag.NOT_EVALUATED),
    ):
        readings[0, parameter] = Reading(first.station, parameter, first.measured_at, value, status, flag)
    return list(readings.values())


def changed(readings: list[Reading], station: int, parameter: str, reading: dict[str, object]) -> list[Reading]:
    def one(each: Reading) -> Reading:
        kept = {"value": each.value, "status": each.status, "flag": each.flag, **reading}
        return Reading(each.station, each.parameter, each.measured_at, **kept, seq=each.seq)

    return [one(each) if (each.station, each.parameter) == (name(station), parameter) else each for each in readings]


@pytest.mark.parametrize(
    ("station", "parameter", "wrong"),
    [
        (0, "tss", {"value": 0.031}),
        (0, "cod", {"status": Status.MEASURING}),
        (0, "ph", {"flag": Flag.NOT_EVALUATED}),
        (48, "cod", {"value": 88.6}),
    ],
)
def test_a_service_that_leaves_out_a_step_is_not_measured(
    tmp_path: Path, station: int, parameter: str, wrong: dict[str, object]
) -> None:
    """Units, status, range check and revisions: without one of them the bench ends with what it found."""
    backlog = Backlog.of(100)
    right = as_it_should_be(backlog)
    store = SqliteReadings(tmp_path / "readings.sqlite")
    store.write(right)
    backlog.check(store)
    store.write(changed(right, station, parameter, wrong))
    with pytest.raises(OtherThanSent, match="it should be"):
        backlog.check(store)


def test_a_service_that_loses_a_reading_is_not_measured(tmp_path: Path) -> None:
    """The count of what is stored is part of the check."""
    backlog = Backlog.of(100)
    store = SqliteReadings(tmp_path / "readings.sqlite")
    store.write(as_it_should_be(backlog)[:-1])
    with pytest.raises(OtherThanSent, match="391 readings are stored, 392 were sent"):
        backlog.check(store)
