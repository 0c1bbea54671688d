"""How stations speak: their topics and decoders."""

from collections.abc import Iterator
from contextlib import suppress

from domain.text import Text
from registry.checks.figures import fits
from registry.checks.known import Findings, Known, suggestion
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
    if one.item.name == "native" and one.item.fields:
        yield (
            ("name",), Text("our own format needs no `fields`"),
            Text("write `name: fields` if the station sends JSON of another shape"),
        )  # fmt: skip


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
