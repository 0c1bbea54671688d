"""A small configuration with a stack that is corrected to a reference oxygen and an outfall with a load."""

from dataclasses import replace
from typing import Any

from registry.lookup import Registry
from registry.schema import Facility, Parameter, Regulation, Station
from support.configured import registry, station

_OTHERS: tuple[dict[str, Any], ...] = (
    {"id": "o2", "media": ["air"], "unit": "%"},
    {"id": "air_temperature", "media": ["air"], "unit": "degC"},
    {"id": "air_pressure", "media": ["air"], "unit": "hPa"},
    {"id": "moisture", "media": ["air"], "unit": "%"},
    {"id": "wind_speed", "media": ["air"], "unit": "m/s"},
    {"id": "wind_direction", "media": ["air"], "unit": "deg", "kind": "direction", "speed": "wind_speed"},
    {"id": "flow", "media": ["air", "water"], "unit": "m3/h"},
    {"id": "volume", "media": ["water"], "unit": "m3", "kind": "counter"},
    {"id": "so2_corrected", "media": ["air"], "unit": "ug/m3", "derived": {"kind": "corrected", "of": "so2"}},
    {"id": "so2_load", "media": ["air"], "unit": "kg", "kind": "amount", "derived": {"kind": "load", "of": "so2"}},
    {"id": "cod_load", "media": ["water"], "unit": "kg", "kind": "amount", "derived": {"kind": "load", "of": "cod"}},
)
LAW: dict[str, Any] = {
    "id": "LAW", "names": {"vi": "L", "en": "L"}, "document": "LAW", "kinds": ["stack"],
    "rows": [{
        "row": "law-so2", "clause": "1", "parameter": "so2", "averaging": "hour", "at_most": 200, "unit": "mg/Nm3",
        "needs_reference_o2": True, "confidence": "V2",
    }],
}  # fmt: skip


def facility(*applies: dict[str, Any]) -> Facility:
    """Return the facility F of the stack; without a word its licence names 7 % of oxygen."""
    named = applies or ({"regulation": "LAW", "reference_o2": 7},)
    return Facility.model_validate({
        "id": "F", "names": {"vi": "F", "en": "F"}, "area": "area", "sector": "industry", "applies": list(named),
    })  # fmt: skip


def stack(*more: dict[str, Any], measures: tuple[str, ...] = ("so2", "o2", "flow"), **changes: Any) -> Station:
    """Return the stack S-1 that measures SO₂ and O₂ every 5 minutes, with `more` parameters."""
    parameters = [*({"id": name} for name in measures), *(more or ({"id": "so2_corrected"},))]
    return station(
        "S-1", **{"kind": "stack", "facility": "F", "interval": "5 min", "parameters": parameters, **changes}
    )


def outfall(*more: dict[str, Any], **changes: Any) -> Station:
    """Return the outfall W-1 that measures COD and flow every 5 minutes, with `more` parameters."""
    parameters = [{"id": "cod"}, {"id": "flow"}, *(more or ({"id": "cod_load"},))]
    return station("W-1", **{"kind": "outfall", "interval": "5 min", "parameters": parameters, **changes})


def with_stacks(*stations: Station, plant: Facility | None = None, **policies: Any) -> Registry:
    """Return a registry that knows what is derived, the law LAW, and its facility F."""
    made = registry(*(stations or (stack(), outfall())), **policies)
    others = (
        Parameter.model_validate({"names": {"vi": one["id"], "en": one["id"]}, "symbol": one["id"],
                                  "plausible": [0, 1e9], **one})
        for one in _OTHERS
    )  # fmt: skip
    return replace(
        made,
        parameters={**made.parameters, **{one.id: one for one in others}},
        facilities={"F": plant or facility()},
        regulations={"LAW": Regulation.model_validate(LAW)},
    )
