"""Work on many at once that one of them cannot stop."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from storage.readings import QuestionRefused, StoreUnavailable

T = TypeVar("T")


def apart(every: Sequence[T], act: Callable[[Sequence[T]], None], failed: Callable[[T, Exception], None]) -> None:
    """Do `act` with all; where that fails, with ever fewer, until it is known with which: those are `failed`.

    `act` leaves nothing behind where it fails, or what it leaves may be done again. Raises StoreUnavailable.
    """
    if not every:
        return
    try:
        act(every)
    except StoreUnavailable as error:
        if not isinstance(error, QuestionRefused):
            raise
        _divide(every, act, failed, error)
    except Exception as error:
        _divide(every, act, failed, error)


def _divide(
    every: Sequence[T], act: Callable[[Sequence[T]], None], failed: Callable[[T, Exception], None], error: Exception
) -> None:
    if len(every) == 1:
        failed(every[0], error)
        return
    middle = len(every) // 2
    for some in (every[:middle], every[middle:]):
        apart(some, act, failed)
