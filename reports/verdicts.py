"""How it is said whether pollution is being resolved: one plain sentence a parameter, then what it rests on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from markupsafe import Markup

from analysis.resolved import Month
from analysis.trend import Verdict
from domain.text import Text
from present.charts import Size
from present.months import PAGE, PHONE, MonthBar, MonthChart, draw_months
from present.scale import Scale, scale_of
from present.words import day, name, number, say, symbol, unit, with_unit
from present.words import shown as shown_level
from registry.lookup import Registry
from registry.schema import ParameterKind
from reports.drawn import NOT_FROM_ZERO
from reports.resolving import Against, AreaResolving, Capacity, Cause, Resolving

WORDS = {
    Verdict.WORSE: Text("Worse"), Verdict.BETTER: Text("Better"), Verdict.UNCLEAR: Text("No clear change"),
    Verdict.NOT_ENOUGH: Text("Not enough data"),
}  # fmt: skip
_SHOWN = 12  # months in the table of a page


@dataclass(frozen=True, slots=True)
class MonthLine:
    """A month as a table shows it."""

    month: str
    value: str
    share: str
    days: str
    hours: str


@dataclass(frozen=True, slots=True)
class Said:
    """One parameter of an area, said and drawn."""

    found: Resolving
    title: str
    verdict: str  # one word
    sentence: str
    details: Sequence[str]
    value_head: str
    lines: Sequence[MonthLine]
    chart_title: str
    wide: Markup
    narrow: Markup


@dataclass(frozen=True, slots=True)
class Answer:
    """What an area's section says: one sentence, then each parameter."""

    sentence: str
    parameters: Sequence[Said]
    causes: Sequence[str]


def answer(
    registry: Registry, found: AreaResolving, lang: str, *, badge: str = "", size: Size = PAGE
) -> Answer:  # fmt: skip
    """Return what there is to say of an area; `size` is that of the wide charts."""
    known = sorted(found.parameters, key=lambda one: list(Verdict).index(one.verdict) if one.verdict else len(Verdict))
    return Answer(
        sentence=say(summed_up(found.parameters), lang),
        parameters=[_said(registry, one, lang, (badge, size)) for one in known],
        causes=[_cause(registry, one, lang) for one in found.causes],
    )


def summed_up(found: Sequence[Resolving]) -> Text:
    """Return an area's answer: better only where nothing is worse, and what cannot be told is not called good."""
    counted = {one: sum(1 for parameter in found if parameter.verdict is one) for one in Verdict}
    values: dict[str, Any] = {one.value: count for one, count in counted.items()}
    if counted[Verdict.WORSE]:
        return Text(
            "No: {worse} get worse, {better} better, {no_clear_change} show no clear change, {not_enough_data} have not enough data.",
            values,
        )
    if counted[Verdict.BETTER]:
        return Text(
            "It gets better for {better}; {no_clear_change} show no clear change, {not_enough_data} have not enough data.",
            values,
        )
    if counted[Verdict.UNCLEAR]:
        return Text("No clear change; {not_enough_data} have not enough data.", values)
    return Text("That cannot be told yet: there is not enough data.")


def sentence(registry: Registry, one: Resolving, lang: str) -> str:
    """Return the plain sentence on one parameter."""
    if one.verdict is None:
        return say(Text("Not judged: nothing says which way is better."), lang)
    if one.verdict is Verdict.NOT_ENOUGH or one.trend is None:
        needed = {"count": one.months.enough, "least": registry.province.policies.trend_months}
        words = Text("Not enough data: {count} months have enough valid data, at least {least} are needed.", needed)
        return say(words, lang)
    rising = one.trend.slope > 0
    values: dict[str, Any] = {
        "what": _what(one), "slope": _slope(one, lang), "months": one.trend.months,
        "p": _probability(one.trend.p, lang),
    }  # fmt: skip
    if one.verdict is Verdict.UNCLEAR:
        words = Text(
            "No clear change of {what} over {months} months (Theil–Sen {slope} a year; seasonal Mann–Kendall, p {p}).",
            values,
        )
    elif one.verdict is Verdict.WORSE:
        words = (
            Text("Worse: {what} rises by {slope} a year over {months} months (Theil–Sen; seasonal Mann–Kendall, p {p}).", values)
            if rising else
            Text("Worse: {what} falls by {slope} a year over {months} months (Theil–Sen; seasonal Mann–Kendall, p {p}).", values)
        )  # fmt: skip
    else:
        words = (
            Text("Better: {what} rises by {slope} a year over {months} months (Theil–Sen; seasonal Mann–Kendall, p {p}).", values)
            if rising else
            Text("Better: {what} falls by {slope} a year over {months} months (Theil–Sen; seasonal Mann–Kendall, p {p}).", values)
        )  # fmt: skip
    return say(words, lang)


