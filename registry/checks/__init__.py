"""What one item alone cannot show: what relates its keys, and it to the others. `RULES` says what is judged by what."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import TypeAlias

from domain.text import Text
from registry.checks import alerting, derived, figures, law, places, quality, speaking, upkeep
from registry.checks.known import Findings, Known
from registry.contents import Contents, Found
from registry.formats import Format
from registry.partial import Unreadable

Check: TypeAlias = Callable[[Found, Known], Findings]

# By path: a top key, or parts of its items. Each check sees one item; what of it cannot be read ends that check only.
RULES: Mapping[str, Sequence[Check]] = {
    "province": (places.timezone, places.seasons, places.one_state_at_a_time),
    "province.reference_state": (law.ordered,),
    "province.policies": (places.policies,),
    "areas": (places.latitude, places.longitude),
    "facilities": (
        places.area, law.one_regulation_at_a_time, law.one_limit_at_a_time, law.one_capacity_at_a_time,
        law.one_oxygen_at_a_time,
    ),
    "facilities.applies": (
        law.ordered, law.regulation, law.in_force, law.column, law.factors_missing, law.factors_unused,
    ),
    "facilities.applies.factors": (law.confirmed_by_somebody, law.confirmed_by_now),
    "facilities.permits": (
        law.ordered, law.confirmed_by_somebody, law.confirmed_by_now, law.confirmed_figure, figures.parameter,
        figures.unit, figures.has_figure, figures.rising, figures.plausible_permit,
    ),
    "facilities.licensed_capacity": (law.ordered,),
    "facilities.leachate_level": (law.ordered,),
    "stations": (
        places.latitude, places.longitude, places.area, places.facility, places.area_of_facility, places.interval,
        places.silence, places.measured_once, places.one_place_at_a_time,
    ),
    "stations.earlier": (law.ordered, places.area, places.facility, places.area_of_facility, places.over),
    "stations.certificates": (law.ordered,),
    "stations.parameters": (
        law.ordered, places.measured_parameter, places.measured_medium, places.interval, figures.unit_at_station,
        figures.state, derived.at_station, derived.meter,
        quality.suspect_at_station, quality.whole_at_station, quality.oxygen_at_station, quality.long_enough_at_station,
        quality.companions_at_station, quality.either_set_or_off,
    ),
    "stations.decoder": (
        speaking.decoder, speaking.taken, speaking.needed, speaking.names, speaking.device, speaking.timezone,
        speaking.time_path, speaking.device_path, speaking.ignored_paths,
    ),
    "stations.decoder.fields": (speaking.path, speaking.mapped_parameter),
    "stations.decoder.names": (speaking.mapped_parameter, speaking.named_unit),
    "stations.decoder.records": (speaking.mapped_parameter,),
    "stations.decoder.topics": (speaking.mapped_parameter,),
    "parameters": (
        figures.molar_mass, figures.reckoned, figures.accepted_units, figures.index_unit, figures.index_molar_mass,
        derived.source, derived.speed,
        quality.suspect_in_plausible, quality.aliases,
    ),
    "parameters.checks": (quality.whole, quality.companions, quality.oxygen, quality.long_enough),
    "regulations": (law.ordered, law.one_row_at_a_time),
    "regulations.rows": (
        law.ordered, law.confirmed_by_somebody, law.confirmed_by_now, law.confirmed_figure, figures.parameter,
        figures.unit, figures.missing_or_figure, figures.rising, figures.plausible,
    ),
    "rules": (
        alerting.team, alerting.regulation, alerting.threshold_by_kind, alerting.threshold_parameters, alerting.window,
        alerting.parameters, alerting.silent, alerting.limited, alerting.compared, alerting.measured,
        alerting.often_enough, alerting.threshold_unit, alerting.threshold_plausible, alerting.clear_level,
    ),
    "rules.applies_to": (alerting.stations, alerting.areas),
    "rules.threshold": (figures.has_figure, figures.rising),
    "maintenance": (
        upkeep.somewhere, upkeep.stations, upkeep.facility, upkeep.parameters, upkeep.measured, upkeep.timezone,
        upkeep.once, upkeep.ordered,
    ),
    "people": (alerting.channels,),
    "people.channels": (alerting.channel,),
    "teams": (alerting.people,),
}  # fmt: skip


def check(contents: Contents, today: date | None = None, formats: Mapping[str, Format] | None = None) -> None:
    """Note every fault between items, in the sources of `contents`.

    `today` is what dates of the past are held against, `formats` what stations' decoders are.
    """
    known = Known(contents, today, formats or {})
    check_below("", known)
    for key in ("areas", "facilities", "parameters", "stations", "rules", "people", "teams", "regulations"):
        _unique(contents.of(key), lambda one: one.item.id, "id")
    _unique(contents.of("regulations.rows"), lambda one: one.item.row, "row")
    for one, findings in (
        *speaking.shared_topics(contents),
        *speaking.shared_files(contents),
        *law.general_regulations(contents),
    ):
        _note(one, findings)


def check_below(path: str, known: Known) -> None:
    """Note the faults of what stands at and below `path`, which begins one of RULES'."""
    for place, rules in RULES.items():
        for one in known.contents.of(place) if place.startswith(path) else ():
            for rule in rules:
                _note(one, rule(one, known))


def _note(one: Found, findings: Findings) -> None:
    try:
        for place, wrong, right in findings:
            one.source.fault((*one.place, *place), wrong, right)
    except Unreadable:
        return


def _unique(found: Iterable[Found], name: Callable[[Found], str], key: str) -> None:
    first: dict[str, Found] = {}
    for one in found:
        with suppress(Unreadable):
            before = first.setdefault(name(one), one)
            if before is one:
                continue
            where = f"{before.source.name}:{before.source.line(before.place)}"
            one.source.fault(
                (*one.place, key), Text("`{id}` stands twice, first in {where}", {"id": name(one), "where": where}),
                Text("give one of them another id, or remove it"),
            )  # fmt: skip
