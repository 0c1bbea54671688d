"""Molar masses from formulas, so that mg/L as NH4 becomes mg/L as N by the exact ratio and not by a rounded factor.

Source: IUPAC, abridged standard atomic weights 2021 (T. Prohaska et al., Pure and Applied Chemistry 94, 2022, 573–600,
table 2), in g/mol.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from math import fsum

from domain.text import Text
from registry.faults import Wrong

ATOMIC_WEIGHTS: Mapping[str, float] = {
    "H": 1.0080, "B": 10.81, "C": 12.011, "N": 14.007, "O": 15.999, "F": 18.998, "Na": 22.990, "Mg": 24.305,
    "Al": 26.982, "Si": 28.085, "P": 30.974, "S": 32.06, "Cl": 35.45, "K": 39.098, "Ca": 40.078, "Cr": 51.996,
    "Mn": 54.938, "Fe": 55.845, "Ni": 58.693, "Cu": 63.546, "Zn": 65.38, "As": 74.922, "Se": 78.971, "Br": 79.904,
    "Ag": 107.87, "Cd": 112.41, "Sb": 121.76, "I": 126.90, "Ba": 137.33, "Hg": 200.59, "Pb": 207.2,
}  # fmt: skip

_FORMULA = re.compile(r"(?:[A-Z][a-z]?\d*)+")
_ATOMS = re.compile(r"([A-Z][a-z]?)(\d*)")


@lru_cache(maxsize=1_000)
def molar_mass(formula: str) -> float:
    """Return the molar mass of `formula` (elements and counts, such as NH4) in g/mol; its charge weighs nothing."""
    return fsum(ATOMIC_WEIGHTS[element] * int(count or 1) for element, count in _ATOMS.findall(formula))


def known_formula(written: str) -> str:
    """Return `written` if its molar mass is known. Raises Wrong."""
    elements = [element for element, _ in _ATOMS.findall(written)] if _FORMULA.fullmatch(written) else []
    if not elements or any(one not in ATOMIC_WEIGHTS for one in elements):
        raise Wrong(
            Text("`{found}` is no formula of known elements", {"found": written}),
            Text("write elements with their numbers, without charge and brackets, such as NH4 or SO2"),
        )
    return written
