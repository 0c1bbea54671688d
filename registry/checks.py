"""What one item alone cannot show: references, duplicates, coordinates, units, limits that contradict each other."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import combinations
from typing import Any
from zoneinfo import ZoneInfo

from domain.text import Text
from registry.contents import Contents, Found
from registry.faults import nearest
from registry.schema import Dated, LimitRow
from registry.units import accepted, normal

_FOREVER = (date.min, date.max)


def check(contents: Contents) -> None:
    """Note every fault between items, in the sources of `contents`."""
    _timezone(contents)
    for key in ("areas", "facilities", "parameters", "stations", "rules", "people", "teams", "regulations"):
        _duplicates(contents.of(key), lambda one: one.id)
    _duplicates(_rows(contents), lambda row: row.row)
    for step in (_places, _dates, _references, _stations, _units, _limits, _rules, _channels):
        step(contents)


def _timezone(contents: Contents) -> None:
    if contents.province is None or contents.province_source is None:
        return
    try:
        ZoneInfo(contents.province.timezone)
    except (KeyError, ValueError, OSError):
        contents.province_source.fault(
            ("timezone",), Text("`{found}` is no time zone", {"found": contents.province.timezone}),
            Text("write a name of the tz database, such as Asia/Ho_Chi_Minh"),
        )  # fmt: skip


def _duplicates(found: Iterable[Found], name: Callable[[Any], str]) -> None:
    first: dict[str, Found] = {}
    for one in found:
        before = first.setdefault(name(one.item), one)
        if before is not one:
            where = f"{before.source.name}:{before.source.line(before.place)}"
            one.source.fault(
                one.place, Text("`{id}` stands twice, first in {where}", {"id": name(one.item), "where": where}),
                Text("give one of them another id, or remove it"),
            )  # fmt: skip


def _rows(contents: Contents) -> Iterator[Found]:
    for one in contents.of("regulations"):
        for index, row in enumerate(one.item.rows):
            yield Found(row, one.source, (*one.place, "rows", index))


def _places(contents: Contents) -> None:
    if contents.province is None:
        return
    box = contents.province.box
    for one in (*contents.of("areas"), *contents.of("stations")):
        for key, low, high in (("latitude", box.south, box.north), ("longitude", box.west, box.east)):
            value = getattr(one.item, key)
            if not low <= value <= high:
                one.source.fault(
                    (*one.place, key), Text("{value} is outside the province", {"value": str(value)}),
                    Text("between {low} and {high} (`box` in province.yaml); are the two exchanged?",
                         {"low": str(low), "high": str(high)}),
                )  # fmt: skip


def _dates(contents: Contents) -> None:
    for one in (*contents.of("regulations"), *_rows(contents)):
        _ordered(one, one.item, one.place)
    for one in contents.of("facilities"):
        _dated_list(one, one.item.applies, "applies")
        _dated_list(one, one.item.permits, "permits")
        for first, second in combinations(enumerate(one.item.applies), 2):
            if _overlap(first[1], second[1]) and first[1].regulation == second[1].regulation:
                one.source.fault(
                    (*one.place, "applies", second[0]), Text("the same regulation holds twice on the same days"),
                    Text("let one end (`to`) where the other begins (`from`)"),
                )  # fmt: skip
    for one in contents.of("stations"):
        _dated_list(one, one.item.certificates, "certificates")
        _dated_list(one, one.item.parameters, "parameters")


def _dated_list(found: Found, items: Iterable[Dated], key: str) -> None:
    for index, item in enumerate(items):
        _ordered(found, item, (*found.place, key, index))


def _ordered(found: Found, item: Dated, place: tuple[str | int, ...]) -> None:
    start, end = _span(item)
    if start >= end:
        found.source.fault(
            place, Text("`to` is not after `from`"), Text("`from` is the first day, `to` the first day after the last")
        )


def _span(item: Dated) -> tuple[date, date]:
    return item.valid_from or _FOREVER[0], item.valid_to or _FOREVER[1]


def _overlap(one: Dated, other: Dated) -> bool:
    (start, end), (begin, finish) = _span(one), _span(other)
    return start < finish and begin < end


def _refer(found: Found, place: tuple[str | int, ...], target: str | None, known: Iterable[str], file: str) -> bool:
    names = set(known)
    if target is None or target in names:
        return True
    near = nearest(target, names)
    right = (
        Text("did you mean `{near}`?", {"near": near})
        if near is not None
        else Text("write it in {file}, or name one that is there", {"file": file})
    )
    found.source.fault(
        (*found.place, *place), Text("there is no `{id}` in {file}", {"id": target, "file": file}), right
    )
    return False


def _ids(contents: Contents, key: str) -> set[str]:
    # Items that are themselves at fault were left out, but referring to them is no second fault.
    found = {one.item.id for one in contents.of(key)}
    for source in contents.sources:
        listed = source.content.get(key) if isinstance(source.content, dict) else None
        found |= {str(one["id"]) for one in listed or () if isinstance(one, dict) and "id" in one}
    return found


def _references(contents: Contents) -> None:
    areas, facilities, regulations = (_ids(contents, key) for key in ("areas", "facilities", "regulations"))
    parameters = _ids(contents, "parameters")
    for one in contents.of("facilities"):
        _refer(one, ("area",), one.item.area, areas, "areas.yaml")
        for index, applies in enumerate(one.item.applies):
            _refer(one, ("applies", index, "regulation"), applies.regulation, regulations, "regulations/")
        for index, permit in enumerate(one.item.permits):
            _refer(one, ("permits", index, "parameter"), permit.parameter, parameters, "parameters.yaml")
    for one in contents.of("stations"):
        _refer(one, ("area",), one.item.area, areas, "areas.yaml")
        _refer(one, ("facility",), one.item.facility, facilities, "facilities.yaml")
        for index, parameter in enumerate(one.item.parameters):
            _refer(one, ("parameters", index, "id"), parameter.id, parameters, "parameters.yaml")
        for index, path in enumerate(one.item.decoder.fields):
            at_station = [parameter.id for parameter in one.item.parameters]
            _refer(
                one, ("decoder", "fields", index, "parameter"), path.parameter, at_station, "parameters of the station"
            )
    for one in _rows(contents):
        _refer(one, ("parameter",), one.item.parameter, parameters, "parameters.yaml")
    _rule_references(contents, parameters, areas, regulations)
    for one in contents.of("teams"):
        for index, person in enumerate(one.item.people):
            _refer(one, ("people", index), person, _ids(contents, "people"), "teams.yaml")


def _rule_references(contents: Contents, parameters: set[str], areas: set[str], regulations: set[str]) -> None:
    stations, teams = _ids(contents, "stations"), _ids(contents, "teams")
    for one in contents.of("rules"):
        _refer(one, ("team",), one.item.team, teams, "teams.yaml")
        _refer(one, ("regulation",), one.item.regulation, regulations, "regulations/")
        for index, parameter in enumerate(one.item.parameters):
            _refer(one, ("parameters", index), parameter, parameters, "parameters.yaml")
        for index, station in enumerate(one.item.applies_to.stations):
            _refer(one, ("applies_to", "stations", index), station, stations, "stations.yaml")
        for index, area in enumerate(one.item.applies_to.areas):
            _refer(one, ("applies_to", "areas", index), area, areas, "areas.yaml")


def _stations(contents: Contents) -> None:
    facilities = {one.item.id: one.item for one in contents.of("facilities")}
    parameters = {one.item.id: one.item for one in contents.of("parameters")}
    topics: dict[str, str] = {}
    for one in contents.of("stations"):
        station = one.item
        facility = facilities.get(station.facility)
        if facility is not None and facility.area != station.area:
            one.source.fault(
                (*one.place, "area"), Text("its facility `{id}` is in another area, `{area}`",
                                           {"id": facility.id, "area": facility.area}),
                Text("station and facility lie in one area"),
            )  # fmt: skip
        _station_parameters(one, parameters)
        _intervals(one)
        topic = station.decoder.topic or f"quantrac/{station.id}/{station.medium}"
        before = topics.setdefault(topic, station.id)
        if before != station.id:
            one.source.fault(
                (*one.place, "decoder", "topic"),
                Text("`{topic}` is the topic of `{id}` too", {"topic": topic, "id": before}),
                Text("each station needs a topic of its own"),
            )  # fmt: skip


def _station_parameters(one: Found, parameters: dict[str, Any]) -> None:
    seen: list[Any] = []
    for index, wanted in enumerate(one.item.parameters):
        place = (*one.place, "parameters", index)
        if any(other.id == wanted.id and _overlap(other, wanted) for other in seen):
            one.source.fault(
                place, Text("`{id}` stands twice at this station", {"id": wanted.id}), Text("keep one of them")
            )
        seen.append(wanted)
        parameter = parameters.get(wanted.id)
        if parameter is None:
            continue
        if one.item.medium not in parameter.media:
            one.source.fault(
                place, Text("`{id}` is not measured in {medium}", {"id": wanted.id, "medium": one.item.medium}),
                Text("possible: {names}", {"names": ", ".join(parameter.media)}),
            )  # fmt: skip
        _fits(one, (*place, "unit"), wanted.unit, parameter)


def _intervals(one: Found) -> None:
    for key, value in (("interval", one.item.interval), ("silent_after", one.item.silent_after)):
        if value is not None and value.total_seconds() <= 0:
            one.source.fault((*one.place, key), Text("it must be longer than nothing"), Text("such as `5 min`"))


def _fits(one: Found, place: tuple[str | int, ...], unit: str | None, parameter: Any) -> None:
    if unit is None:
        return
    units = accepted(parameter)
    if normal(unit) not in units:
        names = ", ".join(sorted(found.unit or "–" for found in units.values()))
        one.source.fault(
            place, Text("`{unit}` is no unit of `{id}`", {"unit": unit, "id": parameter.id}),
            Text("possible: {names} (`accepts` in parameters.yaml)", {"names": names}),
        )  # fmt: skip


def _units(contents: Contents) -> None:
    parameters = {one.item.id: one.item for one in contents.of("parameters")}
    for one in contents.of("parameters"):
        if one.item.molar_mass is not None and normal(one.item.unit) not in {"ug/m3", "mg/m3"}:
            one.source.fault(
                (*one.place, "molar_mass"), Text("a molar mass belongs to a gas in ug/m3 or mg/m3"),
                Text("change the unit, or remove molar_mass"),
            )  # fmt: skip
            parameters.pop(one.item.id)
    for one in _rows(contents):
        if one.item.parameter in parameters:
            _fits(one, (*one.place, "unit"), one.item.unit, parameters[one.item.parameter])
    for one in contents.of("facilities"):
        for index, permit in enumerate(one.item.permits):
            if permit.parameter in parameters:
                _fits(one, (*one.place, "permits", index, "unit"), permit.unit, parameters[permit.parameter])
    for one in contents.of("rules"):
        for parameter in one.item.parameters if one.item.threshold else ():
            if parameter in parameters:
                _fits(one, (*one.place, "threshold", "unit"), one.item.threshold.unit, parameters[parameter])


def _limits(contents: Contents) -> None:
    for one in contents.of("regulations"):
        for (_, first), (index, second) in combinations(enumerate(one.item.rows), 2):
            if _contradict(first, second):
                one.source.fault(
                    (*one.place, "rows", index),
                    Text("`{one}` and `{other}` limit the same parameter and averaging on the same days",
                         {"one": first.row, "other": second.row}),
                    Text("one limit at a time: end one (`to`), or say the column or area_kinds of each"),
                )  # fmt: skip
    _factors(contents)
    _permits(contents)


def _contradict(one: LimitRow, other: LimitRow) -> bool:
    def what(row: LimitRow) -> tuple[str | None, ...]:
        return row.parameter, row.averaging, row.column, row.class_name

    areas = not one.area_kinds or not other.area_kinds or bool(set(one.area_kinds) & set(other.area_kinds))
    return what(one) == what(other) and areas and _overlap(one, other)


def _factors(contents: Contents) -> None:
    regulations = {one.item.id: one.item for one in contents.of("regulations")}
    for one in contents.of("facilities"):
        for index, applies in enumerate(one.item.applies):
            regulation = regulations.get(applies.regulation)
            if regulation is None:
                continue
            rows = [row for row in regulation.rows if row.column in {None, applies.column}]
            columns = sorted({row.column for row in regulation.rows if row.column})
            if regulation.rows and not rows:
                one.source.fault(
                    (*one.place, "applies", index, "column"), Text("`{id}` has no column `{column}`",
                        {"id": regulation.id, "column": applies.column or "–"}),
                    Text("possible: {names}", {"names": ", ".join(columns)}),
                )  # fmt: skip
            missing = {name for row in rows for name in row.factors} - {factor.name for factor in applies.factors}
            if missing:
                one.source.fault(
                    (*one.place, "applies", index),
                    Text("the factors {names} are missing", {"names": ", ".join(sorted(missing))}),
                    Text("write each as `- {{name: …, value: …}}` below `factors:`, from the licence"),
                )  # fmt: skip


def _permits(contents: Contents) -> None:
    for one in contents.of("facilities"):
        for (_, first), (index, second) in combinations(enumerate(one.item.permits), 2):
            if (first.parameter, first.averaging) == (second.parameter, second.averaging) and _overlap(first, second):
                one.source.fault(
                    (*one.place, "permits", index),
                    Text("two limits for `{id}` on the same days", {"id": first.parameter}),
                    Text("let one end (`to`) where the other begins (`from`)"),
                )  # fmt: skip


def _rules(contents: Contents) -> None:
    measured = {parameter.id for one in contents.of("stations") for parameter in one.item.parameters}
    for one in contents.of("rules"):
        rule = one.item
        if (rule.kind == "threshold") != (rule.threshold is not None):
            one.source.fault(
                one.place, Text("a rule of kind `threshold` has a `threshold`, and no other has"),
                Text("add it, or change `kind`"),
            )  # fmt: skip
        if rule.kind == "threshold" and not rule.parameters:
            one.source.fault(one.place, Text("`parameters` is missing"), Text("say what the threshold is for"))
        if rule.kind == "limit" and rule.window == "reading":
            one.source.fault(
                (*one.place, "window"), Text("a limit is compared with its own averaging, not with single readings"),
                Text("possible: {names}", {"names": "hour, hour8, hour24, day"}),
            )  # fmt: skip
        for index, parameter in enumerate(rule.parameters):
            if measured and parameter not in measured and parameter in _ids(contents, "parameters"):
                one.source.fault(
                    (*one.place, "parameters", index), Text("no station measures `{id}`", {"id": parameter}),
                    Text("remove it, or add it to a station"),
                )  # fmt: skip


def _channels(contents: Contents) -> None:
    for one in contents.of("people"):
        if not one.item.channels:
            one.source.fault(
                one.place, Text("nobody can be told who has no channel"), Text("add one below `channels:`")
            )
        for index, channel in enumerate(one.item.channels):
            wanted = "address" if channel.kind == "mail" else "url_file"
            if getattr(channel, wanted) is None:
                one.source.fault(
                    (*one.place, "channels", index), Text("`{key}` is missing", {"key": wanted}), Text("write it")
                )
    for one in contents.of("teams"):
        if not one.item.people:
            one.source.fault(one.place, Text("a team without people tells nobody"), Text("name people below `people:`"))
