"""Which messages go now, and which wait so that one sender does not hold up the others."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median_low

from domain.message import JournalMessage

# A sender may have a tenth of a batch whatever the others send, and five times what is usual among them.
_SHARE = 10
_USUAL = 5


class Fairness:
    """Knows of which senders messages wait, and how many.

    A sender of which some wait waits with all that it sends: else what is new would be taken before what is older, and
    where both speak of one moment the wrong one could win.
    """

    def __init__(self, sender_of: Callable[[str], str]) -> None:
        """Nobody waits; `sender_of` tells who sends on a topic."""
        self._sender_of = sender_of
        self._waiting: Counter[str] = Counter()

    def __bool__(self) -> bool:
        """Tell whether any message waits."""
        return bool(self._waiting)

    def recall(self, waiting: Mapping[str, int]) -> None:
        """Begin with how many of each sender wait."""
        self._waiting = Counter(waiting)

    def split(
        self, messages: Sequence[JournalMessage], *, is_full: bool
    ) -> tuple[list[JournalMessage], dict[int, str]]:
        """Return those that go now, and the numbers of those that wait with their senders; both in their order.

        In a full batch a sender that stands out waits with its excess: in a backlog after an outage all send alike.
        """
        if not (is_full or self._waiting):
            return list(messages), {}
        senders = [self._sender_of(one.incoming.topic) for one in messages]
        allowed = _allowed(Counter(senders)) if is_full else len(messages)
        now: list[JournalMessage] = []
        later: dict[int, str] = {}
        taken: Counter[str] = Counter()
        for sender, message in zip(senders, messages, strict=True):
            taken[sender] += 1
            if sender in self._waiting or taken[sender] > allowed:
                later[message.seq] = sender
            else:
                now.append(message)
        self._waiting.update(later.values())
        return now, later

    def went(self, messages: Iterable[JournalMessage]) -> None:
        """Note that messages that had to wait have come to their outcome."""
        self._waiting.subtract(self._sender_of(one.incoming.topic) for one in messages)
        self._waiting = +self._waiting


def _allowed(counts: Counter[str]) -> int:
    return max(counts.total() // _SHARE, _USUAL * median_low(counts.values()))
