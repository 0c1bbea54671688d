"""How stations speak: their topics and decoders."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from domain.text import Text
from registry.checks.figures import fits
from registry.checks.known import Findings, Known, pairs, suggestion
from registry.checks.places import zone_findings
from registry.contents import Contents, Found
from registry.partial import Unreadable
from registry.paths import steps


def decoder(one: Found, _: Known) -> Findings:
    """Paths are for the decoder that follows them, and it needs some."""
    if one.item.name == "fields" and not one.item.fields:
        yield (
            ("fields",), Text("the decoder `fields` has no fields"),
            Text("write `path` and `parameter` of each value of the message below `fields:`"),
        )  # fmt: skip
    if one.item.name == "circular10" and one.item.fields:
        yield (
            ("name",), Text("the decoder `circular10` has no `fields`"),
            Text("write below `names` what the logger calls its parameters, or `name: fields` if it sends JSON"),
        )  # fmt: skip
    if one.item.name == "native" and one.item.fields:
        yield (
            ("name",), Text("our own format needs no `fields`"),
            Text("write `name: fields` if the station sends JSON of another shape"),
        )  # fmt: skip


def names(one: Found, _: Known) -> Findings:
    """They are for the decoder that asks for them, and no name means two things."""
    if one.item.name != "circular10" and one.item.names:
        yield (
            ("names",), Text("only the decoder `circular10` reads `names`"),
            Text("write `name: circular10` if the station sends the text of Circular 10/2021, or leave them out"),
        )  # fmt: skip

    def judge(first: Any, second: Any, index: int) -> Findings:
        if first.name.casefold().split() == second.name.casefold().split():
            yield (
                ("names", index, "name"), Text("`{name}` stands twice", {"name": second.name}),
                Text("keep one of them"),
            )  # fmt: skip

    yield from pairs(one.item.names, judge)


def time(one: Found, _: Known) -> Findings:
    """A message says when it was measured, or may be taken for the moment of receipt."""
    if one.item.name == "fields" and one.item.time is None and not one.item.receipt_time:
        yield (
            (), Text("nothing says when a value was measured"),
            Text("write the path of the time at `time`, or `receipt_time: true` if the message has none"),
        )  # fmt: skip


def device(one: Found, _: Known) -> Findings:
    """A device's id and where it stands go together."""
    if (one.item.device is None) != (one.item.device_id is None):
        missing, given = ("device_id", "device") if one.item.device_id is None else ("device", "device_id")
        yield (given,), Text("`{key}` is missing", {"key": missing}), Text("write both, or neither")


def timezone(one: Found, _: Known) -> Findings:
    """It exists."""
    yield from zone_findings(one.item.timezone, "timezone")


def time_path(one: Found, _: Known) -> Findings:
    """It is a path."""
    yield from _path(one.item.time, "time")


def device_path(one: Found, _: Known) -> Findings:
    """It is a path."""
    yield from _path(one.item.device, "device")


def path(one: Found, _: Known) -> Findings:
    """It is a path."""
    yield from _path(one.item.path, "path")


def _path(written: str | None, *place: str) -> Findings:
    try:
        steps(written if written is not None else "x")
    except ValueError:
        yield (
            place, Text("`{found}` is no path", {"found": written}),
            Text('keys with dots between them, [0] or [*] for places in a list, "…" around a key with a dot'),
        )  # fmt: skip


def field_parameter(one: Found, known: Known) -> Findings:
    """A field fills a parameter of its station, in a unit of it."""
    yield from _at_station(one, known)


def named_parameter(one: Found, known: Known) -> Findings:
    """A logger's name means a parameter of its station, in a unit of it."""
    yield from _at_station(one, known)


def named_unit(one: Found, _: Known) -> Findings:
    """A unit that says too little, and what it means, go together."""
    if (one.item.unit is None) != (one.item.instead_of is None):
        missing, given = ("unit", "instead_of") if one.item.unit is None else ("instead_of", "unit")
        yield (given,), Text("`{key}` is missing", {"key": missing}), Text("write both, or neither")


def _at_station(one: Found, known: Known) -> Findings:
    station = one.inside.around if one.inside else None
    names = {parameter.id for parameter in station.parameters} if station else set()
    if one.item.parameter in names:
        yield from fits(known, one.item.parameter, one.item.unit, "unit")
    else:
        where = Text("the station's parameters")
        yield (
            ("parameter",), Text("there is no `{id}` in {file}", {"id": one.item.parameter, "file": where}),
            suggestion(one.item.parameter, names, where),
        )  # fmt: skip


def shared_topics(contents: Contents) -> Iterator[tuple[Found, Findings]]:
    """Yield what is wrong with topics on which two stations would speak."""
    first: dict[str, Found] = {}
    for own in (False, True):  # so that the one with a topic of its own is named, wherever it stands
        for one in contents.of("stations"):
            with suppress(Unreadable):
                if (one.item.decoder.topic is not None) != own:
                    continue
                before = first.setdefault(one.item.topic, one)
                if before is not one and before.item.id != one.item.id:
                    yield one, _shared(one.item.topic, before)


def _shared(topic: str, before: Found) -> Findings:
    where = f"{before.source.name}:{before.source.line(before.place)}"
    yield (
        ("decoder", "topic"), Text("`{topic}` is the topic of `{id}` too ({where})",
                                   {"topic": topic, "id": before.item.id, "where": where}),
        Text("each station needs a topic of its own"),
    )  # fmt: skip


def shared_files(contents: Contents) -> Iterator[tuple[Found, Findings]]:
    """Yield what is wrong with files and folders that two stations would call theirs."""
    names: dict[str, Found] = {}
    folders: dict[str, Found] = {}
    for one in contents.of("stations"):
        with suppress(Unreadable):
            for name in one.item.decoder.files:
                before = names.setdefault(name, one)
                if before is not one:
                    yield one, _owned(name, before, "files")
            folder = one.item.decoder.folder or one.item.id
            before = folders.setdefault(folder, one)
            if before is not one and before.item.id != one.item.id:
                yield one, _owned(folder, before, "folder")


def _owned(name: str, before: Found, key: str) -> Findings:
    where = f"{before.source.name}:{before.source.line(before.place)}"
    yield (
        ("decoder", key), Text("`{name}` belongs to the files of `{id}` too ({where})",
                               {"name": name, "id": before.item.id, "where": where}),
        Text("each station needs files and a folder of its own"),
    )  # fmt: skip
