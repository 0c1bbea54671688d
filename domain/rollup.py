"""What a window of a series comes to, with what it rests on."""

from datetime import datetime
from enum import IntEnum, IntFlag

import msgspec

from domain.limit import Bound
from domain.window import WindowKind


class LimitKind(IntFlag):
    """Which limits a rollup point carries; kept as bits in the stores, never renumbered."""

    NONE = 0
    LOW = 1
    HIGH = 2
    CONFIRMED = 4


class RollupState(IntEnum):
    """Whether a person has verified the figure; kept as a number in the stores."""

    PROVISIONAL = 0
    VERIFIED = 1


class RollupPoint(msgspec.Struct, frozen=True, gc=False):
    """One window of one series, in the parameter's canonical unit. All fields are always written.

    `mark` is the window's time in the stores (`domain.window.mark_of`). `valid`, `expected`, `suspect`,
    `calibrating`, `fault` count the level below: readings for an hour (and for sums), hours for hour8, hour24 and
    day. An hour counts as suspect above when its own suspect share is above the policy. Where `valid` is 0 there is
    no value and `value`, `minimum`, `maximum` are None; stores write zeroes and give None back.
    `limit_low` and `limit_high` are set as `limit_kind` says. `configuration` is the hash of the configuration that
    made the point. `revision` starts at 0 and rises with every change after the first judgement.
    """

    station: str
    parameter: str
    kind: WindowKind
    mark: datetime
    value: float | None
    minimum: float | None
    maximum: float | None
    valid: int
    expected: int
    suspect: int = 0
    calibrating: int = 0
    fault: int = 0
    limit_low: float | None = None
    limit_high: float | None = None
    limit_kind: LimitKind = LimitKind.NONE
    state: RollupState = RollupState.PROVISIONAL
    revision: int = 0
    configuration: int = 0

    @property
    def bound(self) -> Bound:
        """The limit that it carries; without sides where there is none."""
        return Bound(self.limit_low, self.limit_high)

    @property
    def capture(self) -> float | None:
        """Share of the expected level below that counted, at most 1; None for an irregular series."""
        return min(1.0, self.valid / self.expected) if self.expected else None


class IndexPoint(msgspec.Struct, frozen=True, gc=False):
    """One index of one station in one window: `hour` (mark = end) or `day` (mark = local midnight it begins at).

    `index` is `vn_aqi`, `us_aqi` or `vn_wqi`; `value` the whole number that is published, None where it cannot be
    computed; `level` the step of its scale, from 1; `dominant` the parameter that decides it; `concentration` that
    parameter's input in its canonical unit. `missing` are the parameters of the scheme without a valid input;
    `version` says which text and which reading of it (see `analysis.schemes`), '' where an older service made it.
    """

    station: str
    index: str
    kind: WindowKind
    mark: datetime
    value: int | None
    level: int | None = None
    dominant: str | None = None
    concentration: float | None = None
    missing: tuple[str, ...] = ()
    version: str = ""
    configuration: int = 0


class RollupRevision(msgspec.Struct, frozen=True, gc=False):
    """A change of a figure after its first judgement: what it was, and why it changed."""

    station: str
    parameter: str
    kind: WindowKind
    mark: datetime
    revision: int
    value: float | None
    valid: int
    cause: str
    noticed_at: datetime