def _what(one: Resolving) -> Text:
    if one.of_share:
        return Text("the share of the time outside the limit")
    return Text("the monthly sum") if one.parameter.kind is ParameterKind.AMOUNT else Text("the monthly mean")


def _slope(one: Resolving, lang: str) -> str:
    """Return the change in a year, without its sign where the sentence says it."""
    change = one.trend.slope if one.trend else 0.0
    told = change if one.verdict is Verdict.UNCLEAR else abs(change)
    if one.of_share:
        return say(Text("{count} percentage points", {"count": number(100 * told, 1, lang)}), lang)
    shown = _scale(one)
    return with_unit(number(told / shown.per, shown.parameter.precision + 1, lang), shown.parameter.unit, lang)


def _probability(p: float, lang: str) -> str:
    return f"< {number(0.001, 3, lang)}" if p < 0.001 else f"= {number(p, 3, lang)}"


def _scale(one: Resolving) -> Scale:
    return scale_of(one.parameter, one.kind)


def _said(registry: Registry, one: Resolving, lang: str, drawn: tuple[str, Size]) -> Said:
    badge, size = drawn
    shown = _scale(one)
    called = symbol(name(one.parameter.names, lang), lang)
    what = say(_VALUES[one.parameter.kind is ParameterKind.AMOUNT], lang)
    of_unit = unit(shown.parameter.unit, lang)
    title = f"{called}, {say(_KINDS[one.kind], lang)}"
    chart = MonthChart(
        key=f"m-{one.kind}-{one.parameter.id}".replace("_", "-"), title=f"{called}: {what}",
        description=_description(one, lang), months=[_bar(registry, one, month) for month in one.months.months],
        unit=of_unit, lang=lang, days_word=_days_word(one, lang), badge=badge,
        from_zero=one.parameter.id not in NOT_FROM_ZERO,
    )  # fmt: skip
    return Said(
        found=one, title=title, verdict=say(WORDS[one.verdict], lang) if one.verdict else say(Text("Not judged"), lang),
        sentence=sentence(registry, one, lang), details=[say(text, lang) for text in _details(registry, one, lang)],
        value_head=what + (f", {of_unit}" if of_unit else ""),
        lines=[_line(one, month, lang) for month in reversed(one.months.months[-_SHOWN:])],
        chart_title=chart.title, wide=draw_months(chart, size), narrow=draw_months(chart, PHONE),
    )  # fmt: skip


_VALUES = {False: Text("Monthly mean"), True: Text("Monthly sum")}
_KINDS = {
    "air": Text("ambient air"), "stack": Text("stacks"), "outfall": Text("outfalls"),
    "surface_water": Text("surface water"), "waste": Text("waste"),
}  # fmt: skip


def _days_word(one: Resolving, lang: str) -> str:
    most = max(month.days_over for month in one.months.months)
    if not most:
        return say(Text("No day outside the limit"), lang)
    return say(Text("Days outside the limit, at most {count}", {"count": most}), lang)


def _bar(registry: Registry, one: Resolving, month: Month) -> MonthBar:
    enough = not month.running and (month.share is None or month.share >= registry.province.policies.capture)
    counts = one.against not in {Against.NOTHING, Against.CAPACITY} and month.is_known
    return MonthBar(month.first, _scale(one).value(month.value), enough, month.days_over if counts else None)


def _line(one: Resolving, month: Month, lang: str) -> MonthLine:
    shown, compared = _scale(one), one.against not in {Against.NOTHING, Against.CAPACITY} and month.is_known
    value = shown.value(month.value)
    hours = month.station_hours_over if one.against is Against.FILL else month.hours_over
    return MonthLine(
        month=month_name(month.first, lang) + (" *" if month.running else ""),
        value="–" if value is None else figure(value, shown.parameter.precision, lang),
        share="–" if month.share is None else with_unit(number(100 * month.share, 0, lang), "%", lang),
        days=str(month.days_over) if compared else "–",
        hours=str(hours) if compared else "–",
    )


