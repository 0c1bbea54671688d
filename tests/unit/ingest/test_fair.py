"""Which messages of a full batch wait: those of a sender that stands out, and no others."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from domain.message import Incoming, JournalMessage
from ingest.fair import split
from support.builders import NOON


def batch(*senders: str) -> list[JournalMessage]:
    return [JournalMessage(number, NOON, Incoming(sender, b"")) for number, sender in enumerate(senders, start=1)]


def split_of(*senders: str) -> tuple[Counter[str], Counter[str]]:
    now, later = split(batch(*senders), lambda topic: topic)
    return Counter(one.incoming.topic for one in now), Counter(one.incoming.topic for one in later)


def test_the_excess_of_one_waits() -> None:
    """A tenth of the batch goes now, the rest waits; of the others nothing does."""
    now, later = split_of(*["mad"] * 95, "a", "b", "c", "d", "e")
    assert now == {"mad": 10, "a": 1, "b": 1, "c": 1, "d": 1, "e": 1}
    assert later == {"mad": 85}


def test_two_of_them_wait_both() -> None:
    """Whoever stands out is measured by what is usual, and not by the other that stands out."""
    now, later = split_of(*["mad", "madder"] * 45, *"abcdefghij")
    assert (now["mad"], now["madder"], sum(later.values())) == (10, 10, 70)


def test_in_a_backlog_nobody_waits() -> None:
    """After an outage all have much to send, one twice as much as another; a lone station is nobody's rival."""
    assert split_of(*["a"] * 60, *["b"] * 30, *["c"] * 20)[1] == {}
    assert split_of(*["a"] * 500)[1] == {}


@given(st.lists(st.sampled_from("aaaaaaabc"), min_size=1, max_size=60))
def test_nothing_is_lost_and_order_stays(senders: list[str]) -> None:
    """Each message is in one of the two, both rise, and every sender has its first message now."""
    messages = batch(*senders)
    now, later = split(messages, lambda topic: topic)
    assert sorted(one.seq for one in (*now, *later)) == [one.seq for one in messages]
    assert [one.seq for one in now] == sorted(one.seq for one in now)
    assert [one.seq for one in later] == sorted(one.seq for one in later)
    assert {one.incoming.topic for one in now} == set(senders)
