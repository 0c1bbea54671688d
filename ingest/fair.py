"""Which messages of a full batch go now, and which wait so that one sender does not hold up the others."""

from collections import Counter
from collections.abc import Callable, Sequence
from statistics import median_low

from domain.message import JournalMessage

# A sender may have a tenth of a batch whatever the others send, and five times what is usual among them.
_SHARE = 10
_USUAL = 5


def split(
    messages: Sequence[JournalMessage], sender_of: Callable[[str], str]
) -> tuple[list[JournalMessage], list[JournalMessage]]:
    """Return those of a full batch that go now and those that wait, both in their order.

    Only a sender that stands out waits: in a backlog after an outage all send alike, and none does.
    """
    senders = [sender_of(one.incoming.topic) for one in messages]
    counts = Counter(senders)
    allowed = max(len(messages) // _SHARE, _USUAL * median_low(counts.values()))
    if max(counts.values()) <= allowed:
        return list(messages), []
    now: list[JournalMessage] = []
    later: list[JournalMessage] = []
    taken: Counter[str] = Counter()
    for sender, message in zip(senders, messages, strict=True):
        taken[sender] += 1
        (now if taken[sender] <= allowed else later).append(message)
    return now, later
