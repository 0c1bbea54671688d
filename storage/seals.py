"""The book of seals of one journal: what each finished day held, chained and signed, and which days were pruned.

`seals.jsonl` stands beside the day files and outlives them. Each line is an entry in canonical JSON (keys sorted, no
spaces, ASCII), numbered from 1 without a gap, that names the hash of the entry before it and is signed. The signature
and the hash are over the entry without its signature.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from storage.durable import replace_file
from storage.journal_day import NO_CHAIN
from storage.keys import SealKey, is_signed

FILE = "seals.jsonl"
FIRST = "0" * 64  # what the first entry names as the hash of the one before it


class Seal(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="seal", forbid_unknown_fields=True):
    """What a day held when it was over. Days without a message have no file and no seal: numbers show that none is missing.

    `root`: of the RFC 6962 tree over the records, in order. `chain`: where the journal's chain stood at the end of the
    day. `broken`: the first record whose chain did not hold when the day was sealed.
    """

    number: int
    worker: str
    day: str
    messages: int
    first_seq: int | None
    last_seq: int | None
    root: str
    chain: str
    broken: int | None
    previous: str
    made_at: str
    key: str
    signature: str = ""


class Pruned(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="pruned", forbid_unknown_fields=True):
    """That a day's file was removed by policy, and what of it was put into the hold area before."""

    number: int
    worker: str
    day: str
    kept_days: int
    held: int
    held_sha256: str | None
    previous: str
    made_at: str
    key: str
    signature: str = ""


Entry = Seal | Pruned
_E = TypeVar("_E", Seal, Pruned)


def statement(entry: Entry) -> bytes:
    """Return what is signed and hashed."""
    said: dict[str, Any] = msgspec.to_builtins(entry)
    return _canonical({name: value for name, value in said.items() if name != "signature"})


def hash_of(entry: Entry) -> str:
    """Return by which hash the next entry names this one."""
    return hashlib.sha256(statement(entry)).hexdigest()


def line_of(entry: Entry) -> bytes:
    """Return an entry as it stands in the book."""
    return _canonical(msgspec.to_builtins(entry)) + b"\n"


def holds_signature(entry: Entry) -> bool:
    """Tell whether the entry's signature is by the key that it names."""
    return is_signed(statement(entry), entry.signature, entry.key)


def _canonical(said: dict[str, Any]) -> bytes:
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def entry_of(line: bytes) -> Entry | None:
    """Read a line of the book; None where it is not exactly what would be written."""
    try:
        found: Entry = msgspec.json.decode(line, type=Entry)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return found if line_of(found) == line else None


@dataclass(frozen=True, slots=True)
class _Read:
    stamp: tuple[int, int, int]
    entries: tuple[Entry, ...]
    seals: dict[str, Seal]
    pruned: dict[str, Pruned]


_NOTHING = _Read((0, 0, 0), (), {}, {})


class SealBook:
    """The book beside a journal. Reading it never fails: a line that cannot be read says nothing, and `check` names it."""

    def __init__(self, folder: Path) -> None:
        """Nothing is read yet."""
        self.path = folder / FILE
        self._read = _NOTHING

    def seals(self) -> dict[str, Seal]:
        """Return the seals by day, in their order."""
        return self._fresh().seals

    def pruned(self) -> dict[str, Pruned]:
        """Return by day which days were pruned."""
        return self._fresh().pruned

    def entries(self) -> tuple[Entry, ...]:
        """Return all that can be read, in its order."""
        return self._fresh().entries

    def lines(self) -> list[bytes]:
        """Return the lines as they stand."""
        try:
            return self.path.read_bytes().splitlines(keepends=True)
        except FileNotFoundError:
            return []

    def messages(self) -> dict[str, int]:
        """Return how many messages each sealed day had."""
        return {day: seal.messages for day, seal in self.seals().items()}

    def sealed_to(self) -> str | None:
        """Return the newest sealed day."""
        return max(self.seals(), default=None)

    def pruned_to(self) -> str | None:
        """Return the newest pruned day."""
        return max(self.pruned(), default=None)

    def end(self) -> tuple[int, int, bytes]:
        """Return number, position and chain of the last message that is sealed."""
        with_messages = [seal for seal in self.seals().values() if seal.last_seq is not None]
        if not with_messages:
            return 0, 0, NO_CHAIN
        last = with_messages[-1]
        return last.last_seq or 0, last.messages, bytes.fromhex(last.chain)

    def seal(self, key: SealKey, **what: Any) -> Seal:
        """Sign a seal and put it at the end of the book, on disk on return."""
        return self._add(Seal(**self._place(key), **what), key)

    def prune(self, key: SealKey, **what: Any) -> Pruned:
        """Sign that a day is pruned and put that at the end of the book, on disk on return."""
        return self._add(Pruned(**self._place(key), **what), key)

    def _place(self, key: SealKey) -> dict[str, Any]:
        entries = self.entries()
        previous = hash_of(entries[-1]) if entries else FIRST
        return {"number": len(entries) + 1, "previous": previous, "key": key.public}

    def _add(self, entry: _E, key: SealKey) -> _E:
        signed = msgspec.structs.replace(entry, signature=key.sign(statement(entry)))
        replace_file(self.path, b"".join([*self.lines(), line_of(signed)]))
        return signed

    def _fresh(self) -> _Read:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return _NOTHING
        stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
        if self._read.stamp != stamp:
            self._read = _read_as(stamp, [entry_of(line) for line in self.lines()])
        return self._read


def _read_as(stamp: tuple[int, int, int], found: Sequence[Entry | None]) -> _Read:
    entries = tuple(one for one in found if one is not None)
    seals = {one.day: one for one in entries if isinstance(one, Seal)}
    return _Read(stamp, entries, seals, {one.day: one for one in entries if isinstance(one, Pruned)})
