"""Which messages of a full batch wait: those of a sender that stands out, and no others."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from domain.message import Incoming, JournalMessage
from ingest.fair import Fairness
from support.builders import NOON


def batch(*senders: str) -> list[JournalMessage]:
    return [JournalMessage(number, NOON, Incoming(sender, b"")) for number, sender in enumerate(senders, start=1)]


def split_of(*senders: str) -> tuple[Counter[str], Counter[str]]:
    now, later = Fairness(str).split(batch(*senders), is_full=True)
    return Counter(one.incoming.topic for one in now), Counter(later.values())


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
    now, later = Fairness(str).split(messages, is_full=True)
    assert sorted([one.seq for one in now] + list(later)) == [one.seq for one in messages]
    assert [one.seq for one in now] == sorted(one.seq for one in now)
    assert list(later) == sorted(later)
    assert {one.incoming.topic for one in now} == set(senders)
    assert all(messages[seq - 1].incoming.topic == sender for seq, sender in later.items())


def test_what_a_waiting_sender_sends_waits_too_until_all_has_gone() -> None:
    """Else the newer of two messages of one moment would be taken before the older, and the wrong one could win."""
    fair = Fairness(str)
    fair.recall({"mad": 2})
    now, later = fair.split(batch("mad", "a"), is_full=False)
    assert ([one.incoming.topic for one in now], later) == (["a"], {1: "mad"})
    fair.went(batch("mad", "mad"))
    assert fair
    fair.went(batch("mad"))
    assert not fair
    assert fair.split(batch("mad"), is_full=False)[1] == {}
