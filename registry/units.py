"""How units are spelled, gases between volume and mass and from one state to another, and as what a mass is reckoned."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache

from registry.chemistry import molar_mass
from registry.schema import AcceptedUnit, GasState, Parameter

# 25 °C and 760 mmHg, as QCVN 05:2023 and QCVN 19:2024 define their Nm³.
NORMAL = GasState()
_GAS_CONSTANT = 8.314462618  # J/(mol K), CODATA 2018
_ZERO_CELSIUS = 273.15
# 760 mmHg are one atmosphere, 101,325 Pa: so the regulations mean it, and not the conventional 133.322387415 Pa.
_HPA = {"hpa": 1.0, "mbar": 1.0, "kpa": 10.0, "pa": 0.01, "mmhg": 1013.25 / 760, "atm": 1013.25}

_SPELLINGS = str.maketrans({"µ": "u", "μ": "u", "º": "°", "³": "3", "²": "2", " ": "", "\u00a0": "", "₂": "2"})
_NAMES = {
    "oc": "degc", "c": "degc", "cel": "degc", "celsius": "degc", "°c": "degc",
    "°f": "degf", "f": "degf", "fahrenheit": "degf",
    "percent": "%", "pct": "%", "%rh": "%", "%vol": "%", "vol%": "%", "%v/v": "%",
    "m3/hr": "m3/h", "m3/giờ": "m3/h", "m3/day": "m3/d", "m3/ngày": "m3/d", "m3/ngàyđêm": "m3/d",
    "mbar": "hpa", "°": "deg", "degree": "deg", "degrees": "deg",
    "mg/m3n": "mg/nm3", "ug/m3n": "ug/nm3", "nm3/hr": "nm3/h", "nm3/giờ": "nm3/h", "m3n/h": "nm3/h",
    "-": "", "ph": "", "phunits": "", "none": "", "tonne": "t", "tonnes": "t", "fnu": "ntu",
    "umhos/cm": "us/cm", "micros/cm": "us/cm",
}  # fmt: skip
# `mg/L as NH4`, `mg/L (NO3-)`, `mg NH4-N/L`: what a mass per litre is reckoned as.
_RECKONED = (
    re.compile(r"(?P<mass>[mu]?g)(?P<of>[a-z][a-z0-9+-]*)/l"),
    re.compile(r"(?P<mass>[mu]?g)/l(?:as|\()?(?P<of>[a-z][a-z0-9+-]*)\)?"),
)
# `mg/Nm3 @ 0 °C`, `ug/m3 (20 °C, 1013 hPa)`: the state that a message itself states.
_STATED = re.compile(
    r"(?P<unit>[^@(]+)[@(](?P<temperature>-?\d+(?:\.\d+)?)(?:°c|oc|c|degc)"
    r"(?:[,;](?P<pressure>\d+(?:\.\d+)?)(?P<of>hpa|mbar|kpa|pa|mmhg|atm))?\)?"
)
# How many µg/m³ one of it is.
_GAS_UNITS = {"ug/m3": 1.0, "mg/m3": 1000.0}


def normal(unit: str) -> str:
    """Return the one spelling of `unit`: lower case, plain letters, no spaces (`µg/m³` → `ug/m3`, `oC` → `degc`).

    Lower case loses nothing: no two units that a parameter accepts differ only in case.
    """
    plain = _plain(unit)
    return _NAMES[plain] if plain in _NAMES else _reckoned(plain)


def _plain(unit: str) -> str:
    return unicodedata.normalize("NFKC", unit.strip().translate(_SPELLINGS)).translate(_SPELLINGS).lower()


def _reckoned(plain: str) -> str:
    for form in _RECKONED:
        found = form.fullmatch(plain)
        if found is not None:
            # The element behind the hyphen is what is weighed (`NH4-N`); a charge weighs nothing (`NO3-`).
            of = found["of"].rstrip("+-").rpartition("-")[2]
            return f"{found['mass']}{of}/l"
    return plain


def molar_volume(state: GasState) -> float:
    """Return the litres of one mole of an ideal gas: 24.465 at 25 °C and 760 mmHg."""
    return _GAS_CONSTANT * (state.temperature + _ZERO_CELSIUS) / (state.pressure / 10)


def ug_per_ppb(mass: float, state: GasState = NORMAL) -> float:
    """Return µg/m³, at `state`, of one ppb of a gas of `mass` g/mol."""
    return mass / molar_volume(state)


def mass_of(parameter: Parameter) -> float | None:
    """Return the molar mass of a gas in g/mol, None of anything else."""
    if normal(parameter.unit) not in _GAS_UNITS:
        return None
    return parameter.molar_mass or (molar_mass(parameter.formula) if parameter.formula else None)


class Units(Mapping[str, AcceptedUnit]):
    """Every unit in which a parameter may arrive, normally spelled: canonical = value × factor + offset.

    Gases are kept per m³ at `reference`; `own` is the state at which an instrument gives them, where it is another.
    Without a reference, Nm³ and parts of volume mean nothing that is known, and are not accepted.
    """

    def __init__(
        self, parameter: Parameter, reference: GasState | None = NORMAL, own: GasState | None = None, *,
        is_gas: bool = True,
    ) -> None:  # fmt: skip
        """`is_gas` says that what is measured is gas: water has no Nm³."""
        self.parameter = parameter
        self.reference = reference
        self._is_gas = is_gas and "air" in parameter.media
        self._own = own or reference
        self._units = dict(self._accepted())

    def __getitem__(self, normally: str) -> AcceptedUnit:
        """Return the unit that is normally spelled so."""
        return self._units[normally]

    def __iter__(self) -> Iterator[str]:
        """Yield normal spellings."""
        return iter(self._units)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._units)

    def find(self, written: str) -> AcceptedUnit | None:
        """Return the unit that is written so, by a state of its own if it states one; None if it does not fit."""
        found = self._units.get(normal(written))
        stated = None if found else _STATED.fullmatch(_plain(written))
        if stated is None:
            return found
        pressure = float(stated["pressure"]) * _HPA[stated["of"]] if stated["pressure"] else NORMAL.pressure
        state = _state(float(stated["temperature"]), pressure)
        unit = normal(stated["unit"])
        if state is None or self.reference is None or unit not in self._by_volume:
            return None
        return Units(self.parameter, self.reference, state, is_gas=self._is_gas).get(unit)

    @property
    def lacks_state(self) -> bool:
        """Whether it knows no Nm³ for want of a reference state alone."""
        return self._is_gas and self.reference is None and normal(self.parameter.unit) in {*_GAS_UNITS, "m3/h"}

    @property
    def _by_volume(self) -> set[str]:
        """The units in which the state of a gas matters."""
        return {one for one in self._units if "m3" in one} if self._is_gas else set()

    def _accepted(self) -> Iterator[tuple[str, AcceptedUnit]]:
        canonical = normal(self.parameter.unit)
        found = {normal(one.unit): _weighed(one, self.parameter) for one in self.parameter.accepts}
        found[canonical] = AcceptedUnit(unit=self.parameter.unit)
        if canonical in _GAS_UNITS:
            yield from self._of_volume(canonical)
        for name, one in found.items():
            yield from self._in_states(name, one)

    def _of_volume(self, canonical: str) -> Iterator[tuple[str, AcceptedUnit]]:
        """Yield what a gas of known mass may also come in."""
        mass = mass_of(self.parameter)
        if mass is None:
            return
        per_ug = 1 / _GAS_UNITS[canonical]
        for name, scale in _GAS_UNITS.items():
            yield from self._in_states(name, AcceptedUnit(unit=name, factor=scale * per_ug))
        if self.reference is not None:
            # A share of the volume is the same at whatever temperature it was measured.
            per_ppb = ug_per_ppb(mass, self.reference) * per_ug
            yield "ppb", AcceptedUnit(unit="ppb", factor=per_ppb)
            yield "ppm", AcceptedUnit(unit="ppm", factor=per_ppb * 1000)

    def _in_states(self, name: str, one: AcceptedUnit) -> Iterator[tuple[str, AcceptedUnit]]:
        """Yield a unit and, where it is one of gas by volume, the same in normal cubic metres."""
        if not self._is_gas or "m3" not in name or normal(self.parameter.unit) not in {*_GAS_UNITS, "m3/h"}:
            yield name, one
            return
        moved = one.model_copy(update={"factor": one.factor * self._from_own(per_volume="/m3" in name)})
        yield name, moved
        if self.reference is not None:
            yield name.replace("m3", "nm3"), moved.model_copy(update={"unit": one.unit.replace("m3", "Nm3")})

    def _from_own(self, *, per_volume: bool) -> float:
        """Return by what a figure at the instrument's own state becomes one at the reference state."""
        if self.reference is None or self._own is None:
            return 1.0
        grown = expansion(self._own, self.reference)
        return 1 / grown if per_volume else grown


def expansion(one: GasState, other: GasState) -> float:
    """Return how many m³ at `other` one m³ at the state `one` becomes."""
    if one == other:
        return 1.0
    warmth = (other.temperature + _ZERO_CELSIUS) / (one.temperature + _ZERO_CELSIUS)
    return warmth * one.pressure / other.pressure


def _weighed(one: AcceptedUnit, parameter: Parameter) -> AcceptedUnit:
    """Return a unit with the factor that follows from what it is reckoned as, if it says so."""
    if one.formula is None or parameter.formula is None:
        return one
    return one.model_copy(update={"factor": one.factor * molar_mass(parameter.formula) / molar_mass(one.formula)})


@lru_cache(maxsize=1_000)
def _state(temperature: float, pressure: float) -> GasState | None:
    try:
        return GasState(temperature=temperature, pressure=pressure)
    except ValueError:
        return None


def accepted(parameter: Parameter, reference: GasState | None = NORMAL) -> Units:
    """Return every unit in which `parameter` may arrive at an instrument that states no state of its own."""
    return Units(parameter, reference)
