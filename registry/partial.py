"""What is right of an item that is not right as a whole, so that one fault hides no other."""

import types
from collections.abc import Mapping
from functools import lru_cache
from types import MethodType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import to_json

from registry.values import Id


class Unreadable(Exception):
    """What is asked for is not right by itself, and has been named as a fault already."""


class Partial:
    """Stands for an item of `model`: has what can be read, and raises Unreadable for the rest."""

    def __init__(self, model: type[BaseModel], values: Mapping[str, Any]) -> None:
        """Keep what can be read, by the model's own names."""
        self._model, self._values = model, values

    def __getattr__(self, name: str) -> Any:
        """Return a field's value, or what the model derives from its fields."""
        if name in self._values:
            return self._values[name]
        found = getattr(self._model, name, None)
        if isinstance(found, property) and found.fget is not None:
            return found.fget(self)
        if callable(found) and name not in self._model.model_fields:
            return MethodType(found, self)
        raise Unreadable(name)


def partial(model: type[BaseModel], content: Any) -> Partial:
    """Return what can be read of `content` as an item of `model`."""
    return Partial(model, dict(_fields(model, content if isinstance(content, dict) else None)))


def _fields(model: type[BaseModel], content: dict[str, Any] | None) -> Any:
    for name, field in model.model_fields.items():
        key = field.alias or name
        if content is None:
            continue
        if key in content:
            annotation = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
            try:
                yield name, _read(annotation, content[key])
            except Unreadable:
                continue
        elif not field.is_required():
            yield name, field.get_default(call_default_factory=True)


def _read(annotation: Any, content: Any) -> Any:
    try:
        return _adapter(annotation).validate_json(dumped(content), strict=True)
    except ValidationError:
        return _in_parts(annotation, content)


def _in_parts(annotation: Any, content: Any) -> Any:
    found = bare(annotation)
    if isinstance(found, type) and issubclass(found, BaseModel):
        return partial(found, content)
    inner = get_args(found)
    if get_origin(found) is tuple and inner[-1] is ... and isinstance(content, list):
        return tuple(_item(inner[0], one) for one in content)
    raise Unreadable


def bare(annotation: Any) -> Any:
    """Return the type without what only constrains it, and without the None of an optional key."""
    while get_origin(annotation) in {Annotated, Union, types.UnionType}:
        annotation = next(one for one in get_args(annotation) if one is not type(None))
    return annotation


def _item(annotation: Any, content: Any) -> Any:
    """Return an item of a list so that the others keep their place; an id that is none refers to nothing."""
    try:
        return _read(annotation, content)
    except Unreadable:
        if annotation is Id:
            return None
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            return Partial(annotation, {})
        raise


@lru_cache(maxsize=256)
def _adapter(annotation: Any) -> TypeAdapter[Any]:
    return TypeAdapter(annotation)


def dumped(content: Any) -> bytes:
    """Return `content` as the JSON in which it is validated: there, strictly, a list is a tuple and text is a date."""
    return to_json(content)
