"""What a refused message gives when it is read again, where its parts had names that only its device knows."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from domain.message import Incoming, JournalMessage, Outcome
from domain.reading import Reading
from ingest.attempt import Attempt, record
from ingest.refusals import not_a_number, unknown_parameter
from ingest.understand import Understood
from storage.ledger import OutcomeRow
from storage.quarantine import RefusalState, Settled
from storage.resolutions import Act, Request
from support.builders import NOON, reading

SEQ = 640
PARTLY = OutcomeRow(SEQ, Outcome.PARTLY, 1, 0)


def attempt(*readings: Reading, refused: Mapping[str, str] | None = None) -> Attempt:
    """Return an attempt at a message whose part "2:CODx" was refused; it reads as said now."""
    message = JournalMessage(SEQ, NOON, Incoming("quantrac/NT-1/water", b""))
    wrong = [not_a_number("cod", value).of(part) for part, value in (refused or {}).items()]
    understood = Understood(message, "NT-1", list(readings), wrong)
    row = record(understood, unknown_parameter("CODx"), "2:CODx")
    return Attempt([Request(1, SEQ, "", Act.REPLAY, None, None, NOON, None, None)], {row.part: row}, understood)


def read_again(one: Attempt, *there: Reading) -> Attempt:
    one.read_again({(stored.series, stored.measured_at): stored for stored in there}, {"cod", "ph"})
    return one


def of(parameter: str, value: float, seq: int = SEQ) -> Reading:
    return reading(parameter=parameter, value=value, seq=seq)


@pytest.mark.parametrize(("seq", "given"), [(None, True), (SEQ - 64, True), (SEQ, False), (SEQ + 64, False)])
def test_what_is_not_there_or_older_is_given(seq: int | None, given: bool) -> None:
    """What the message gave itself is not given twice, and what came later stays."""
    there = [] if seq is None else [of("cod", 5.0, seq)]
    one = read_again(attempt(of("cod", 7.0)), *there)
    assert [found.value for found in one.readings] == ([7.0] if given else [])
    assert one.outcome(PARTLY, one.ended(NOON)).outcome is Outcome.STORED


def test_a_part_that_is_refused_by_another_name_now_is_in_quarantine_by_that() -> None:
    """The old name is resolved; nothing is said to be understood that is not."""
    one = read_again(attempt(of("ph", 7.0), refused={"2:COD": "abc"}), of("ph", 7.0))
    assert [*one.refused] == ["2:COD"]
    ended = one.ended(NOON)
    assert [(row.part, settled.state) for row, settled in ended] == [("2:CODx", RefusalState.REPLAYED)]
    assert one.outcome(PARTLY, ended).outcome is Outcome.PARTLY


def test_a_parameter_refused_before_stays_in_quarantine_where_another_decoder_refuses_the_whole_by_lines() -> None:
    """It has not been understood: were it called ignored, nobody would look for it again."""
    one = attempt(refused={"1:{…": "abc"})
    one.rows = {"ph": record(one.understood, unknown_parameter("ph"), "ph")} if one.understood else {}
    read_again(one)
    assert [*one.refused] == ["1:{…"]
    quarantined = OutcomeRow(SEQ, Outcome.QUARANTINED, 0, 0)
    assert one.outcome(quarantined, one.ended(NOON)).outcome is Outcome.QUARANTINED


def quarantined(part: str, *readings: Reading) -> Attempt:
    """Return an attempt at a message of which nothing was taken, since its only part was refused."""
    one = attempt(*readings)
    assert one.understood is not None
    one.rows, one.gave = {part: record(one.understood, unknown_parameter(part), part)}, False
    return one


def test_of_a_message_that_gave_nothing_all_counts_by_whatever_name() -> None:
    """The logger called it ph, and the configuration knows now that it is cod."""
    one = read_again(quarantined("ph", of("cod", 7.0)))
    one.stored = 1
    assert [found.value for found in one.readings] == [7.0]
    assert one.outcome(OutcomeRow(SEQ, Outcome.QUARANTINED, 0, 0), one.ended(NOON)).outcome is Outcome.STORED


def test_what_was_given_up_of_it_is_not_given_by_another_name() -> None:
    """A person's word stays until it is taken back by name."""
    one = quarantined("ph", of("cod", 7.0))
    assert one.understood is not None
    given_up = Settled(RefusalState.DISCARDED, NOON, "An", "a test", 0)
    one.rows["cod"] = replace(record(one.understood, unknown_parameter("cod"), "cod"), settled=given_up)
    assert read_again(one).readings == []
