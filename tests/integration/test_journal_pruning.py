"""Pruning with real stores: sums and proofs hold before, during and after, wherever the process is stopped."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.alert import AlertKind
from domain.message import Incoming
from domain.reading import SeriesKey
from service.health import Health
from service.stores import Folder
from storage import alerting, checking, hold, keys, pruning, sealing
from storage.alerting import NewAlert, Record
from storage.journal import Journal
from storage.journal_day import day_of
from storage.ledger import outcome_counts
from storage.pruning import NotPruned, Pruner
from storage.state import writing
from support.builders import NOON
from support.configured import native
from support.rig import Rig, Stopped, Tripwire

KEPT = timedelta(days=60)
DAYS = 3


class Kept(Rig):
    """A worker with three finished days of messages, and one of now, 61 days after the last."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.folder = folder
        self.seqs: list[list[int]] = []
        for day in range(DAYS):
            self.clock.moment = NOON + timedelta(days=day)
            self.seqs.append(self.receive(*self._bodies(day)))
        self.finish()
        self.clock.moment = NOON + timedelta(days=DAYS - 1) + KEPT + timedelta(days=1)
        self.receive(native(time=self.clock.moment.isoformat(), pm25=(9.0, "ug/m3")))
        self.finish()
        self.seal()

    def _bodies(self, day: int) -> list[str]:
        at = NOON + timedelta(days=day)
        return [
            native(time=(at + timedelta(minutes=5 * one)).isoformat(), pm25=(10.0 * day + one, "ug/m3"))
            for one in (-3, -2, -1)
        ] + ["not understood"]  # fmt: skip

    def seal(self) -> None:
        book, now = self.journal.seals, self.clock.now()
        for file in sealing.due(self.journal.folder, book, now):
            sealing.seal(file, book, self.key, now)

    @property
    def key(self) -> keys.SealKey:
        entries = self.journal.seals.entries()
        return keys.open_key(self.folder / "keys", last=entries[-1].key if entries else None)

    def pruner(self, forget: Callable[[str], object] = pruning.nothing) -> Pruner:
        return Pruner(self.journal.folder, self.folder / "hold" / "main", self.engine, self.store, forget)

    def prune(self, **changes: Any) -> int:
        return self.pruner(**changes).prune(self.journal.seals, self.key, self.clock.now(), KEPT)

    def exceedance(self, day: int, *, first: int, last: int) -> int:
        """Record an alert over the windows from minute `first` to minute `last` of a day."""
        at = NOON + timedelta(days=day)
        start, end = at + timedelta(minutes=first), at + timedelta(minutes=last)
        new = NewAlert(
            "rule", SeriesKey("A-1", "pm25"), AlertKind.OVER, start, end, end, end, end, 50.0, 50.0, end, None, 25.0, 1, 1,
            Record(rule_kind="limit", window="hour", severity="high", team="t"),
        )  # fmt: skip
        with writing(self.engine) as connection:
            case, _ = alerting.case_for(connection, "A-1", at=end, year=2026)
            return alerting.add_alert(connection, new, case).id

    def sums(self) -> tuple[int, int]:
        health = Health(self.registry, Folder(self.folder), self.engine, self.clock).messages()
        return health.pop("received"), sum(health.values())

    def files(self) -> list[str]:
        return [file.stem for file in self.journal.files()]

    def bad(self) -> checking.BadRecord | None:
        trusted = keys.public_keys(self.folder / "keys")
        return checking.check(self.journal.folder, keys=trusted, held=self.folder / "hold" / "main").bad


