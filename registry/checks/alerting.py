"""Rules, and the people who are told."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from domain.text import Text
from domain.window import HOUR
from registry.checks.figures import beyond, fits
from registry.checks.known import Findings, Known
from registry.contents import Found
from registry.limits import AVERAGING_OF
from registry.partial import Unreadable


def team(one: Found, known: Known) -> Findings:
    """Somebody is told."""
    yield from known.refer("teams", one.item.team, "team")


def regulation(one: Found, known: Known) -> Findings:
    """It is one that there is."""
    yield from known.refer("regulations", one.item.regulation, "regulation")


def limited(one: Found, known: Known) -> Findings:
    """A rule on one regulation is about what that limits."""
    found = known.items("regulations").get(one.item.regulation or "")
    if found is None or one.item.kind != "limit":
        return
    there = {name for row in found.rows for name in known.limited_by(row)}
    for index, name in enumerate(one.item.parameters):
        if name not in there and name in known.items("parameters"):
            yield (
                ("parameters", index), Text("`{regulation}` has no limit for `{id}`", {"regulation": found.id, "id": name}),
                Text("possible: {names}", {"names": ", ".join(sorted(there))}),
            )  # fmt: skip


def silent(one: Found, _: Known) -> Findings:
    """A rule on silence looks at stations, and at nothing that they measure."""
    if one.item.kind != "silent":
        return
    for key, meant in (("parameters", ()), ("regulation", None), ("window", "hour"), ("windows", 1)):
        if getattr(one.item, key) != meant:
            yield (
                (key,), Text("a rule of kind `silent` has no `{key}`", {"key": key}),
                Text("remove it: how long a station may say nothing is its own `silent_after`"),
            )  # fmt: skip


def compared(one: Found, known: Known) -> Findings:
    """Some limit of each parameter is for averages such as the rule's; else it would never raise anything."""
    if one.item.kind != "limit" or one.item.window not in AVERAGING_OF or "regulations" in known.contents.unknown:
        return
    wanted = one.item.regulation
    laws = [law for law in known.items("regulations").values() if wanted in {None, law.id}]
    permits = [permit for plant in known.items("facilities").values() for permit in plant.permits if wanted is None]
    limits = [*(row for law in laws for row in law.rows), *permits]
    for index, name in enumerate(one.item.parameters):
        mine = {
            known.unstated if row.averaging == "unstated" else row.averaging
            for row in limits
            if name in known.limited_by(row)
        }
        if mine and AVERAGING_OF[one.item.window] not in mine:
            yield (
                ("parameters", index), Text("no limit of `{id}` is compared with `{window}`: nothing would be raised",
                                            {"id": name, "window": one.item.window}),
                Text("limits of it are for: {names}", {"names": ", ".join(sorted(mine))}),
            )  # fmt: skip


def often_enough(one: Found, known: Known) -> Findings:
    """What is measured less often than a window is long has no such windows, and would never be judged."""
    longest = {"hour": HOUR, "hour8": HOUR, "hour24": HOUR, "day": 24 * HOUR}.get(one.item.window)
    if one.item.kind == "silent" or longest is None:
        return
    for station in _watched(one.item, known):
        for measured in station.parameters:
            every = measured.interval or station.interval
            if measured.id in one.item.parameters and not measured.irregular and every > longest:
                yield (
                    ("window",), Text("`{station}` measures `{id}` less often: it has no windows `{window}`",
                                      {"station": station.id, "id": measured.id, "window": one.item.window}),
                    Text("write a longer window, or leave the station out by `applies_to`"),
                )  # fmt: skip


def parameters(one: Found, known: Known) -> Findings:
    """They are described."""
    for index, name in enumerate(one.item.parameters):
        yield from known.refer("parameters", name, "parameters", index)


def stations(one: Found, known: Known) -> Findings:
    """They are there."""
    for index, name in enumerate(one.item.stations):
        yield from known.refer("stations", name, "stations", index)


def areas(one: Found, known: Known) -> Findings:
    """They are there."""
    for index, name in enumerate(one.item.areas):
        yield from known.refer("areas", name, "areas", index)


def people(one: Found, known: Known) -> Findings:
    """They are there, and there is one."""
    if not one.item.people:
        yield ("people",), Text("a team without people tells nobody"), Text("name people below `people:`")
    for index, name in enumerate(one.item.people):
        yield from known.refer("people", name, "people", index)
        if name in one.item.people[:index]:
            yield ("people", index), Text("`{id}` stands twice in this team", {"id": name}), Text("keep one of them")


