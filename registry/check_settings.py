"""What may be set of each quality check, for a parameter and for one of a station.

Figures are in the canonical unit of the parameter. What the checks do with them is in `quality`; their source is the
QARTOD manuals of U.S. IOOS, whose test numbers stand with them.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from domain.text import Text
from registry.faults import Wrong
from registry.learned_settings import (
    Amount,
    CompanionCheck,
    OwnFlatCheck,
    OwnLevelCheck,
    OwnStepCheck,
    StuckCheck,
    UnsteadyCheck,
)
from registry.values import DurationSpan, Id, SomeTime, Span, StationKind, Strict

Share = Annotated[float, Field(ge=0, le=1)]


def _one_of(settings: Any, *, rising: bool) -> Any:
    """Refuse a check that can say nothing, or whose failing comes before its suspecting. Raises Wrong."""
    suspect, fail = settings.suspect, settings.fail
    if suspect is None and fail is None:
        raise Wrong(Text("neither `suspect` nor `fail` is written"), Text("write one of them, or both"))
    if suspect is not None and fail is not None and ((suspect >= fail) if rising else (suspect <= fail)):
        raise Wrong(_SUSPECT_FIRST if rising else _FAIL_LEAST, Text("exchange them, or keep one"))
    return settings


_SUSPECT_FIRST = Text("`suspect` must be less than `fail`")
_FAIL_LEAST = Text("`fail` must be less than `suspect`")


class SpikeCheck(Strict):
    """A value that stands out from the two beside it (QARTOD test 6)."""

    suspect: Amount | None = None
    """by how much it stands out to be suspect"""
    fail: Amount | None = None
    """by how much it stands out to fail"""
    method: Literal["average", "differential"] = "average"
    """`average`: from the middle between its neighbours; `differential`: from the nearer of them, if both lie on one side"""

    @model_validator(mode="after")
    def _says_something(self) -> "SpikeCheck":
        _one_of(self, rising=True)
        return self


class RateCheck(Strict):
    """A change from the value before that is too fast (QARTOD test 7)."""

    suspect: Amount | None = None
    """how much change in `per` is suspect"""
    fail: Amount | None = None
    """how much change in `per` fails"""
    per: SomeTime = timedelta(hours=1)
    """the time in which it would change so much"""

    @model_validator(mode="after")
    def _says_something(self) -> "RateCheck":
        _one_of(self, rising=True)
        return self


class FlatLineCheck(Strict):
    """A value that does not change (QARTOD test 8)."""

    suspect: SomeTime | None = None
    """after how long it is suspect"""
    fail: SomeTime | None = None
    """after how long it fails"""
    tolerance: float = Field(default=0.0, ge=0)
    """a range less than this is no change; 0: only the very same value"""
    whole: bool = False
    """flags the whole flat stretch from its beginning, not only what comes after so long"""

    @model_validator(mode="after")
    def _says_something(self) -> "FlatLineCheck":
        _one_of(self, rising=True)
        return self


class AttenuatedCheck(Strict):
    """A signal that varies too little, though it is not flat (QARTOD test 10)."""

    over: SomeTime
    """the time up to a reading over which its variation is taken"""
    suspect: Amount | None = None
    """a variation less than this is suspect"""
    fail: Amount | None = None
    """a variation less than this fails"""
    measure: Literal["std", "range"] = "std"
    """the variation: standard deviation, or greatest less least"""
    present: Share = 0.5
    """share of the readings due in that time without which nothing is said"""

    @model_validator(mode="after")
    def _says_something(self) -> "AttenuatedCheck":
        _one_of(self, rising=False)
        return self


class GapCheck(Strict):
    """The first reading after a gap (QARTOD test 1), and the first of all."""

    suspect: SomeTime | None = None
    """after how long without a reading it is suspect"""
    fail: SomeTime | None = None
    """after how long without a reading it fails"""

    @model_validator(mode="after")
    def _says_something(self) -> "GapCheck":
        _one_of(self, rising=True)
        return self


class ClimatologyCheck(Strict):
    """What is usual in some months (QARTOD test 5)."""

    months: tuple[Annotated[int, Field(ge=1, le=12)], ...] = Field(min_length=1)
    """1 to 12, in UTC"""
    suspect: Span
    """[lowest, highest]: outside it a value is suspect"""
    fail: Span | None = None
    """[lowest, highest]: outside it a value fails"""


class PinnedCheck(Strict):
    """Values that keep to the end of a range, or just below a limit: an instrument or a program cuts them off."""

    hold: SomeTime
    """for how long all values do so"""
    ends: Literal["none", "low", "high", "both"] = "high"
    """which ends of the plausible range"""
    at: tuple[float, ...] = ()
    """further values, such as the end of the instrument's own range"""
    limits: bool = False
    """also the limits in force, just below them"""
    share: Annotated[float, Field(gt=0, le=0.2)] = 0.02
    """how near below a limit: this share of it"""