def figure(value: float, precision: int, lang: str) -> str:
    """Write a month's figure as levels are written."""
    return shown_level(value, None, precision, lang)


def month_name(first: date, lang: str) -> str:
    """Write a month: 11/2026 in Vietnamese, Nov 2026 in English."""
    return f"{first:%m/%Y}" if lang == "vi" else day(first, lang, short=True).split(" ", 1)[1]


def _description(one: Resolving, lang: str) -> str:
    months = one.months.months
    values = {
        "first": month_name(months[0].first, lang), "last": month_name(months[-1].first, lang),
        "count": sum(1 for month in months if month.value is not None), "all": len(months),
        "days": sum(month.days_over for month in months),
    }  # fmt: skip
    return say(
        Text("From {first} to {last}: {count} of {all} months have a figure; {days} days outside the limit.", values),
        lang,
    )


def _details(registry: Registry, one: Resolving, lang: str) -> Iterator[Text]:
    yield from _last_outside(one, lang)
    yield from _against(registry, one)
    if one.against is Against.CAPACITY:
        yield from _tonnes(one.capacity, lang)
    valid, expected = (sum(getattr(month, what) for month in one.months.months) for what in ("valid", "expected"))
    if expected:
        yield Text("{share} % of the time since {first} is valid.", {
            "share": number(100 * min(1, valid / expected), 0, lang),
            "first": month_name(one.months.months[0].first, lang),
        })  # fmt: skip


def _last_outside(one: Resolving, lang: str) -> Iterator[Text]:
    if one.against in {Against.NOTHING, Against.CAPACITY}:
        return
    since = one.months.full_months_since
    if since is None or one.months.last_outside is None:
        yield Text("Never outside the limit since {first}.", {"first": month_name(one.months.months[0].first, lang)})
        return
    values = {"day": day(one.months.last_outside, lang, short=True), "months": since}
    yield Text("Last outside the limit on {day}; full months since then: {months}.", values)
    if unknown := one.months.unknown_since:
        yield Text("Of these months, without any measurement: {months}.", {"months": unknown})


def _against(registry: Registry, one: Resolving) -> Iterator[Text]:
    if one.against is Against.NOTHING and one.parameter.kind is ParameterKind.AMOUNT:
        yield Text("No licensed capacity is stated: the tonnes are not held against anything.")
    elif one.against is Against.NOTHING:
        yield Text("No limit is in force to compare with: hours and days over it are not counted.")
    elif one.against is Against.LIMIT and not one.confirmed:
        yield Text("The limit is a reference that is not confirmed: what is outside it is advisory.")
    elif one.against is Against.FILL:
        values = {"level": registry.province.policies.fill_level}
        yield Text("Hours of all containers above {level} %, a policy of the department.", values)
    elif one.against is Against.LEACHATE:
        yield Text("Held against the level that the licence or design of the facility states.")


def _tonnes(capacity: Sequence[Capacity], lang: str) -> Iterator[Text]:
    known = [one for one in capacity[:-1] if one.tonnes is not None and one.allowed]
    if not known:
        yield Text("No full month with a stated capacity yet.")
        return
    last = known[-1]
    above = sum(1 for one in known if one.tonnes is not None and one.allowed is not None and one.tonnes > one.allowed)
    yield Text("{tonnes} t of {allowed} t allowed by the licence in {month}; months above it: {above} of {all}.", {
        "tonnes": number(last.tonnes or 0.0, 0, lang), "allowed": number(last.allowed or 0.0, 0, lang),
        "month": month_name(last.first, lang), "above": above, "all": len(known),
    })  # fmt: skip


def _cause(registry: Registry, one: Cause, lang: str) -> str:
    parameter, rule = registry.parameters.get(one.parameter), registry.rules.get(one.rule)
    values = {
        "station": one.station, "count": one.count,
        "parameter": symbol(name(parameter.names, lang), lang) if parameter else one.parameter,
        "rule": name(rule.names, lang) if rule else one.rule,
    }  # fmt: skip
    return say(Text("{parameter} at {station}: {count} alerts in 12 months ({rule})", values), lang)
