"""What the configuration reference says of each key: read off the schema, in no language yet."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from domain.text import Text
from registry.load import FILES, PROVINCE_FILE, REGULATION_FILE, REGULATIONS_FOLDER
from registry.partial import bare
from registry.schema import Province

_PLAIN = {
    str: Text("text"), int: Text("whole number"), float: Text("number"), bool: Text("true or false"),
    date: Text("date"), timedelta: Text("duration"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its name with those around it, its type, default (None: must be written) and meaning."""

    name: str
    type: Text | str
    unit: str
    default: str | None
    meaning: Text


def files() -> Iterator[tuple[str, str, type[BaseModel]]]:
    """Yield file, top key (empty: the file's own keys) and what stands below it."""
    yield PROVINCE_FILE, "", Province
    for name, keys in (*FILES.items(), (f"{REGULATIONS_FOLDER}/*.yaml", REGULATION_FILE)):
        for key, model in keys.items():
            yield name, key, model


def keys(model: type[BaseModel], around: str = "") -> Iterator[Key]:
    """Yield the keys of `model`, those inside a key right after it."""
    for name, field in model.model_fields.items():
        key, meaning = f"{around}{field.alias or name}", field.description or ""
        yield Key(key, _type(field.annotation), _unit(field), _default(field), Text(meaning))
        inner, many = _inside(field.annotation)
        if inner is not None:
            yield from keys(inner, f"{key}[]." if many else f"{key}.")


def meanings() -> set[str]:
    """Return what the schema says of its files and keys, for the catalogue."""
    found: set[str] = set()
    for _, _, model in files():
        found |= {one.meaning.message for one in keys(model)} | {(model.__doc__ or "").strip()}
    return found - {""}


def _unit(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    return str(extra["unit"]) if isinstance(extra, dict) else ""


def _default(field: FieldInfo) -> str | None:
    return None if field.is_required() else _written(field.default)


def _written(value: Any) -> str:
    match value:
        case None | ():
            return "–"
        case BaseModel():
            return "–"
        case Enum():
            return str(value.value)
        case bool():
            return str(value).lower()
        case timedelta():
            return _duration(value)
        case tuple():
            return f"[{', '.join(_written(one) for one in value)}]"
    return str(value)


def _duration(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    length, name = next(
        (length, name) for length, name in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")) if seconds % length == 0
    )
    return f"{seconds // length} {name}"


def _type(annotation: Any) -> Text | str:
    annotation = bare(annotation)
    origin, inner = get_origin(annotation), get_args(annotation)
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    if origin is Literal:
        return " · ".join(f"`{one}`" for one in inner)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " · ".join(f"`{one.value}`" for one in annotation)
    if origin is tuple and inner[-1] is not ...:
        return Text("[lowest, highest]")
    if origin is tuple:
        return Text("list of: {what}", {"what": _type(inner[0])})
    return Text("keys")


def _inside(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    annotation = bare(annotation)
    many = get_origin(annotation) is tuple
    inner = bare(get_args(annotation)[0]) if many else annotation
    return (inner, many) if isinstance(inner, type) and issubclass(inner, BaseModel) else (None, many)
