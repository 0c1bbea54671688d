"""Corrected values and loads, pair by pair; what is expected is worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.derived_values import Correction, Loading, Sources, corrected, load, nearest
from analysis.meters import Meter
from domain.flag import Flag, Reason
from domain.reading import Status
from registry.schema import Derivation, GasState
from storage.readings import Series

MINUTE = 60_000_000
TOLERANCE = 150_000_000  # half of 5 minutes

Row = tuple[float, float | None, int, int]  # minutes, value, status, flag


def series(*rows: tuple[float, float | None] | Row) -> Series:
    """Return readings, good and measuring where nothing else is said."""
    full = [row if len(row) == 4 else (*row, 0, 9 if row[1] is None else 1) for row in rows]
    times, values, status, flags = zip(*full, strict=True) if full else ((), (), (), ())
    return Series(
        np.array([round(one * MINUTE) for one in times], np.int64),
        np.array([np.nan if one is None else one for one in values], np.float64),
        np.array(status, np.int8), np.array(flags, np.int8),
        np.zeros(len(full), np.int32), np.zeros(len(full), np.int32),
    )  # fmt: skip


def correction(count: int = 1, reference: float = 7.0, **settings: object) -> Correction:
    return Correction(
        Derivation.model_validate(settings), np.full(count, reference), [GasState()] * count, 20.9, 20.0
    )  # fmt: skip


def one_corrected(
    concentration: float | None, oxygen: float | None, **settings: object
) -> tuple[float | None, int, int]:
    sources = Sources(series((5, concentration)), {"o2": series((5, oxygen))}, TOLERANCE)
    found = corrected(sources, correction(**settings))
    value = float(found.values[0])
    return (None if np.isnan(value) else value), int(found.flags[0]), int(found.reasons[0])


@pytest.mark.parametrize(
    ("concentration", "oxygen", "value"),
    [
        (112.0, 18.7, 112 * 13.9 / 2.2),  # the worked example of a boiler: × 6.318, 707.6
        (100.0, 7.0, 100.0),  # at the reference itself nothing changes
        (100.0, 0.0, 100 * 13.9 / 20.9),  # less oxygen than the reference: diluted on paper
        (0.0, 15.0, 0.0),
        (100.0, 20.0, 100 * 13.9 / 0.9),  # at the cut-off it is still computed
    ],
)
def test_a_concentration_is_brought_to_the_reference_oxygen(concentration: float, oxygen: float, value: float) -> None:
    """C × (20.9 − reference) ÷ (20.9 − measured)."""
    assert one_corrected(concentration, oxygen) == (pytest.approx(value, rel=1e-14), Flag.GOOD, 0)


def test_the_published_example_of_a_boiler() -> None:
    """18.7 % of oxygen, reference 7 %: the factor is 6.318, 112 mg become 707.6."""
    value, _, _ = one_corrected(112.0, 18.7)
    assert value is not None
    assert round(value, 1) == 707.6


@pytest.mark.parametrize(
    ("concentration", "oxygen", "reason"),
    [
        (100.0, 20.000001, Reason.OXYGEN_CUT_OFF), (100.0, 20.9, Reason.OXYGEN_CUT_OFF), (100.0, 25.0, Reason.OXYGEN_CUT_OFF),
        (100.0, None, Reason.NO_OXYGEN), (None, 10.0, Reason.NONE), (None, None, Reason.NO_OXYGEN),
    ],
)  # fmt: skip
def test_what_cannot_be_corrected_is_missing_and_says_why(
    concentration: float | None, oxygen: float | None, reason: Reason
) -> None:
    """Never the uncorrected value, never an infinite one."""
    assert one_corrected(concentration, oxygen) == (None, Flag.MISSING, reason)


def test_without_a_reference_nothing_is_corrected() -> None:
    """The licence names none on that day."""
    sources = Sources(series((5, 100.0)), {"o2": series((5, 10.0))}, TOLERANCE)
    found = corrected(sources, correction(reference=float("nan")))
    assert (found.flags[0], found.reasons[0]) == (Flag.MISSING, Reason.NO_REFERENCE_O2)


@pytest.mark.parametrize(
    ("settings", "value"),
    [
        ({"gas": {"moisture": 20.0}}, 100 / 0.8 * 13.9 / 10.9),
        ({"gas": {"moisture": 20.0}, "oxygen_wet": True}, 100 / 0.8 * 13.9 / (20.9 - 12.5)),
        ({"gas": {"temperature": 149.0}}, 100 * 422.15 / 298.15 * 13.9 / 10.9),
        ({"gas": {"temperature": 149.0, "pressure": 1000.0}}, 100 * 422.15 / 298.15 * 1.01325 * 13.9 / 10.9),
    ],
)  # fmt: skip
def test_gas_of_the_duct_is_brought_to_dry_gas_at_the_reference_state(
    settings: dict[str, object], value: float
) -> None:
    """Vapour taken out, cooled, and pressed: what is left of a m³ holds the same mass."""
    assert one_corrected(100.0, 10.0, **settings)[0] == pytest.approx(value, rel=1e-14)


@pytest.mark.parametrize("moisture", [None, 100.0, 120.0])
def test_gas_of_which_the_state_is_not_known_is_not_corrected(moisture: float | None) -> None:
    """A wet figure must not stand for a dry one."""
    others = {"o2": series((5, 10.0)), "moisture": series((5, moisture))}
    found = corrected(Sources(series((5, 100.0)), others, TOLERANCE), correction(gas={"moisture": "moisture"}))
    assert (found.flags[0], found.reasons[0]) == (Flag.MISSING, Reason.NO_GAS_STATE)


@pytest.mark.parametrize(
    ("concentration", "oxygen", "status", "flag"),
    [
        ((0, 1), (0, 1), 0, 1), ((0, 1), (0, 3), 0, 3), ((0, 3), (0, 1), 0, 3), ((0, 1), (0, 4), 0, 4), ((0, 2), (0, 1), 0, 1),
        ((0, 2), (0, 2), 0, 2), ((1, 1), (0, 1), 1, 1), ((0, 1), (2, 4), 2, 4), ((1, 1), (2, 1), 2, 1),
    ],
)  # fmt: skip
def test_status_and_flag_are_the_worst_of_the_sources(
    concentration: tuple[int, int], oxygen: tuple[int, int], status: int, flag: int
) -> None:
    """Nothing computed from a calibration or a failed reading counts."""
    sources = Sources(series((5, 100.0, *concentration)), {"o2": series((5, 10.0, *oxygen))}, TOLERANCE)
    found = corrected(sources, correction())
    assert (found.status[0], found.flags[0]) == (status, flag)


@pytest.mark.parametrize(
    ("at", "value"),
    [(2.5, 8.0), (2.4, None), (7.5, 8.0), (7.6, None), (5.0, 8.0)],
)
def test_a_pair_lies_within_the_tolerance(at: float, value: float | None) -> None:
    """Two and a half minutes before or after are a pair, a moment more is none."""
    found = nearest(np.array([5 * MINUTE]), series((at, 8.0)), TOLERANCE)
    assert bool(found[0] >= 0) is (value is not None)


def test_of_two_as_near_the_earlier_is_taken_and_what_has_no_value_never() -> None:
    """The choice must not depend on what came first."""
    both = series((4, 1.0), (6, 2.0))
    assert nearest(np.array([5 * MINUTE]), both, TOLERANCE)[0] == 0
    assert nearest(np.array([5 * MINUTE]), series((4, None), (6, 2.0)), TOLERANCE)[0] == 1


@given(
    st.lists(st.tuples(st.integers(0, 3600), st.one_of(st.none(), st.floats(0, 25))), max_size=30, unique_by=lambda row: row[0]),
    st.lists(st.integers(0, 3600), max_size=30, unique=True),
)  # fmt: skip
def test_pairs_are_those_that_a_plain_search_finds(rows: list[tuple[int, float | None]], moments: list[int]) -> None:
    """Whatever the spacing, with values or without."""
    other = series(*((second / 60, value) for second, value in sorted(rows, key=lambda row: row[0])))
    times = np.array(sorted(moments), np.int64) * 1_000_000
    found = nearest(times, other, TOLERANCE)
    for at, place in zip(times.tolist(), found.tolist(), strict=True):
        there = [(abs(int(time) - at), int(time)) for time in other.times[np.isfinite(other.values)]]
        best = min((one for one in there if one[0] <= TOLERANCE), default=None)
        assert (None if place < 0 else int(other.times[place])) == (None if best is None else best[1])


def loading(meter: Meter | None = None, count: int = 1, **settings: object) -> Loading:
    return Loading(Derivation.model_validate(settings), 1e-3, 5 * MINUTE, [GasState()] * count, meter)


def test_a_load_is_concentration_times_flow_over_the_interval() -> None:
    """120 mg/L in 60 m³/h: 7.2 kg an hour, 0.6 kg in five minutes."""
    found = load(Sources(series((5, 120.0), (10, 60.0)), {"flow": series((5, 60.0), (10, 0.0))}, TOLERANCE), loading())
    assert found.values.tolist() == pytest.approx([0.6, 0.0], rel=1e-14)


def test_a_load_without_its_flow_is_missing() -> None:
    """No flow is not a flow of nothing."""
    found = load(Sources(series((5, 120.0)), {"flow": series()}, TOLERANCE), loading())
    assert (np.isnan(found.values[0]), found.flags[0], found.reasons[0]) == (True, Flag.MISSING, Reason.NO_FLOW)


def test_the_flow_of_a_stack_is_brought_to_dry_gas_at_the_reference_state() -> None:
    """100 mg/Nm³ dry in 1,000 m³/h of 149 °C with a fifth of vapour."""
    how = loading(gas={"temperature": 149.0, "moisture": 20.0})
    found = load(Sources(series((5, 100.0)), {"flow": series((5, 1000.0))}, TOLERANCE), how)
    assert found.values[0] == pytest.approx(100e-3 * 1000 / 12 * 0.8 * 298.15 / 422.15, rel=1e-14)


@pytest.mark.parametrize(
    ("meter", "readings", "kg"),
    [
        (Meter(), [(0, 100.0), (5, 105.0), (10, 112.0)], [0.5, 0.7]),
        (Meter(), [(0, 100.0), (5, 105.0), (10, 3.0)], [0.5, 0.3]),  # begun at zero
        (Meter(maximum=1000), [(0, 998.0), (5, 3.0), (10, 4.0)], [0.5, 0.1]),  # over its maximum
        (Meter(replaced=((7 * MINUTE, 107.0, 50.0),)), [(0, 100.0), (5, 105.0), (10, 51.0)], [0.5, 0.3]),
        (Meter(), [(5, 105.0), (10, 112.0)], [None, 0.7]),  # nothing to subtract from
        (Meter(), [(0, 100.0), (10, 112.0)], [None, None]),
    ],
)  # fmt: skip
def test_a_load_takes_what_the_meter_went_in_its_interval(
    meter: Meter, readings: list[tuple[float, float]], kg: list[float | None]
) -> None:
    """100 mg/L × the m³ between the readings at both ends of the interval."""
    found = load(
        Sources(series((5, 100.0), (10, 100.0)), {"volume": series(*readings)}, TOLERANCE),
        loading(meter, flow="volume"),
    )
    values = [None if np.isnan(one) else one for one in found.values.tolist()]
    assert values == [None if one is None else pytest.approx(one, rel=1e-12) for one in kg]


def test_a_reading_of_a_meter_that_does_not_count_is_no_end_of_an_interval() -> None:
    """What it shows while it is calibrated is no volume."""
    meter = series((0, 100.0), (5, 900.0, int(Status.CALIBRATING), 1), (10, 112.0))
    found = load(Sources(series((5, 100.0)), {"volume": meter}, TOLERANCE), loading(Meter(), flow="volume"))
    assert found.reasons[0] == Reason.NO_FLOW
