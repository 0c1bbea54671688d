"""The configuration files become one object, or a list of everything that is wrong with them."""

import gc
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from domain.text import Text
from registry.checks import check
from registry.contents import Contents, Found
from registry.faults import ConfigurationError, nearest
from registry.formats import Format
from registry.lookup import Registry
from registry.partial import dumped, partial
from registry.schema import Area, Facility, Maintenance, Parameter, Person, Province, Regulation, Rule, Station, Team
from registry.source import Place, Source, read_source
from registry.wording import faults_of

PROVINCE_FILE = "province.yaml"
# What each file holds: top key and what its items are.
FILES: Mapping[str, Mapping[str, type[BaseModel]]] = {
    "areas.yaml": {"areas": Area},
    "facilities.yaml": {"facilities": Facility},
    "parameters.yaml": {"parameters": Parameter},
    "stations.yaml": {"stations": Station},
    "rules.yaml": {"rules": Rule},
    "teams.yaml": {"people": Person, "teams": Team},
    "maintenance.yaml": {"maintenance": Maintenance},
}
# Those that need not be there.
OPTIONAL = {"maintenance.yaml"}
REGULATIONS_FOLDER = "regulations"
REGULATION_FILE: Mapping[str, type[BaseModel]] = {"regulations": Regulation}
_NAMES = (PROVINCE_FILE, *FILES)
# A file with one of these endings was meant to be read.
_SUFFIXES = {".yaml", ".yml", ".txt"}


def load(folder: Path, today: date | None = None, formats: Mapping[str, Format] | None = None) -> Registry:
    """Return the configuration in `folder`, validated whole.

    With `today`, what cannot have happened yet is a fault; with `formats`, a decoder that is none of them, or keys that
    are not for it. Raises ConfigurationError with all faults of all files.
    """
    with _without_collecting():
        contents = read(folder)
        check(contents, today, formats)
    if contents.faults:
        raise ConfigurationError(contents.faults)
    return _registry(contents, _hash(folder))


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Keep the garbage collector from walking the growing tree again and again: a third of the time of a large file."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def read(folder: Path) -> Contents:
    """Return what stands in the files of `folder`, each item checked by itself; faults are noted, not raised."""
    contents = Contents()
    if not folder.is_dir():
        source = Source(str(folder))
        source.fault((), Text("there is no such folder"), Text("name it by --config, or make one: quantrac init DIR"))
        contents.sources.append(source)
        return contents
    _read_province(read_source(folder, PROVINCE_FILE), contents)
    for name, keys in FILES.items():
        if name in OPTIONAL and not (folder / name).exists():
            continue
        _read_lists(read_source(folder, name), keys, contents)
    for path in sorted((folder / REGULATIONS_FOLDER).glob("*.yaml")):
        _read_lists(read_source(folder, f"{REGULATIONS_FOLDER}/{path.name}"), REGULATION_FILE, contents)
    _read_misnamed(folder, contents)
    return contents


def _read_misnamed(folder: Path, contents: Contents) -> None:
    """Note a fault for each file that somebody meant to be read and that is not."""
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.name != REGULATIONS_FOLDER and nearest(path.name, [REGULATIONS_FOLDER], 0.8):
            contents.sources.append(_unread(path.name, REGULATIONS_FOLDER))
            contents.unknown |= {*REGULATION_FILE}
        if path.is_file() and path.name not in _NAMES and _looks_meant(path):
            contents.sources.append(_unread(path.name, _meant(path)))
    for path in sorted((folder / REGULATIONS_FOLDER).glob("*")):
        if path.suffix != ".yaml" and _looks_meant(path):
            contents.sources.append(_unread(f"{REGULATIONS_FOLDER}/{path.name}", f"{path.name.partition('.')[0]}.yaml"))
            contents.unknown |= {*REGULATION_FILE}


def _looks_meant(path: Path) -> bool:
    return path.suffix.lower() in _SUFFIXES and not path.name.startswith(".")


