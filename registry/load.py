"""The configuration files become one object, or a list of everything that is wrong with them."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from domain.text import Text
from registry.checks import check
from registry.contents import Contents, Found
from registry.faults import ConfigurationError
from registry.lookup import Registry
from registry.schema import Area, Facility, Parameter, Person, Province, Regulation, Rule, Station, Team
from registry.source import Place, Source, read_source
from registry.wording import fault_of

Model = TypeVar("Model", bound=BaseModel)

# What each file holds: top key and what its items are.
FILES: Mapping[str, Mapping[str, type[BaseModel]]] = {
    "areas.yaml": {"areas": Area},
    "facilities.yaml": {"facilities": Facility},
    "parameters.yaml": {"parameters": Parameter},
    "stations.yaml": {"stations": Station},
    "rules.yaml": {"rules": Rule},
    "teams.yaml": {"people": Person, "teams": Team},
}
REGULATION_FILE: Mapping[str, type[BaseModel]] = {"regulations": Regulation}


def load(folder: Path) -> Registry:
    """Return the configuration in `folder`, validated whole.

    Raises ConfigurationError with all faults of all files.
    """
    contents = read(folder)
    check(contents)
    if contents.faults or contents.province is None:
        raise ConfigurationError(contents.faults)
    return _registry(contents, contents.province, _hash(folder))


def read(folder: Path) -> Contents:
    """Return what stands in the files of `folder`, each item checked by itself; faults are noted, not raised."""
    contents = Contents()
    if not folder.is_dir():
        source = Source(str(folder))
        source.fault((), Text("there is no such folder"), Text("name it by --config, or make one: quantrac init DIR"))
        contents.sources.append(source)
        return contents
    _read_province(folder, contents)
    for name, keys in FILES.items():
        _read_lists(read_source(folder, name), keys, contents)
    for path in sorted((folder / "regulations").glob("*.yaml")):
        _read_lists(read_source(folder, f"regulations/{path.name}"), REGULATION_FILE, contents)
    return contents


def _read_province(folder: Path, contents: Contents) -> None:
    source = read_source(folder, "province.yaml")
    contents.sources.append(source)
    contents.province_source = source
    if not source.faults:
        contents.province = _validated(Province, source.content, (), source)


def _read_lists(source: Source, keys: Mapping[str, type[BaseModel]], contents: Contents) -> None:
    contents.sources.append(source)
    if source.faults and source.content is None:
        return
    if not isinstance(source.content, dict):
        source.fault((), Text("a list stands at the top"), Text("put it under `{key}:`", {"key": next(iter(keys))}))
        return
    _unknown_keys(source, keys)
    for key, model in keys.items():
        contents.found.setdefault(key, []).extend(_items(source, key, model))


def _unknown_keys(source: Source, keys: Iterable[str]) -> None:
    for key in source.content:
        if key not in keys:
            names = ", ".join(keys)
            source.fault((key,), Text("unknown key"), Text("this file has only: {names}", {"names": names}))
    for key in keys:
        if key not in source.content:
            source.fault((), Text("`{key}:` is missing", {"key": key}), Text("write it, with its list below"))


def _items(source: Source, key: str, model: type[Model]) -> Iterable[Found]:
    listed = source.content.get(key)
    if listed is not None and not isinstance(listed, list):
        source.fault((key,), Text("this is no list"), Text("begin each item with `- `"))
        return
    for index, content in enumerate(listed or ()):
        item = _validated(model, content, (key, index), source)
        if item is not None:
            yield Found(item, source, (key, index))


def _validated(model: type[Model], content: Any, place: Place, source: Source) -> Model | None:
    if not isinstance(content, dict):
        source.fault(place, Text("keys and values are expected here"), Text("write `key: value`, one in a line"))
        return None
    try:
        return model.model_validate(content)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            source.fault(*fault_of(detail, place, model))
        return None


def _registry(contents: Contents, province: Province, content_hash: int) -> Registry:
    def by_id(key: str) -> dict[str, Any]:
        return {one.item.id: one.item for one in contents.of(key)}

    return Registry(
        province=province, areas=by_id("areas"), facilities=by_id("facilities"), stations=by_id("stations"),
        parameters=by_id("parameters"), regulations=by_id("regulations"), rules=by_id("rules"), teams=by_id("teams"),
        people=by_id("people"), hash=content_hash,
    )  # fmt: skip


def _hash(folder: Path) -> int:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.yaml")):
        digest.update(f"{path.relative_to(folder)}\n".encode() + path.read_bytes())
    # 63 bits, so that every store can keep it as a signed integer.
    return int.from_bytes(digest.digest()[:8], "big") >> 1