def threshold_by_kind(one: Found, _: Known) -> Findings:
    """A threshold and the kind of rule go together."""
    if one.item.kind == "threshold" and one.item.threshold is None:
        yield (), Text("`{key}` is missing", {"key": "threshold"}), Text("write `at_most` or `at_least` and the `unit`")
    if one.item.kind != "threshold" and one.item.threshold is not None:
        yield (
            ("threshold",), Text("a rule of kind `{kind}` has no threshold", {"kind": one.item.kind}),
            Text("remove it, or write `kind: threshold`"),
        )  # fmt: skip


def threshold_parameters(one: Found, _: Known) -> Findings:
    """A figure without a parameter says nothing."""
    if one.item.kind == "threshold" and not one.item.parameters:
        yield (), Text("`{key}` is missing", {"key": "parameters"}), Text("say what the threshold is for")


def window(one: Found, _: Known) -> Findings:
    """A limit has its own averaging."""
    if one.item.kind == "limit" and one.item.window == "reading":
        yield (
            ("window",), Text("a limit is compared with its own averaging, not with single readings"),
            Text("possible: {names}", {"names": "hour, hour8, hour24, day, year"}),
        )  # fmt: skip


def measured(one: Found, known: Known) -> Findings:
    """Some station that the rule is for measures what it is about."""
    if "stations" in known.contents.unknown:
        return
    watched = list(_watched(one.item, known))
    if not watched:
        return  # of such stations there are none yet, or what selects them is at fault itself
    there = {parameter.id for station in watched for parameter in station.parameters}
    for index, name in enumerate(one.item.parameters):
        if name not in there and name in known.items("parameters"):
            yield (
                ("parameters", index), Text("no station of this rule measures `{id}`", {"id": name}),
                Text("remove it, add it to a station, or change `applies_to`"),
            )  # fmt: skip


def _watched(rule: Any, known: Known) -> Iterator[Any]:
    wanted = rule.applies_to
    for station in known.items("stations").values():
        with suppress(Unreadable):
            if (
                (not wanted.stations or station.id in wanted.stations)
                and (not wanted.kinds or station.kind in wanted.kinds)
                and (not wanted.areas or station.area in wanted.areas)
            ):
                yield station


def threshold_unit(one: Found, known: Known) -> Findings:
    """It is one in which each of the parameters can come."""
    for name in one.item.parameters if one.item.threshold is not None else ():
        yield from fits(known, name, one.item.threshold.unit, "threshold", "unit")


def threshold_plausible(one: Found, known: Known) -> Findings:
    """A threshold beyond what an instrument can show raises nothing, or never ends."""
    kinds = one.item.applies_to.kinds or tuple({station.kind for station in _watched(one.item, known)})
    for name in one.item.parameters if one.item.threshold is not None else ():
        yield from beyond(known, one.item.threshold, name, kinds, "threshold")


def clear_level(one: Found, _: Known) -> Findings:
    """An alert ends on the safe side of its threshold, at a level that there is."""
    bound, share = one.item.threshold, one.item.clear.share
    if bound is None or share == 1:
        return
    low, high = bound.at_least, bound.at_most
    if (low is not None and low < 0) or (high is not None and high < 0):
        yield (
            ("clear", "share"), Text("a share of a negative threshold lies on its wrong side"),
            Text("write `share: 1.0`: the alert ends at the threshold itself"),
        )  # fmt: skip
    elif low is not None and high is not None and low < high and low / share > high * share:
        yield (
            ("clear", "share"), Text("no level is clear of both thresholds: at least {low} and at most {high}",
                                     {"low": f"{low / share:g}", "high": f"{high * share:g}"}),
            Text("write a share nearer to 1"),
        )  # fmt: skip


def channels(one: Found, _: Known) -> Findings:
    """There is one."""
    if not one.item.channels:
        yield ("channels",), Text("nobody can be told who has no channel"), Text("add one below `channels:`")


def channel(one: Found, _: Known) -> Findings:
    """A channel has what its kind needs, and nothing else."""
    wanted, other = ("address", "url_file") if one.item.kind == "mail" else ("url_file", "address")
    if getattr(one.item, wanted) is None:
        yield (), Text("`{key}` is missing", {"key": wanted}), _CHANNEL[wanted]
    if getattr(one.item, other) is not None:
        yield (
            (other,), Text("a channel `{kind}` has no `{key}`", {"kind": one.item.kind, "key": other}),
            Text("remove it, or change `kind`"),
        )  # fmt: skip


_CHANNEL = {
    "address": Text("write the mail address: `address: name@example.vn`"),
    "url_file": Text("write the file that holds the URL: `url_file: /run/secrets/…`"),
}
