"""Paths into JSON, as `stations.yaml` writes them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.paths import Found, find
from registry.paths import steps

BODY = {
    "a": {"b": 1, "PM2.5": 2, "": 3},
    "list": [{"v": 10}, {"w": 11}, {"v": 12, "inner": [1, 2]}],
    "a.b": 4,
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.b", [1]),
        ('a."PM2.5"', [2]),
        ('"a.b"', [4]),
        ('a.""', [3]),
        ("list[0].v", [10]),
        ("list[1].v", []),
        ("list[7].v", []),
        ("list.v", []),
        ("a[0]", []),
        ("a.b.c", []),
        ("nothing", []),
    ],
)
def test_a_path_leads_to_one_value_or_to_none(path: str, found: list[int]) -> None:
    """What is not there is no fault."""
    assert [one.value for one in find(BODY, path)] == found


def test_a_star_stands_for_every_place() -> None:
    """And what was found tells at which, so that a time finds its value."""
    assert list(find(BODY, "list[*].v")) == [Found((0,), 10), Found((2,), 12)]
    assert list(find(BODY, "list[*].inner[*]")) == [Found((2, 0), 1), Found((2, 1), 2)]
    assert list(find([[1], [2]], "[*][0]")) == [Found((0,), 1), Found((1,), 2)]


@pytest.mark.parametrize("path", ["", ".", "a.", "a..b", "a[", "a[x]", "a[-1]", 'a."b', "a]b"])
def test_what_is_no_path_is_refused(path: str) -> None:
    """When the configuration is read, not when the first message comes."""
    with pytest.raises(ValueError, match="path"):
        steps(path)


@given(st.recursive(st.none() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_a_path_into_anything_finds_something_or_nothing(body: Any) -> None:
    """Never an error, whatever the message is."""
    for path in ("a.b", "[*].a", "[0][*]", 'a."b"[3]'):
        assert all(isinstance(one, Found) for one in find(body, path))
