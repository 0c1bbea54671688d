"""Merkle trees as RFC 6962 has them: one hash for many records, and short proofs that a record is among them."""

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Sequence

EMPTY = hashlib.sha256(b"").digest()


def leaf_hash(record: bytes) -> bytes:
    """Return the hash of a record; its prefix keeps a record from being passed off as a node."""
    return hashlib.sha256(b"\x00" + record).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """A tree that grows leaf by leaf and keeps only its frontier, a hash for each bit of its size.

    Of the leaves whose places are `wanted` it also keeps the path, so that proofs cost no second pass.
    """

    def __init__(self, wanted: Iterable[int] = ()) -> None:
        """Nothing is in it yet."""
        self.size = 0
        self._frontier: list[tuple[int, int, bytes]] = []  # first place, leaves, hash of each complete subtree
        self._wanted = sorted(set(wanted))
        self._paths: dict[int, list[bytes]] = {place: [] for place in self._wanted}

    def add(self, record: bytes) -> None:
        """Put a record at the next place."""
        self._frontier.append((self.size, 1, leaf_hash(record)))
        self.size += 1
        while len(self._frontier) > 1 and self._frontier[-1][1] == self._frontier[-2][1]:
            right, left = self._frontier.pop(), self._frontier.pop()
            self._frontier.append(self._joined(left, right, self._paths))

    def root(self) -> bytes:
        """Return the hash of all that is in it."""
        return self._finished({place: [] for place in self._wanted})

    def proofs(self) -> dict[int, list[bytes]]:
        """Return, for each wanted place, the hashes that lead from its leaf to the root."""
        paths = {place: list(path) for place, path in self._paths.items() if place < self.size}
        self._finished(paths)
        return paths

    def _finished(self, paths: dict[int, list[bytes]]) -> bytes:
        if not self._frontier:
            return EMPTY
        whole = self._frontier[-1]
        for left in reversed(self._frontier[:-1]):
            whole = self._joined(left, whole, paths)
        return whole[2]

    def _joined(
        self, left: tuple[int, int, bytes], right: tuple[int, int, bytes], paths: dict[int, list[bytes]]
    ) -> tuple[int, int, bytes]:
        if self._wanted:
            self._lead(left, right[2], paths)
            self._lead(right, left[2], paths)
        return left[0], left[1] + right[1], node_hash(left[2], right[2])

    def _lead(self, over: tuple[int, int, bytes], beside: bytes, paths: dict[int, list[bytes]]) -> None:
        first, end = bisect_left(self._wanted, over[0]), bisect_left(self._wanted, over[0] + over[1])
        for place in self._wanted[first:end]:
            if place in paths:
                paths[place].append(beside)


def is_included(record: bytes, place: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Tell whether `path` proves that `record` is at `place` of the tree with `size` leaves and hash `root`."""
    if not 0 <= place < size:
        return False
    at, last, found = place, size - 1, leaf_hash(record)
    for beside in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(beside, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, beside)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root