@pytest.fixture
def rig(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


def test_old_days_go_and_everything_left_stays_checkable(rig: Kept) -> None:
    """Their seals stay, the first kept day goes on where they ended, and no message is missing in the sum."""
    before = rig.sums(), outcome_counts(rig.engine)
    assert (before[0], rig.bad()) == ((13, 13), None)
    assert rig.prune() == DAYS
    assert len(rig.files()) == 1
    assert not list(rig.journal.folder.glob("2026-03-0*"))
    assert (rig.sums(), outcome_counts(rig.engine)) == before
    assert rig.bad() is None
    rig.receive("after pruning")
    rig.finish()
    assert (rig.sums(), rig.bad()) == ((14, 14), None)
    assert rig.prune() == 0


def test_a_day_stays_while_it_is_young_or_unsealed(rig: Kept) -> None:
    """To the second."""
    rig.clock.moment = datetime.fromisoformat("2026-03-02T00:00:00+00:00") + KEPT - timedelta(seconds=1)
    assert rig.prune() == 0
    rig.clock.moment += timedelta(seconds=1)
    assert rig.prune() == 1
    assert rig.files()[0] == "2026-03-02"
    rig.clock.moment += timedelta(days=365)
    assert rig.prune() == 2
    assert rig.files() == ["2026-05-03"]


def test_a_day_with_pending_messages_stays_and_so_do_those_after_it(tmp_path: Path) -> None:
    """The pipeline has not come to them yet."""
    rig = Kept(tmp_path)
    with writing(rig.engine) as connection:
        connection.exec_driver_sql("UPDATE cursors SET seq = ?", (rig.seqs[1][1],))
    assert rig.prune() == 1
    assert rig.files()[0] == "2026-03-02"


def test_a_day_with_a_message_that_was_left_for_later_stays(rig: Kept) -> None:
    """Its turn comes though the cursor is past it."""
    with writing(rig.engine) as connection:
        connection.exec_driver_sql(
            "INSERT INTO deferred (worker, seq, sender) VALUES ('main', ?, 'A-1')", (rig.seqs[1][1],)
        )
    assert rig.prune() == 1


def test_what_became_of_single_messages_goes_with_their_day(rig: Kept) -> None:
    """The days' totals stay, and what became of messages that are kept."""
    assert rig.outcome(rig.seqs[0][0]) == "stored"
    before = rig.outcomes(), rig.counts()
    rig.prune()
    assert [rig.outcome(seq) for seq in (*rig.seqs[0], *rig.seqs[2])] == [None] * 8
    assert rig.outcome(rig.journal.newest()) == "stored"
    assert (rig.outcomes(), rig.counts()) == before


def test_when_every_day_is_pruned_the_next_message_goes_on(rig: Kept) -> None:
    """Numbers and chain go on from the last seal, even with a clock that was set back."""
    newest = rig.journal.newest()
    rig.clock.moment += timedelta(days=61)
    rig.seal()
    assert rig.prune() == DAYS + 1
    assert rig.files() == []
    rig.clock.moment = NOON
    again = Journal(rig.folder / "journal", worker="main", clock=rig.clock)
    assert again.newest() == newest
    (seq,) = again.append([Incoming("t", b"x")])
    assert (seq > newest, day_of(seq), again.count()) == (True, "2026-05-04", 14)
    assert rig.bad() is None


@pytest.mark.parametrize("files_left", [3, 2, 1, 0])
@pytest.mark.parametrize("stop", ["before prune", "after prune", "before forget", "after forget"])
def test_sums_and_proofs_hold_wherever_pruning_is_stopped(tmp_path: Path, stop: str, files_left: int) -> None:
    """Between any two steps, with any of the day's files gone; the next run finishes it."""
    rig = Kept(tmp_path)
    rig.exceedance(0, first=-20, last=-10)
    when, what = stop.split()
    told: list[str] = []

    def forget(day: str) -> None:
        if when == "after":
            told.append(day)
        raise Stopped

    with pytest.raises(Stopped):
        if what == "prune":
            book: Any = Tripwire(rig.journal.seals, "prune", when)
            rig.pruner(told.append).prune(book, rig.key, rig.clock.now(), KEPT)
        else:
            rig.prune(forget=forget)
    if stop != "before prune":
        for one in sorted(rig.journal.folder.glob("2026-03-01.sqlite*"))[: 3 - files_left]:
            one.unlink()
    assert rig.sums() == (13, 13)
    assert rig.bad() is None
    rig.prune(forget=told.append)
    assert set(told) >= {"2026-03-02", "2026-03-03"}
    assert (rig.sums(), rig.bad(), rig.files()) == ((13, 13), None, ["2026-05-03"])


def test_messages_behind_an_exceedance_are_held_with_their_proof(rig: Kept) -> None:
    """Those whose readings are in its windows, and no others."""
    alert = rig.exceedance(1, first=-15, last=-5)
    assert rig.prune() == DAYS
    held = list(hold.read(rig.folder / "hold" / "main", "2026-03-02"))
    assert [one.seq for one in held] == rig.seqs[1][1:3]
    assert [one.alerts for one in held] == [[alert], [alert]]
    seal = rig.journal.seals.seals()["2026-03-02"]
    assert all(one.is_proved_by(seal) for one in held)
    assert [file.name for file in (rig.folder / "hold" / "main").iterdir()] == ["2026-03-02.jsonl"]


def test_a_reading_that_was_replaced_is_evidence_too(rig: Kept) -> None:
    """What it said when the alert was raised."""
    at = NOON - timedelta(minutes=10)
    (new,) = rig.receive(native(time=at.isoformat(), pm25=(3.0, "ug/m3")))
    rig.finish()
    rig.exceedance(0, first=-12, last=-8)
    assert rig.prune() == DAYS
    assert [one.seq for one in hold.read(rig.folder / "hold" / "main", "2026-03-01")] == [rig.seqs[0][1]]
    rig.clock.moment += timedelta(days=62)
    rig.seal()
    rig.prune()
    assert [one.seq for one in hold.read(rig.folder / "hold" / "main", day_of(new))] == [new]
    assert rig.bad() is None


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda text: text.replace('"qos": 1', '"qos": 2', 1), "does not prove"),
        (lambda text: text.replace('"place": 1', '"place": 2', 1), "does not prove"),
        (lambda text: text[:-30], "cannot be read"),
        (lambda text: "".join(text.splitlines(keepends=True)[:-1]), "not the one that was written"),
        (lambda text: text.replace('"alerts": [1]', '"alerts": [2]', 1), "not the one that was written"),
        (None, "are gone"),
    ],
)
def test_what_is_changed_in_the_hold_area_is_named(rig: Kept, act: Any, said: str) -> None:
    """Check looks at it with the seal that stays."""
    rig.exceedance(1, first=-15, last=-5)
    rig.prune()
    file = hold.file_of(rig.folder / "hold" / "main", "2026-03-02")
    if act is None:
        file.unlink()
    else:
        before = file.read_text()
        file.write_text(act(before))
        assert file.read_text() != before
    bad = rig.bad()
    assert bad is not None
    assert (bad.file, said in str(bad.wrong)) == (file, True)