class NotAboveCheck(Strict):
    """A part is no more than the whole that is measured at the same moment: PM2.5 and PM10, NO and NOx; both are suspect."""

    parameter: Id
    """id of the parameter that is the whole"""
    factor: Amount = 1.0
    """the part is multiplied by it first, such as 1.533 for NO in NOx as NO2"""
    share: float = Field(default=0.0, ge=0)
    """by which share of the whole it may still be above it"""
    by: float = Field(default=0.0, ge=0)
    """and by how much besides"""


class OxygenCheck(Strict):
    """Dissolved oxygen against what the water can hold at its temperature (and salinity, where it is measured)."""

    suspect: Span
    """[lowest, highest] in % of saturation"""


class NeighboursCheck(Strict):
    """A station against the median of the other stations of its area; suspect only."""

    share: float = Field(default=0.0, ge=0)
    """by which share of the median it may differ"""
    by: Amount
    """and by how much besides"""
    stations: int = Field(default=3, ge=2)
    """how many others the median must be of"""


class CheckSettings(Strict):
    """The checks of a series; one that is left out is not run."""

    spike: SpikeCheck | None = None
    """a value that stands out from the two beside it"""
    rate: RateCheck | None = None
    """a change that is too fast"""
    flat_line: FlatLineCheck | None = None
    """a value that does not change"""
    attenuated: AttenuatedCheck | None = None
    """a signal that varies too little"""
    gap: GapCheck | None = None
    """the first reading after a gap"""
    climatology: tuple[ClimatologyCheck, ...] = ()
    """what is usual in some months; of several that name a month the last counts"""
    pinned: PinnedCheck | None = None
    """values that keep to an end of the range, or just below a limit"""
    not_above: NotAboveCheck | None = None
    """a part that is more than the whole"""
    oxygen: OxygenCheck | None = None
    """dissolved oxygen against saturation"""
    neighbours: NeighboursCheck | None = None
    """a station against the median of its area"""
    own_step: OwnStepCheck | None = None
    """a step much greater than the ordinary ones of this series"""
    own_level: OwnLevelCheck | None = None
    """a value far from the usual level of this series"""
    own_flat: OwnFlatCheck | None = None
    """a value that does not change for longer than is usual in this series"""
    unsteady: UnsteadyCheck | None = None
    """readings that jump about their neighbours for days"""
    stuck: StuckCheck | None = None
    """a value that only jitters about one level for hours"""
    companion: CompanionCheck | None = None
    """other parameters of the same instrument that are missing or have failed"""


class ParameterChecks(CheckSettings):
    """Checks of a parameter, for some intervals and kinds of station."""

    interval: DurationSpan | None = None
    """[shortest, longest] time between readings for which these hold, ends included; left out: any"""
    kinds: tuple[StationKind, ...] = ()
    """kinds of station for which these hold; left out: all"""

    def hold_for(self, kind: StationKind | None, interval: timedelta | None) -> bool:
        """Tell whether these are for a series of that interval at a station of that kind (None: not known)."""
        fits = self.interval is None or (interval is not None and self.interval[0] <= interval <= self.interval[1])
        return fits and (not self.kinds or kind in self.kinds)


CheckName = Literal[
    "spike",
    "rate",
    "flat_line",
    "attenuated",
    "gap",
    "climatology",
    "pinned",
    "not_above",
    "oxygen",
    "neighbours",
    "own_step",
    "own_level",
    "own_flat",
    "unsteady",
    "stuck",
    "companion",
]


class StationChecks(CheckSettings):
    """Checks of a parameter at one station."""

    off: tuple[CheckName, ...] = ()
    """checks of the parameter that are not run here"""


NO_CHECKS = CheckSettings()


def layered(layers: Iterable[CheckSettings]) -> CheckSettings:
    """Return the checks of `layers` together: of one that several set, the last counts."""
    found: dict[str, Any] = {}
    for layer in layers:
        for name in CheckSettings.model_fields:
            if getattr(layer, name):
                found[name] = getattr(layer, name)
        for name in layer.off if isinstance(layer, StationChecks) else ():
            found.pop(name, None)
    return CheckSettings.model_construct(**found) if found else NO_CHECKS
