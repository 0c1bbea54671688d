"""Pages that are kept for a while."""

from functools import partial

from reports.kept import Kept
from reports.kept_answers import KeptAnswers


def test_no_more_pages_are_kept_than_there_is_room_for() -> None:
    """Who asks for all reports one after the other does not fill the memory: the first goes first."""
    kept = Kept(1000.0, most=2)
    made: list[str] = []

    def make(key: str) -> str:
        made.append(key)
        return key

    for key in ("a", "b", "c", "c", "a"):
        kept.get(key, partial(make, key))
    assert made == ["a", "b", "c", "a"]
    assert kept.fresh("b") is None


def test_an_answer_is_made_once_and_given_to_many() -> None:
    """Each under its own name."""
    kept: KeptAnswers[int] = KeptAnswers(1000.0)
    made: list[int] = []

    def make() -> int:
        made.append(1)
        return len(made)

    assert [kept.get(key, make) for key in ("a", "a", "b")] == [1, 1, 2]


def test_an_answer_that_is_too_old_is_made_anew() -> None:
    """At once, if it is kept for no time at all."""
    kept: KeptAnswers[int] = KeptAnswers(0.0)
    numbers = iter(range(10))
    assert [kept.get("a", lambda: next(numbers)) for _ in range(3)] == [0, 1, 2]
