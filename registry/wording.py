"""What a validator found, as a sentence for the person who wrote the file."""

import types
from collections.abc import Iterator, Sequence
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from domain.text import Text
from registry.faults import Wrong, nearest
from registry.scalars import scalar
from registry.source import Place

_QUOTED = Text('put it in quotes: "…"')
_NUMBER = (Text("a number is expected, this is {found}"), Text("write a number with a point, without quotes and unit"))
_WHOLE = (Text("a whole number is expected, this is {found}"), Text("write a whole number, without quotes"))
_TRUTH = (Text("true or false is expected, this is {found}"), Text("write true or false, without quotes"))
_DATE = (Text("a date is expected, this is {found}"), Text("write it as 2026-01-31"))
_EXPECTED: dict[str, tuple[Text, Text]] = {
    "string_type": (Text("text is expected, this is {found}"), _QUOTED),
    "float_type": _NUMBER,
    "finite_number": _NUMBER,
    "int_type": _WHOLE,
    "int_from_float": _WHOLE,
    "bool_type": _TRUTH,
    "date_type": _DATE,
    "date_parsing": _DATE,
    "tuple_type": (Text("a list is expected, this is {found}"), Text("write [a, b], or one `- ` a line")),
    "too_long": (Text("too many values"), Text("write two numbers: [lowest, highest]")),
    "string_too_short": (Text("the text is empty"), Text("write it")),
}


def faults_of(details: Sequence[Any], place: Place, model: type[BaseModel]) -> Iterator[tuple[Place, Text, Text]]:
    """Yield place, what is wrong and what would be right of the pydantic errors of `model` at `place`.

    A key that is missing and stands there misspelt is one fault.
    """
    places = {id(one): tuple(part for part in one["loc"] if isinstance(part, str | int)) for one in details}
    meant = {_meant(model, places[id(one)]) for one in details if one["type"] == "extra_forbidden"}
    for one in details:
        inside = places[id(one)]
        misspelt = one["type"] == "missing" and inside in meant
        # What is in the list is at fault, and named.
        emptied = one["type"] == "too_short" and one["input"]
        if not misspelt and not emptied:
            where, wrong, right = _fault_of(one, inside, model)
            yield (*place, *where), wrong, right


def _meant(model: type[BaseModel], inside: Place) -> Place:
    near = nearest(str(inside[-1]), _keys(model, inside[:-1]))
    return (*inside[:-1], near or "")


def _fault_of(detail: Any, inside: Place, model: type[BaseModel]) -> tuple[Place, Text, Text]:
    if detail["type"] == "missing":
        return (inside[:-1], *_missing(model, inside))
    if detail["type"] == "extra_forbidden":
        return inside, *_unknown_key(str(inside[-1]), _keys(model, inside[:-1]))
    if detail["type"] == "model_type":
        names = ", ".join(_keys(model, inside))
        wrong = Text("keys and values are expected, this is {found}", {"found": _shown(detail["input"])})
        return inside, wrong, Text("write its keys and their values: {names}", {"names": names})
    return inside, *_wrong_value(detail.get("input"), detail["type"], detail.get("ctx", {}), _meaning(model, inside))


def _wrong_value(found: Any, kind: str, context: Any, meaning: Text) -> tuple[Text, Text]:
    if isinstance(error := context.get("error"), Wrong):
        return error.wrong, error.right
    if kind == "too_short":
        return Text("the list is empty"), Text("name at least one")
    if kind in {"literal_error", "enum"}:
        return _choice(found, str(context.get("expected", "")))
    if kind == "string_pattern_mismatch":
        return _pattern(found, context["pattern"])
    if kind == "string_too_long":
        wrong = Text("the text has {count} characters", {"count": len(found)})
        return wrong, Text("write at most {most}", {"most": context["max_length"]})
    if kind in _EXPECTED:
        wrong, right = _EXPECTED[kind]
        right = Text("write one text, not several") if right is _QUOTED and isinstance(found, list | dict) else right
        return Text(wrong.message, {"found": _shown(found)}), right
    return _bounds(found, context, meaning)


def _missing(model: type[BaseModel], inside: Place) -> tuple[Text, Text]:
    if isinstance(inside[-1], int):
        return Text("too few values"), Text("write two numbers: [lowest, highest]")
    wrong = Text("`{key}` is missing", {"key": inside[-1]})
    return wrong, Text("write it ({meaning})", {"meaning": _meaning(model, inside)})


def _meaning(model: type[BaseModel], inside: Place) -> Text:
    names = [part for part in inside if isinstance(part, str)]
    fields = dict(_named(_model_at(model, tuple(names[:-1]))))
    said = fields[names[-1]].description if names and names[-1] in fields else None
    return Text(said) if said else Text("its value")


def _unknown_key(key: str, known: list[str]) -> tuple[Text, Text]:
    near = nearest(key, known)
    names = ", ".join(known)
    if near is not None:
        return Text("unknown key"), Text("did you mean `{near}`? Known here: {names}", {"near": near, "names": names})
    return Text("unknown key"), Text("known here: {names}", {"names": names})


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


def _bounds(found: Any, context: Any, meaning: Text) -> tuple[Text, Text]:
    limits = {"gt": "> ", "ge": "≥ ", "lt": "< ", "le": "≤ "}
    allowed = ", ".join(f"{sign}{context[key]:g}" for key, sign in limits.items() if key in context)
    right = Text("allowed: {allowed} ({meaning})", {"allowed": allowed, "meaning": meaning})
    return Text("{found} cannot stand here", {"found": _shown(found)}), right


def _shown(found: Any) -> Text | str:
    if found is None:
        return Text("nothing")
    if isinstance(found, dict):
        return Text("a mapping of keys")
    if isinstance(found, list):
        return Text("a list")
    if isinstance(found, bool):
        return f"`{str(found).lower()}`"
    return Text("`{text}` (text)", {"text": found[:60]}) if _looks_like_a_number(found) else f"`{str(found)[:60]}`"


def _looks_like_a_number(found: Any) -> bool:
    return isinstance(found, str) and scalar(found) != found


def _keys(model: type[BaseModel], inside: Place) -> list[str]:
    """Return the keys that may stand at `inside` of `model`."""
    return [name for name, _ in _named(_model_at(model, inside))]


def _model_at(model: type[BaseModel], inside: Place) -> type[BaseModel]:
    for part in inside:
        field = next((one for name, one in _named(model) if name == part), None)
        model = next(_models(field.annotation), model) if field is not None else model
    return model


def _named(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        yield field.alias or name, field


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in {Union, types.UnionType, tuple, list}:
        for part in get_args(annotation):
            yield from _models(part)
