"""Whose a file of the watched folder is: by the folder that its sender has been given, and by its name.

The folder goes before the name: a station's account reaches its own folder only, while anybody can call a file as he
likes. The time in a name is not looked at; what was measured when stands in the file.
"""

import re

from domain.text import Text
from ingest.refusals import Refusal, RefusalReason, shown
from registry.lookup import Registry
from registry.schema import Station

_STAMPED = re.compile(r"(?P<who>.+)_\d{14}(?!\d).*", re.ASCII | re.DOTALL)


def sender_of(path: str, registry: Registry) -> Station:
    """Return the station whose the file at `path` (relative to the watched folder) is. Raises Refusal."""
    named = registry.station_of_file(called(_name(path)))
    owner = owner_of(path, registry)
    if owner is None:
        return _by_name(path, named)
    if named is not None and named.id != owner.id:
        raise _of_another(path, owner.id, named.id)
    if named is None and owner.decoder.files:
        raise _misnamed(path, owner)
    return owner


def owner_of(path: str, registry: Registry) -> Station | None:
    """Return the station into whose folder the file at `path` was put."""
    folder, slash, _ = path.partition("/")
    return registry.station_of_folder(folder) if slash else None


def account_of(path: str, registry: Registry) -> str:
    """Return who seems to have sent the file at `path`: a station, or what its files are called."""
    station = owner_of(path, registry) or registry.station_of_file(called(_name(path)))
    return station.id if station else called(_name(path))


def _by_name(path: str, named: Station | None) -> Station:
    if named is None:
        raise _unknown(path)
    if named.decoder.folder is not None:
        raise _outside(path, named.id, named.decoder.folder)
    return named


def called(name: str) -> str:
    """Return what a file is called, without the time and what follows it: `LA_NM1_20240115083000.txt` → `LA_NM1`."""
    found = _STAMPED.fullmatch(name)
    return found["who"] if found else name.rpartition(".")[0] or name


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _unknown(path: str) -> Refusal:
    return Refusal(RefusalReason.UNKNOWN_FILE, Text(
        "No station's files are called {name} ({path}). Write {name} below files at the station's decoder in "
        "stations.yaml, or let it send into a folder of its own.",
        {"name": shown(called(_name(path))), "path": shown(path)},
    ))  # fmt: skip


def _misnamed(path: str, owner: Station) -> Refusal:
    return Refusal(RefusalReason.UNKNOWN_FILE, Text(
        "The file {path} is in the folder of station {station}, whose files are called {names}. Write {name} below files at "
        "its decoder in stations.yaml if it is one of them.",
        {"path": shown(path), "station": owner.id, "names": ", ".join(owner.decoder.files),
         "name": shown(called(_name(path)))},
    ))  # fmt: skip


def _of_another(path: str, owner: str, named: str) -> Refusal:
    return Refusal(RefusalReason.STATION_MISMATCH, Text(
        "The file {path} is called as those of station {claimed}, but was put into the folder of {station}. Find out who "
        "sent it; correct the logger's file name or folder.",
        {"path": shown(path), "claimed": named, "station": owner},
    ))  # fmt: skip


def _outside(path: str, named: str, folder: str) -> Refusal:
    return Refusal(RefusalReason.STATION_MISMATCH, Text(
        "The file {path} is called as those of station {claimed}, which sends into the folder {folder} only. Find out who "
        "sent it; correct the logger's folder, or the folder at its decoder in stations.yaml.",
        {"path": shown(path), "claimed": named, "folder": folder},
    ))  # fmt: skip
