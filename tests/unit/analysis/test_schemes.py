"""The list of indices: what it says of each, and that its parts agree."""

from dataclasses import replace
from datetime import date
from typing import Literal, get_args

import pytest

from analysis.schemes import SCHEMES, VERSIONS, listed, made, scheme_of
from domain.window import WindowKind
from registry.index_units import INDEX_UNITS
from registry.limits import Confirmation
from registry.lookup import Registry
from registry.schema import IndexId
from support.configured import registry

EVERY: tuple[IndexId, ...] = get_args(IndexId)


def listing(*indices: IndexId, nowcast: Literal["normalised", "as_printed"] = "normalised") -> Registry:
    known = registry()
    return replace(known, province=known.province.model_copy(update={"indices": indices, "nowcast": nowcast}))


def test_every_index_is_there_and_says_in_which_unit_it_reads() -> None:
    """What the checks of a configuration know is what the index takes."""
    assert set(SCHEMES) == set(INDEX_UNITS) == set(EVERY)
    for scheme in SCHEMES.values():
        assert set(INDEX_UNITS[scheme.id]) == scheme.parameters


@pytest.mark.parametrize("nowcast", ["normalised", "as_printed"])
def test_every_version_is_said_in_words(nowcast: Literal["normalised", "as_printed"]) -> None:
    """And each window of each index has one of its own."""
    known = listing(*EVERY, nowcast=nowcast)
    versions = [scheme.version(kind, known) for scheme in listed(known) for kind in scheme.kinds]
    assert len(set(versions)) == len(versions) == 5
    assert set(versions) <= VERSIONS.keys()
    assert "version not noted" in str(scheme_of("", "vn_aqi"))
    assert str(scheme_of(versions[0], "vn_aqi")).startswith("VN_AQI, Decision 1459/QĐ-TCMT of 2019")


def test_only_a_word_on_the_version_that_is_made_counts() -> None:
    """VN_WQI is listed and not made until then; the others need none."""
    known, wqi = listing("vn_wqi", "vn_aqi"), SCHEMES["vn_wqi"]
    assert [one.id for one in made(known, {})] == ["vn_aqi"]
    for figure, ids in (("another", ["vn_aqi"]), (wqi.version(WindowKind.DAY, known), ["vn_wqi", "vn_aqi"])):
        word = Confirmation(wqi.row, "Người thử", date(2026, 3, 1), None, figure)
        assert [one.id for one in made(known, {wqi.row: word})] == ids
    assert wqi.withheld(known, {}) is not None
