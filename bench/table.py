"""A figure, what it is compared with in the same run, and the ratio."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """`rate` and `compared` are medians over the run's rounds, in `unit`; `aim` is the least ratio wanted."""

    what: str
    rate: float
    against: str
    compared: float
    unit: str
    aim: float

    @property
    def ratio(self) -> float:
        """How much of the comparison is reached."""
        return self.rate / self.compared


def print_table(figures: list[Figure]) -> None:
    """Print the figures as one aligned table."""
    print(f"{'what':<44}{'figure':>16}  {'compared with':<42}{'figure':>16}{'ratio':>8}{'aim':>6}")
    for one in figures:
        print(
            f"{one.what:<44}{one.rate:>10,.0f} {one.unit:<5}  {one.against:<42}"
            f"{one.compared:>10,.0f} {one.unit:<5}{one.ratio:>8.2f}{one.aim:>6.2f}"
        )
