"""A limit as it holds for one series on one day, and whether it may be called confirmed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum

from domain.limit import Bound
from domain.text import Text
from domain.window import WindowKind
from registry.schema import Factor, LimitRow, Regulation

# Which averaging of a regulation is compared with which windows; no text averages over a month or a season.
AVERAGING_OF: Mapping[str, str] = {
    WindowKind.HOUR: "hour", WindowKind.HOUR8: "hour8", WindowKind.HOUR24: "hour24", WindowKind.DAY: "hour24",
    WindowKind.YEAR: "year",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A named person's word that a row is law, and (where its text names none) with which averaging.

    `figure` is what the row said then (see `figure_of`): the word is for that, not for what is written there later.
    """

    row: str
    confirmed_by: str
    confirmed_on: date
    averaging: str | None
    figure: str


def figure_of(row: LimitRow) -> str | None:
    """Return what a person who confirms `row` says to be law, such as `≤ 150 mg/L`; None where there is no figure."""
    bounds = ((sign, value) for sign, value in (("≥", row.at_least), ("≤", row.at_most)) if value is not None)
    said = ", ".join(f"{sign} {value:.12g}" for sign, value in bounds)
    return f"{said} {row.unit}".strip() if said and row.class_name is None else None


def confirmation_of(row: LimitRow, said: Mapping[str, Confirmation]) -> Confirmation | None:
    """Return the confirmation that holds for `row`: the newest word on its present figure, else what its file says."""
    figure, newest = figure_of(row), said.get(row.row)
    if newest is not None and newest.figure == figure:
        return newest
    if figure is None or row.confirmed_by is None or row.confirmed_on is None:
        return None
    return Confirmation(row.row, row.confirmed_by, row.confirmed_on, None, figure)


class Lacking(Enum):
    """For want of what nothing is compared with a limit."""

    FIGURE = "figure"
    REFERENCE = "the facility's reference oxygen"
    CORRECTED = "the corrected parameter at the station"


@dataclass(frozen=True, slots=True)
class Held:
    """A row in force for a station on one day. `windows` are those compared with it: none where another goes before it.

    `applied` is None where it has no figure, or one with which nothing is compared yet.
    """

    row: LimitRow
    regulation: Regulation
    factors: tuple[Factor, ...]
    applied: "AppliedLimit | None"
    windows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NotCompared:
    """A regulation row in force for a series with which nothing is compared."""

    row: LimitRow
    regulation: Regulation
    lacking: Lacking = Lacking.FIGURE

    @property
    def why(self) -> Text:
        """Return what there is, and what is missing before it can be compared."""
        values = {"document": self.regulation.document}
        if self.lacking is Lacking.REFERENCE:
            return Text(
                "limit of {document} at a reference oxygen content: not compared, the facility's reference oxygen is not known",
                values,
            )
        if self.lacking is Lacking.CORRECTED:
            return Text(
                "limit of {document} at a reference oxygen content: not compared, the station computes no corrected value",
                values,
            )
        if self.row.needs_reference_o2:
            return Text(
                "limit of {document} at a reference oxygen content: its figure has not been obtained, nothing is compared "
                "with it", values,
            )  # fmt: skip
        return Text("limit of {document}: its figure has not been obtained, nothing is compared with it", values)


@dataclass(frozen=True, slots=True)
class AppliedLimit:
    """A regulation row as it holds for a series: in the canonical unit, its factors multiplied.

    `unmet` has every condition that keeps it from being confirmed (capture is judged where the counts are known).
    """

    bound: Bound
    row: LimitRow
    regulation: Regulation
    factors: tuple[Factor, ...]
    unmet: tuple[Text, ...]
    confirmed_by: str | None = None
    confirmed_on: date | None = None

    @property
    def confirmed(self) -> bool:
        """Whether an exceedance of it may be called one of a confirmed limit."""
        return not self.unmet

    @property
    def low(self) -> float | None:
        """The least allowed level."""
        return self.bound.low

    @property
    def high(self) -> float | None:
        """The greatest allowed level."""
        return self.bound.high

    @property
    def arithmetic(self) -> tuple[float, ...]:
        """What is multiplied: the row's figure, then the factors; a single figure where there are none."""
        figure = self.row.at_most if self.row.at_most is not None else self.row.at_least
        return (figure if figure is not None else float("nan"), *(one.value for one in self.factors))