def _meant(path: Path) -> str | None:
    found = nearest(path.name.partition(".")[0], [name.partition(".")[0] for name in _NAMES], 0.75)
    return f"{found}.yaml" if found is not None else None


def _unread(name: str, meant: str | None) -> Source:
    source = Source(name, lines=1)
    right = Text("possible: {names}; regulations stand in the folder regulations/", {"names": ", ".join(_NAMES)})
    if meant is not None:
        right = Text("did you mean `{near}`? Then rename it", {"near": meant})
    source.fault((), Text("a file of this name is not read"), right)
    return source


def _read_province(source: Source, contents: Contents) -> None:
    contents.sources.append(source)
    if source.content is not None:
        contents.found["province"] = [Found(validated(Province, source.content, (), source), source, ())]


def _read_lists(source: Source, keys: Mapping[str, type[BaseModel]], contents: Contents) -> None:
    contents.sources.append(source)
    content = source.content if isinstance(source.content, dict) else {}
    if source.content is not None and not isinstance(source.content, dict):
        wrong = Text("a list stands at the top") if isinstance(source.content, list) else Text("text stands at the top")
        source.fault((), wrong, Text("put a list under `{key}:`", {"key": next(iter(keys))}))
    elif source.content is not None:
        _top_keys(source, list(keys))
    for key, model in keys.items():
        if isinstance(content.get(key, ()), list):
            contents.found.setdefault(key, []).extend(_items(source, key, model))
            if any(isinstance(one, list) for one in content[key]):
                contents.unknown.add(key)  # the indentation is at fault: what is in it has ids, and nobody sees them
        elif key not in content or content[key] is not None:
            contents.unknown.add(key)


def _top_keys(source: Source, keys: Sequence[str]) -> None:
    missing = [key for key in keys if key not in source.content]
    for key in source.content:
        near = None if key in keys else nearest(key, missing)
        if near is not None:
            missing.remove(near)
            source.fault((key,), Text("unknown key"), Text("did you mean `{near}`?", {"near": near}))
        elif key not in keys:
            names = ", ".join(keys)
            source.fault((key,), Text("unknown key"), Text("this file has only: {names}", {"names": names}))
        elif not isinstance(source.content[key], list | None):
            source.fault((key,), Text("this is no list"), Text("begin each item with `- `"))
    for key in missing:
        source.fault((), Text("`{key}:` is missing", {"key": key}), Text("write it, with its list below"))


def _items(source: Source, key: str, model: type[BaseModel]) -> Iterator[Found]:
    for index, content in enumerate(source.content[key]):
        yield Found(validated(model, content, (key, index), source), source, (key, index))


def validated(model: type[BaseModel], content: Any, place: Place, source: Source) -> Any:
    """Return `content` as an item of `model`, or what can be read of it: then its faults are noted at `place`."""
    try:
        return model.model_validate_json(dumped(content), strict=True)
    except ValidationError as error:
        for where, wrong, right in faults_of(error.errors(include_url=False), place, model):
            if where not in source.doubtful:
                source.fault(where, wrong, right)
        return partial(model, content)


def _registry(contents: Contents, content_hash: int) -> Registry:
    def by_id(key: str) -> dict[str, Any]:
        return {one.item.id: one.item for one in contents.of(key)}

    (province,) = contents.of("province")
    return Registry(
        province=province.item, areas=by_id("areas"), facilities=by_id("facilities"), stations=by_id("stations"),
        parameters=by_id("parameters"), regulations=by_id("regulations"), rules=by_id("rules"), teams=by_id("teams"),
        people=by_id("people"), maintenance=tuple(one.item for one in contents.of("maintenance")), hash=content_hash,
    )  # fmt: skip


def _hash(folder: Path) -> int:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.yaml")):
        digest.update(f"{path.relative_to(folder)}\n".encode() + path.read_bytes())
    # 63 bits, so that every store can keep it as a signed integer.
    return int.from_bytes(digest.digest()[:8], "big") >> 1
