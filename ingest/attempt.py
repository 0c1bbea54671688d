"""One refused message once more: which of its parts are tried again, what comes of them, and its outcome. Pure.

A message of which a part was taken gives only what was refused: what it gave before is not touched, even where the
configuration would read it otherwise now. One that never gave anything gives all that it says, by whatever names.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from domain.message import Outcome
from domain.reading import Reading
from ingest import refusals
from ingest.novelty import Identity
from ingest.refusals import Refusal
from ingest.understand import MOST_PARTS, Understood
from storage.ledger import OutcomeRow
from storage.quarantine import RefusalState, Refused, Settled
from storage.resolutions import Act, Request

GAVE = frozenset({Outcome.STORED, Outcome.PARTLY, Outcome.REPEATED})


@dataclass(slots=True)
class Attempt:
    """One message: what is on record of it, and what comes of what was asked."""

    requests: list[Request]  # of one number; several where several parts are given up
    rows: dict[str, Refused]  # by part
    understood: Understood | None  # None where nothing is to be read, or the message is no longer there
    gave: bool = True  # whether anything of it was ever taken
    readings: list[Reading] = field(default_factory=list)
    refused: dict[str, Refused] = field(default_factory=dict)  # what is wrong now, by part
    stored: int = 0
    revised: int = 0

    @property
    def seq(self) -> int:
        """The number of the message."""
        return self.requests[0].seq

    @property
    def act(self) -> Act:
        """What is to be done with it."""
        return self.requests[0].act

    @property
    def is_repeated(self) -> bool:
        """Whether an earlier attempt was stopped, and may have written some of it."""
        return self.requests[0].stored is not None

    def tried(self) -> set[str]:
        """Return the parts that are concerned; also those that an attempt which was stopped has settled already."""
        if self.act is Act.DISCARD:
            asked = {one.part for one in self.requests}
            return {part for part, row in self.rows.items() if part in asked and self._is_concerned(row)}
        if self.understood is None:
            return set()
        return {part for part, row in self.rows.items() if self._is_concerned(row)}

    def _is_concerned(self, row: Refused) -> bool:
        if row.settled is None or row.settled.request == self.requests[0].request:
            return True
        return self.act is Act.REOPEN and row.state is RefusalState.DISCARDED

    def read_again(self, there: Mapping[Identity, Reading], parameters: Collection[str]) -> None:
        """Part what can be taken now from what is still refused; `there` is what is stored at its moments."""
        tried = self.tried()
        if self.understood is None or not tried:
            return
        wrong = {refusals.shown(one.part): one for one in self.understood.refused}
        is_whole = self._is_whole(tried)
        if is_whole:
            self.readings = list(self.understood.readings)
        else:
            is_loose = self._is_loose(tried, parameters)
            self.readings = [one for one in self.understood.readings if self._is_given(one, tried, is_loose, there)]
            whole = wrong.get("")
            now = {part: wrong.get(part) or whole for part in tried}
            # What is no parameter's name was nothing that had been taken: another decoder refuses it whole or by lines.
            new = {part: one for part, one in wrong.items() if is_loose or part not in parameters}
            wrong = new | {part: one for part, one in now.items() if one is not None}
        for part, refusal in wrong.items():
            if is_whole or part in tried or part not in self.rows:
                self.refused[part] = record(self.understood, refusal, part)

    def _is_whole(self, tried: Collection[str]) -> bool:
        """Tell whether the message is read as if it had just come: nothing of it was taken, and nothing is given up."""
        others = (row.state for part, row in self.rows.items() if part not in tried)
        return "" in tried or (not self.gave and all(state is RefusalState.REPLAYED for state in others))

    def _is_loose(self, tried: Collection[str], parameters: Collection[str]) -> bool:
        """Tell whether refused parts may have other names now: a device's own name was none of a parameter."""
        return len(self.rows) >= MOST_PARTS or any(part not in parameters for part in tried)

    def _is_given(
        self, reading: Reading, tried: Collection[str], is_loose: bool, there: Mapping[Identity, Reading]
    ) -> bool:  # fmt: skip
        before = there.get((reading.series, reading.measured_at))
        if before is not None and before.seq == self.seq:
            # Given before, or written by the attempt that was stopped; never is a value changed without a revision.
            return self.is_repeated and (before.value, before.status) == (reading.value, reading.status)
        # By another name nobody can tell what was refused: what is newer than what is there, or not there, was.
        return refusals.shown(reading.parameter) in tried or (is_loose and (before is None or before.seq < self.seq))

    def turn_back(self, reading: Reading, refusal: Refusal) -> None:
        """Note that the store of readings will not have `reading`."""
        if self.understood is not None:
            self.readings.remove(reading)
            part = refusals.shown(refusal.part)
            self.refused[part] = record(self.understood, refusal, part)

    def ended(self, now: datetime) -> list[tuple[Refused, Settled]]:
        """Return which refusals have come to their end, and how."""
        asked = self.requests[0]
        if self.act is Act.DISCARD:
            settled = Settled(RefusalState.DISCARDED, asked.asked_at, asked.who, asked.because, asked.request)
        else:
            settled = Settled(RefusalState.REPLAYED, now, asked.who, asked.because, asked.request)
        return [(self.rows[part], settled) for part in sorted(self.tried() - self.refused.keys())]

    def outcome(self, before: OutcomeRow, ended: Collection[tuple[Refused, Settled]]) -> OutcomeRow:
        """Return what has become of the message, by what had and by how its refusals stand now."""
        states = {part: one.state for part, one in self.rows.items()}
        states |= dict.fromkeys(self.refused, RefusalState.OPEN) | {one.part: settled.state for one, settled in ended}
        stored, revised = before.stored + self.stored, before.revised + self.revised
        gave = before.outcome in GAVE or bool(self.readings)
        return OutcomeRow(self.seq, _kind({*states.values()}, gave=gave, changed=stored + revised), stored, revised)


def _kind(states: Collection[RefusalState], *, gave: bool, changed: int) -> Outcome:
    is_whole = not {*states} - {RefusalState.REPLAYED}
    if gave and is_whole:
        return Outcome.STORED if changed else Outcome.REPEATED
    if gave:
        return Outcome.PARTLY
    if is_whole:
        return Outcome.IGNORED
    return Outcome.DISCARDED if not {*states} & {RefusalState.OPEN, RefusalState.EXPIRED} else Outcome.QUARANTINED


def record(one: Understood, refusal: Refusal, part: str) -> Refused:
    """Return a refusal as quarantine keeps it."""
    return Refused(
        seq=one.message.seq, part=part, reason=refusal.reason.value, message=refusal.message,
        topic=one.message.incoming.topic, station=one.station, received_at=one.message.received_at,
    )  # fmt: skip
