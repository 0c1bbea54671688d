"""The hold area: messages behind an exceedance, copied with their proof before their day is pruned.

One file for each worker and day, JSON lines: first the seal of the day, then each message with its place and the path
that leads from it to the seal's root. It can be checked by itself, and the entry that says that the day was pruned
names its hash.
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from domain.text import Text
from storage.durable import replace_file
from storage.journal_day import record
from storage.merkle import is_included
from storage.seals import Pruned, Seal, line_of


class HeldMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A message as its row was, with the proof that it was in the sealed day; `payload` is Base64."""

    seq: int
    received_at: int
    topic: str
    payload: str
    qos: int
    retained: int
    redelivered: int
    live: int
    place: int
    path: list[str]
    alerts: list[int]

    def is_proved_by(self, seal: Seal) -> bool:
        """Tell whether it was in the day that `seal` sealed."""
        flags = (self.qos, self.retained, self.redelivered, self.live)
        row = (self.seq, self.received_at, self.topic, base64.b64decode(self.payload), *flags)
        path = [bytes.fromhex(one) for one in self.path]
        return is_included(record(row), self.place, seal.messages, path, bytes.fromhex(seal.root))


@dataclass(frozen=True, slots=True)
class BadHold:
    """What of a hold file does not hold, and of which message."""

    seq: int | None
    wrong: Text


def held_of(row: Sequence[Any], place: int, path: Sequence[bytes], alerts: Sequence[int]) -> HeldMessage:
    """Return a journal's row as it is held; `row` as `journal_day.record` takes it."""
    seq, at, topic, payload, qos, retained, redelivered, live = row
    return HeldMessage(
        seq=seq, received_at=at, topic=topic.decode() if isinstance(topic, bytes) else topic,
        payload=base64.b64encode(payload).decode("ascii"), qos=qos, retained=retained, redelivered=redelivered,
        live=live, place=place, path=[one.hex() for one in path], alerts=list(alerts),
    )  # fmt: skip


def file_of(hold: Path, day: str) -> Path:
    """Return where a day's held messages are in a worker's hold folder."""
    return hold / f"{day}.jsonl"


def write(hold: Path, seal: Seal, messages: Sequence[HeldMessage]) -> str:
    """Write a day's held messages, on disk on return; return the file's SHA-256."""
    hold.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(msgspec.to_builtins(one), ensure_ascii=False).encode() + b"\n" for one in messages)
    content = b"".join([line_of(seal), *lines])
    replace_file(file_of(hold, seal.day), content)
    return hashlib.sha256(content).hexdigest()


def read(hold: Path, day: str) -> Iterator[HeldMessage]:
    """Yield a day's held messages; none where nothing is held."""
    file = file_of(hold, day)
    if file.exists():
        for line in file.read_bytes().splitlines()[1:]:
            yield msgspec.json.decode(line, type=HeldMessage)


def fault(hold: Path, seal: Seal, pruned: Pruned) -> BadHold | None:
    """Return the first held message of a pruned day that its seal does not prove, or what else is wrong."""
    if pruned.held_sha256 is None:
        return None
    try:
        content = file_of(hold, seal.day).read_bytes()
    except FileNotFoundError:
        return BadHold(None, Text("the messages that were held of this day are gone"))
    for line in content.splitlines()[1:]:
        found = _fault_of(line, seal)
        if found is not None:
            return found
    if hashlib.sha256(content).hexdigest() != pruned.held_sha256:
        return BadHold(None, Text("the file is not the one that was written when the day was pruned"))
    return None


def _fault_of(line: bytes, seal: Seal) -> BadHold | None:
    try:
        message = msgspec.json.decode(line, type=HeldMessage)
        proved = message.is_proved_by(seal)
    except (msgspec.MsgspecError, ValueError):
        return BadHold(None, Text("a line cannot be read"))
    return None if proved else BadHold(message.seq, Text("the seal of its day does not prove this message"))
