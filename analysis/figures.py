"""Everything between readings and rules, in its order: flags, what is derived, windows and indices, states of months.

Whoever makes figures makes all.
"""

from sqlalchemy.engine import Engine

from analysis.deriving import Deriver
from analysis.flagging import Flagger
from analysis.just_read import JustRead
from analysis.roller import Roller
from analysis.verifying import CONSUMER, MonthStates
from domain.clock import Clock
from domain.reading import SeriesKey
from registry.lookup import Registry
from storage.readings import ReadingStore

# The consumers of spans that are served here, each by what the one before it leaves.
STAGES = ("flag", "derive", "roll", CONSUMER)


class Figures:
    """The flagger, the deriver and the roller as one job; what they remember is worth keeping from run to run."""

    def __init__(self, registry: Registry, store: ReadingStore, engine: Engine, clock: Clock) -> None:
        """Nothing is read before the first run."""
        self._just_read = JustRead(store)
        self.flagger = Flagger(registry, store, engine, clock, self._just_read)
        self.deriver = Deriver(registry, store, engine, clock)
        self.roller = Roller(registry, store, engine, clock, just_read=self._just_read)
        self.states = MonthStates(registry, store, engine)

    def run(self) -> int:
        """Do what is to be done, as much as a run may; return how many flags, readings and windows are new or changed.

        Raises StoreUnavailable.
        """
        # A word that has just been given is carried first: the roller takes it back where it changes a figure.
        try:
            made = self.flagger.run() + self.deriver.run()
            return made + self.states.run() + self.roller.run() + self.states.run()
        finally:
            self._just_read.clear()

    def troubles(self) -> dict[SeriesKey, str]:
        """Return the series of which no figures can be made, and why; may be asked from any thread."""
        return {**self.roller.troubles(), **self.deriver.troubles(), **self.flagger.troubles()}
