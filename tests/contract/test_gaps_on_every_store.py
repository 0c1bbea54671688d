"""What is missing is the same whichever store keeps the readings."""

from domain.flag import Flag
from domain.moment import moment
from domain.window import Window
from service.gaps import Asked, find_gaps
from storage.readings import ReadingStore
from support.builders import NOON, minutes, reading
from support.configured import registry, station


def test_gaps_are_the_same_on_every_store(store: ReadingStore) -> None:
    """A reading without a value is there; of a parameter that never came, and of one that came, the rest is missing."""
    of = registry(station("NT-1", kind="outfall", interval="5 min", parameters=[{"id": "cod"}, {"id": "ph"}]))
    present = [NOON + minutes(5 * place) for place in range(1, 13) if not 4 <= place <= 6]
    stored = [reading(at) for at in present[:-1]]
    store.write([*stored, reading(present[-1], None, flag=Flag.MISSING)])
    asked = Asked(Window(NOON, NOON + minutes(60)), NOON + minutes(600))
    found = [
        (gap.whole, gap.parameters, moment(gap.start), moment(gap.end), gap.missing)
        for _, gap in find_gaps(asked, ["NT-1"], of, store)
    ]
    assert found == [
        (False, ("ph",), NOON, NOON + minutes(15), 3),
        (True, ("cod", "ph"), NOON + minutes(15), NOON + minutes(30), 3),
        (False, ("ph",), NOON + minutes(30), NOON + minutes(60), 6),
    ]
