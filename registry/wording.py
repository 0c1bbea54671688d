"""What a validator found, as a sentence for the person who wrote the file."""

import types
from collections.abc import Iterator
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from domain.text import Text
from registry.faults import nearest
from registry.source import Place

_EXPECTED: dict[str, tuple[Text, Text]] = {
    "string_type": (Text("text is expected, this is {found}"), Text('put it in quotes: "…"')),
    "float_type": (Text("a number is expected, this is {found}"), Text("write a number with a point, without a unit")),
    "float_parsing": (
        Text("a number is expected, this is {found}"),
        Text("write a number with a point, without a unit"),
    ),
    "int_type": (Text("a whole number is expected, this is {found}"), Text("write a whole number")),
    "int_parsing": (Text("a whole number is expected, this is {found}"), Text("write a whole number")),
    "bool_type": (Text("true or false is expected, this is {found}"), Text("write true or false")),
    "bool_parsing": (Text("true or false is expected, this is {found}"), Text("write true or false")),
    "date_type": (Text("a date is expected, this is {found}"), Text("write it as 2026-01-31")),
    "date_parsing": (Text("a date is expected, this is {found}"), Text("write it as 2026-01-31")),
    "date_from_datetime_parsing": (Text("a date is expected, this is {found}"), Text("write it as 2026-01-31")),
    "tuple_type": (Text("a list is expected, this is {found}"), Text("write [a, b], or one `- ` a line")),
    "model_type": (Text("keys and values are expected here"), Text("write `key: value`, one in a line")),
    "too_short": (Text("too few values"), Text("write two numbers: [lowest, highest]")),
    "too_long": (Text("too many values"), Text("write two numbers: [lowest, highest]")),
}
_FALSE_FRIENDS = {str: "text", int: "number", float: "number", bool: "true or false", list: "list"}


def fault_of(detail: Any, place: Place, model: type[BaseModel]) -> tuple[Place, Text, Text]:
    """Return place, what is wrong and what would be right of one pydantic error of `model` at `place`."""
    inside = tuple(part for part in detail["loc"] if isinstance(part, str | int))
    found, kind, context = detail.get("input"), detail["type"], detail.get("ctx", {})
    here = (*place, *inside)
    if kind == "missing":
        return here[:-1], Text("`{key}` is missing", {"key": here[-1]}), Text("write it")
    if kind == "extra_forbidden":
        return here, *_unknown_key(str(here[-1]), _keys(model, inside[:-1]))
    if kind == "value_error":
        return here, Text(str(context.get("error", ""))), Text("write it as the starter of `quantrac init` shows")
    if kind in {"literal_error", "enum"}:
        return here, *_choice(found, str(context.get("expected", "")))
    if kind == "string_pattern_mismatch":
        return here, *_pattern(found, context["pattern"])
    if kind in _EXPECTED:
        wrong, right = _EXPECTED[kind]
        return here, Text(wrong.message, {"found": _shown(found)}), right
    return here, *_bounds(found, context)


def _unknown_key(key: str, known: list[str]) -> tuple[Text, Text]:
    near = nearest(key, known)
    if near is not None:
        return Text("unknown key"), Text("did you mean `{near}`?", {"near": near})
    return Text("unknown key"), Text("known here: {names}", {"names": ", ".join(known)})


def _choice(found: Any, expected: str) -> tuple[Text, Text]:
    choices = [part.strip("' ") for part in expected.replace(" or ", ", ").split(", ")]
    near = nearest(str(found), choices)
    wrong = Text("{found} is not known here", {"found": _shown(found)})
    if near is not None:
        return wrong, Text("did you mean `{near}`? Possible: {names}", {"near": near, "names": ", ".join(choices)})
    return wrong, Text("possible: {names}", {"names": ", ".join(choices)})


def _pattern(found: Any, pattern: str) -> tuple[Text, Text]:
    wrong = Text("{found} cannot stand here", {"found": _shown(found)})
    if "MEM" in pattern:
        return wrong, Text("possible: V2, V3 …, S1, MEM, MISSING, FICTION")
    return wrong, Text("letters without marks, digits, _ and -, at most 40")


def _bounds(found: Any, context: Any) -> tuple[Text, Text]:
    limits = {"gt": "> ", "ge": "≥ ", "lt": "< ", "le": "≤ ", "min_length": "length ≥ "}
    allowed = ", ".join(f"{sign}{context[key]}" for key, sign in limits.items() if key in context)
    return Text("{found} cannot stand here", {"found": _shown(found)}), Text("allowed: {allowed}", {"allowed": allowed})


def _shown(found: Any) -> str:
    if found is None:
        return "null"
    text = str(found)
    return f"`{text[:40]}`" if not isinstance(found, dict | list) else "[…]"


def _keys(model: type[BaseModel], inside: Place) -> list[str]:
    """Return the keys that may stand at `inside` of `model`."""
    for part in inside:
        if isinstance(part, int):
            continue
        field = next((one for name, one in _named(model) if name == part), None)
        model = next(_models(field.annotation), model) if field is not None else model
    return [name for name, _ in _named(model)]


def _named(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        yield field.alias or name, field


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in {Union, types.UnionType, tuple, list}:
        for part in get_args(annotation):
            yield from _models(part)
