"""How stations speak: their topics and decoders."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from domain.text import Text
from registry.checks.figures import fits
from registry.checks.known import Findings, Known, pairs, suggestion
from registry.checks.places import zone_findings
from registry.contents import Contents, Found
from registry.faults import nearest
from registry.partial import Unreadable
from registry.paths import steps
from registry.schema import DecoderChoice
from registry.source import Place

_DEFAULTS = DecoderChoice()


def decoder(one: Found, known: Known) -> Findings:
    """There is one of that name."""
    name, names = one.item.name, list(known.formats)
    if not names or name in names:
        return
    near = nearest(name, names)
    values = {"near": near, "names": ", ".join(names)}
    right = Text("did you mean `{near}`? Possible: {names}", values) if near else Text("possible: {names}", values)
    yield ("name",), Text("{found} is not known here", {"found": f"`{name}`"}), right


def taken(one: Found, known: Known) -> Findings:
    """What a decoder does not look at would be written for nothing."""
    chosen = known.formats.get(one.item.name)
    keys = one.item.model_fields_set if isinstance(one.item, DecoderChoice) else DecoderChoice.model_fields
    for key in sorted(keys) if chosen else ():
        if chosen and key not in {"name", *chosen.takes} and _is_written(one, key):
            yield (
                (key,), Text("the decoder `{name}` has no `{key}`", {"name": one.item.name, "key": key}),
                Text("remove it, or choose another decoder; this one takes: {keys}", {"keys": ", ".join(chosen.takes)}),
            )  # fmt: skip


def names(one: Found, _: Known) -> Findings:
    """No name means two things."""

    def judge(first: Any, second: Any, index: int) -> Findings:
        if first.name.casefold().split() == second.name.casefold().split():
            yield (
                ("names", index, "name"), Text("`{name}` stands twice", {"name": second.name}),
                Text("keep one of them"),
            )  # fmt: skip

    yield from pairs(one.item.names, judge)


def needed(one: Found, known: Known) -> Findings:
    """What a decoder cannot read without is there."""
    chosen = known.formats.get(one.item.name)
    for keys in chosen.needs if chosen else ():
        if any(_is_written(one, key) for key in keys):
            continue
        if "receipt_time" in keys:
            yield (), Text("nothing says when a value was measured"), _when(keys)
        else:
            said = DecoderChoice.model_fields[keys[0]].description
            right = Text("write it ({meaning})", {"meaning": Text(said) if said else Text("its value")})
            yield (), Text("`{key}` is missing", {"key": keys[0]}), right


def _is_written(one: Found, key: str) -> bool:
    """Tell whether a key is there; what cannot be read is, and its fault is named already."""
    try:
        return bool(getattr(one.item, key) != getattr(_DEFAULTS, key))
    except Unreadable:
        return True


def _when(keys: tuple[str, ...]) -> Text:
    if "time" in keys:
        return Text("write the path of the time at `time`, or `receipt_time: true` if the message has none")
    return Text("write `receipt_time: true`: such a message has no time of its own, and takes that of its receipt")


def device(one: Found, known: Known) -> Findings:
    """A device's id and where it stands go together, for a decoder that has to be told where."""
    chosen = known.formats.get(one.item.name)
    if chosen is not None and "device" in chosen.takes and (one.item.device is None) != (one.item.device_id is None):
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


def ignored_paths(one: Found, _: Known) -> Findings:
    """They are paths."""
    for index, written in enumerate(one.item.ignore):
        yield from _path(written, "ignore", index)


def path(one: Found, _: Known) -> Findings:
    """It is a path."""
    yield from _path(one.item.path, "path")


def _path(written: str | None, *place: str | int) -> Findings:
    try:
        steps(written if written is not None else "x")
    except ValueError:
        yield (
            place, Text("`{found}` is no path", {"found": written}),
            Text('keys with dots between them, [0] or [*] for places in a list, [key=value] for those with that value, '
                 '"…" around a key with a dot'),
        )  # fmt: skip


def named_unit(one: Found, _: Known) -> Findings:
    """A unit that says too little, and what it means, go together."""
    if (one.item.unit is None) != (one.item.instead_of is None):
        missing, given = ("unit", "instead_of") if one.item.unit is None else ("instead_of", "unit")
        yield (given,), Text("`{key}` is missing", {"key": missing}), Text("write both, or neither")


def mapped_parameter(one: Found, known: Known) -> Findings:
    """A value of a message fills a parameter of its station, in a unit of it."""
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


class _Claimed:
    """Who speaks on which topic, as far as has been seen."""

    def __init__(self) -> None:
        self._topics: dict[str, Found] = {}
        self._above: dict[str, Found] = {}  # by every beginning of a topic that is there

    def who(self, topic: str) -> Found | None:
        """Return who has the topic already, or one that it covers or is covered by."""
        plain, begins = topic.removesuffix("/#"), list(_beginnings(topic))
        covering = (self._topics.get(one) for one in (topic, *(f"{begin}/#" for begin in begins)))
        inside = self._above.get(plain) if plain != topic else None
        return next((one for one in covering if one is not None), inside)

    def add(self, topic: str, one: Found) -> None:
        self._topics.setdefault(topic, one)
        for begin in _beginnings(topic):
            self._above.setdefault(begin, one)


def _beginnings(topic: str) -> Iterator[str]:
    above = topic.removesuffix("/#")
    while above:
        yield above
        above = above.rpartition("/")[0]


def shared_topics(contents: Contents) -> Iterator[tuple[Found, Findings]]:
    """Yield what is wrong with topics on which two stations would speak, or one would say two things."""
    claimed = _Claimed()
    for own in (False, True):  # so that the one with a topic of its own is named, wherever it stands
        for one in contents.of("stations"):
            with suppress(Unreadable):
                if bool(one.item.decoder.own_topics) == own:
                    yield from ((one, found) for found in _shared_with(one, claimed))


def _shared_with(one: Found, claimed: _Claimed) -> Iterator[Findings]:
    for place, topic in _topics(one):
        before = claimed.who(topic)
        claimed.add(topic, one)
        if before is not None and (before.item.id != one.item.id or place[1:2] == ("topics",)):
            yield _shared(place, topic, before)


def _topics(one: Found) -> Iterator[tuple[Place, str]]:
    chosen = one.item.decoder
    if not chosen.own_topics or chosen.topic is not None:
        yield ("decoder", "topic"), one.item.topic
    for index, value in enumerate(chosen.topics):
        with suppress(Unreadable):
            yield ("decoder", "topics", index, "topic"), value.topic


def _shared(place: Place, topic: str, before: Found) -> Findings:
    where = f"{before.source.name}:{before.source.line(before.place)}"
    yield (
        place, Text("`{topic}` is the topic of `{id}` too ({where})",
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
