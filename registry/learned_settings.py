"""What may be set of the checks that compare a series with its own past, with itself over hours, or with its station.

Figures are in the canonical unit of the parameter. What the checks do with them is in `quality.own`, `quality.steadiness` and
`quality.companion`; all of them can only suspect, save a flat line.
"""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from registry.values import Id, SomeTime, Span, Strict

Amount = Annotated[float, Field(gt=0)]
NotLess = Annotated[float, Field(ge=0)]


class OwnStepCheck(Strict):
    """A step much greater than the ordinary ones of this series."""

    times: Amount
    """how many times as great as an ordinary step; nothing is said before there is a past to learn from"""
    of_level: NotLess = 0.0
    """and at least so many times the level, the usual one and that of the hours before: for what is near 0 as a rule, such as
    turbidity"""
    at_most: Amount | None = None
    """a step of so much is suspect whatever is usual, also before there is a past"""
    back_in: SomeTime = timedelta(hours=4)
    """if the value has come back in this time, all of the excursion is suspect"""
    stays: bool = False
    """the first reading after a step that stays is suspect too; false: such a step is taken as real"""


class OwnLevelCheck(Strict):
    """A value far from the usual level of this series."""

    times: Amount
    """how many times the usual width of a day it may be from the usual level"""
    by: NotLess = 0.0
    """and so much it may be in any case"""


class OwnFlatCheck(Strict):
    """A value that does not change for much longer than it does as a rule in this series."""

    suspect: SomeTime
    """after how long it is suspect; then as much before is suspect too"""
    fail: SomeTime | None = None
    """after how long it fails, likewise"""
    times: Amount = 4.0
    """but no sooner than so many times as long as is usual here, or three days"""
    but_not: Span | None = None
    """[lowest, highest]: values for which it is natural, such as water that freezes"""


class UnsteadyCheck(Strict):
    """Readings that jump about their neighbours for days, as a dirty lens does."""

    over: SomeTime = timedelta(days=3)
    """the time around a reading over which the jumps are taken"""
    share: Amount
    """a jump (median) greater than this share of the level (median) is suspect"""
    by: NotLess = 0.0
    """if it is greater than this too"""


class StuckCheck(Strict):
    """A value that only jitters about one level for hours: the hourly medians do not differ."""

    over: SomeTime = timedelta(hours=12)
    """for how many hours"""
    share: Amount
    """hourly medians that differ by no more than this share of their level are suspect"""
    by: NotLess = 0.0
    """or by no more than this"""


class CompanionCheck(Strict):
    """Other parameters of the same instrument that are missing or have failed at this moment."""

    others: tuple[Id, ...] = Field(min_length=1)
    """ids of the parameters of the same instrument; those that a station does not have are passed over"""
    any_missing: bool = False
    """suspect at each moment at which one of them is missing or out of the plausible range; false: when more than two
    thirds of them are, or are suspect by their range"""
    rests_on: tuple[Id, ...] = ()
    """ids of parameters without which the instrument cannot say this one (its temperature, by which it corrects the others),
    or is not in the water (its conductance): suspect while one of them is missing, out of range or suspect by it for long"""
    lasting: SomeTime = timedelta(hours=6)
    """for how long that one must have been so"""