def test_a_day_that_is_not_what_was_sealed_is_not_pruned(rig: Kept) -> None:
    """It would take the only proof of that away."""
    with sqlite3.connect(rig.journal.files()[0]) as connection:
        connection.execute("UPDATE messages SET payload = x'00' WHERE position = 1")
    with pytest.raises(NotPruned, match="2026-03-01"):
        rig.prune()
    assert len(rig.files()) == DAYS + 1


def test_a_day_pruned_without_record_is_named(rig: Kept) -> None:
    """Unlinking alone is no pruning."""
    rig.prune()
    path = rig.journal.seals.path
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    bad = rig.bad()
    assert bad is not None
    assert (bad.file.stem, "nothing says that it was pruned" in str(bad.wrong)) == ("2026-03-03", True)


@pytest.mark.parametrize(
    "kept", [timedelta(days=60), timedelta(days=1)], ids=["against its own word", "by a policy too short"]
)
def test_a_day_pruned_early_is_named(rig: Kept, kept: timedelta) -> None:
    """Whoever has the key can sign that, and it is seen."""
    rig.clock.moment = NOON + timedelta(days=3)
    seal = rig.journal.seals.seals()["2026-03-01"]
    rig.journal.seals.prune(
        rig.key, worker="main", day=seal.day, kept_days=kept.days, held=0, held_sha256=None,
        made_at=rig.clock.now().isoformat(),
    )  # fmt: skip
    rig.pruner().finish(rig.journal.seals)
    bad = rig.bad()
    assert bad is not None
    assert "too early" in str(bad.wrong)


def test_whoever_reads_finds_what_is_kept_and_makes_nothing_anew(rig: Kept) -> None:
    """With connections from before, and by a cursor of before; an empty file in its place would be a lost day."""
    assert len(rig.journal.read(0, 100)) == 13
    rig.prune()
    assert [one.seq for one in rig.journal.read(0, 100)] == [rig.journal.newest()]
    assert [one.seq for one in rig.journal.read(rig.seqs[0][0], 100)] == [rig.journal.newest()]
    assert rig.journal.get(rig.seqs[1][0]) is None
    assert rig.files() == ["2026-05-03"]


def test_what_is_due_is_told_by_age_alone(rig: Kept) -> None:
    """As status says it."""
    assert [one.day for one in pruning.due(rig.journal.seals, rig.clock.now(), KEPT)] == [
        "2026-03-01", "2026-03-02", "2026-03-03",
    ]  # fmt: skip
    shown = Health(rig.registry, Folder(rig.folder), rig.engine, rig.clock).kept()
    assert json.dumps(shown)
    assert (shown[0]["to_prune"], shown[0]["sealed_to"], shown[0]["days"]) == (3, "2026-03-03", 4)


def test_a_copy_of_the_journal_can_be_checked_without_the_state(rig: Kept, tmp_path: Path) -> None:
    """By somebody who was given the folder and the public key."""
    rig.exceedance(1, first=-15, last=-5)
    rig.prune()
    for name in ("journal", "hold", "keys"):
        shutil.copytree(rig.folder / name, tmp_path / "copy" / name)
    trusted = keys.public_keys(tmp_path / "copy" / "keys")
    assert checking.check(tmp_path / "copy" / "journal" / "main", keys=trusted).bad is None
