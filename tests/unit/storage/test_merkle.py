"""Merkle trees: the root and the proofs are those of RFC 6962, whatever the size."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.merkle import Tree, is_included

# Leaves and roots that other implementations of RFC 6962 publish (Certificate Transparency's test data).
LEAVES = [b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"\x40\x41\x42\x43", bytes(range(0x50, 0x58)),
          bytes(range(0x60, 0x70))]  # fmt: skip
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def records(size: int) -> list[bytes]:
    return [f"record {place}".encode() for place in range(size)]


def grown(leaves: list[bytes]) -> Tree:
    tree = Tree(range(len(leaves)))
    for one in leaves:
        tree.add(one)
    return tree


def by_definition(leaves: list[bytes]) -> bytes:
    """The recursive definition of RFC 6962, section 2.1."""
    if len(leaves) <= 1:
        return hashlib.sha256(b"\x00" + leaves[0] if leaves else b"").digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + by_definition(leaves[:split]) + by_definition(leaves[split:])).digest()


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_that_others_compute(size: int) -> None:
    """The published vectors."""
    assert grown(LEAVES[:size]).root().hex() == ROOTS[size]


@pytest.mark.parametrize("size", range(1, 201))
def test_every_leaf_can_be_proved_and_no_other_one(size: int) -> None:
    """At every place of trees of every size; another record, place or size is not proved by the same path."""
    leaves = records(size)
    tree = grown(leaves)
    root, proofs = tree.root(), tree.proofs()
    assert root == by_definition(leaves)
    for place, path in proofs.items():
        assert is_included(leaves[place], place, size, path, root)
        assert not is_included(b"another", place, size, path, root)
        if size > 1:
            other = (place + 1) % size
            assert not is_included(leaves[other], place, size, path, root)
            assert not is_included(leaves[place], other, size, path, root)


@given(size=st.integers(1, 60), data=st.data())
def test_a_proof_with_a_changed_bit_proves_nothing(size: int, data: st.DataObject) -> None:
    """Nor one that is shorter or longer."""
    place = data.draw(st.integers(0, size - 1))
    leaves = records(size)
    tree = grown(leaves)
    path, root = tree.proofs()[place], tree.root()
    assert not is_included(leaves[place], place, size, [*path, root], root)
    if path:
        assert not is_included(leaves[place], place, size, path[:-1], root)
        step = data.draw(st.integers(0, len(path) - 1))
        broken = bytes([path[step][0] ^ 1 << data.draw(st.integers(0, 7))]) + path[step][1:]
        assert not is_included(leaves[place], place, size, [*path[:step], broken, *path[step + 1 :]], root)


def test_only_the_frontier_is_kept() -> None:
    """A million messages of a day need twenty hashes, not a million."""
    tree = Tree()
    for one in records(100_000):
        tree.add(one)
    assert len(tree._frontier) <= 17
