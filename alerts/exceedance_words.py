"""Messages about levels that are over: by a confirmed limit, or advisory."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

import msgspec

from alerts.wording import Content, Envelope, Voice, bare
from domain.alert import AlertKind
from domain.limit import Bound
from domain.text import Text
from domain.window import HOUR, local_midnight
from present import words
from present.scale import scale_of
from registry.schema import Parameter, ParameterKind, Station
from storage.alerting import AlertRow

# What a level is held against: a confirmed limit, a value that the department has not confirmed, its own threshold.
_ABOVE = {
    "limit": Text("{what} {level}, above the limit of {limit}"),
    "reference": Text("{what} {level}, above the reference value of {limit}"),
    "threshold": Text("{what} {level}, above our own threshold of {limit}"),
}
_BELOW = {
    "limit": Text("{what} {level}, below the lower limit of {limit}"),
    "reference": Text("{what} {level}, below the lower reference value of {limit}"),
    "threshold": Text("{what} {level}, below our own lower threshold of {limit}"),
}
_SHORT_ABOVE = {
    "limit": Text("{what} {level}, limit {limit}"),
    "reference": Text("{what} {level}, reference {limit} not confirmed"),
    "threshold": Text("{what} {level}, own threshold {limit}"),
}
_TIMES = Text("{what} {level}, {times} times the limit of {limit}")
_SHORT_TIMES = Text("{what} {level}, {times}x limit {limit}")
_RUNS = {
    "reading": Text("{count} readings in a row ({levels})"),
    "hour": Text("{count} hours in a row ({levels})"),
    "hour8": Text("{count} 8-hour windows in a row ({levels})"),
    "hour24": Text("{count} 24-hour windows in a row ({levels})"),
    "day": Text("{count} days in a row ({levels})"),
    "year": Text("{count} years in a row ({levels})"),
}
_RUNS_WITH_GAPS = {
    "reading": Text("{count} readings, not all in a row ({levels})"),
    "hour": Text("{count} hours, not all in a row ({levels})"),
    "hour8": Text("{count} 8-hour windows, not all in a row ({levels})"),
    "hour24": Text("{count} 24-hour windows, not all in a row ({levels})"),
    "day": Text("{count} days, not all in a row ({levels})"),
    "year": Text("{count} years, not all in a row ({levels})"),
}
_MEANS = {
    "reading": Text("single reading of {span}"),
    "hour": Text("hourly mean {span}"),
    "hour8": Text("8-hour mean {span}"),
    "hour24": Text("24-hour mean {span}"),
    "day": Text("daily mean of {span}"),
    "year": Text("annual mean of {span}"),
}
_TOTALS = {
    **_MEANS, "hour": Text("hourly total {span}"), "day": Text("daily total of {span}"),
    "year": Text("annual total of {span}"),
}  # fmt: skip
_LENGTHS = {"hour": HOUR, "hour8": 8 * HOUR, "hour24": 24 * HOUR}


@dataclass(frozen=True)
class ExceedanceWords:
    """Says in one language what is known of one alert on a level."""

    voice: Voice
    alert: AlertRow
    now: datetime

    @property
    def _station(self) -> Station:
        return self.voice.registry.stations[self.alert.series.station]

    @classmethod
    def of(cls, voice: Voice, alert: AlertRow, now: datetime) -> Self:
        """Return what says of `alert` in the unit in which people read its parameter."""
        station = voice.registry.stations[alert.series.station]
        scale = scale_of(voice.registry.parameters[alert.series.parameter], station.kind)
        if scale.per == 1:
            return cls(voice, alert, now)
        levels = tuple((end, scale.value(level) or 0.0) for end, level in alert.record.levels)
        bound = scale.bound(Bound(alert.limit_low, alert.limit_high))
        shown = replace(
            alert, level=scale.value(alert.level), peak=scale.value(alert.peak), limit_low=bound.low,
            limit_high=bound.high, record=msgspec.structs.replace(alert.record, levels=levels),
        )  # fmt: skip
        return cls(voice, shown, now)

    @property
    def _parameter(self) -> Parameter:
        return scale_of(self.voice.registry.parameters[self.alert.series.parameter], self._station.kind).parameter

    @property
    def _bound(self) -> Bound:
        return Bound(self.alert.limit_low, self.alert.limit_high)

    @property
    def _noun(self) -> str:
        if self.alert.record.rule_kind == "threshold":
            return "threshold"
        return "limit" if self.alert.record.limit_confirmed else "reference"

    def first(self, envelope: Envelope) -> Content:
        """Say that an alert has opened."""
        _ = self.voice.translate
        over = self.alert.kind is AlertKind.OVER
        kind = _("Over limit") if over else _("Advisory")
        where, since = self._where(), self._since()
        subject = f"{kind}: {self._headline()}, {where} ({envelope.number})"
        first = _("{kind}: {fact}. {where}, since {since}.", kind=kind, fact=self._moving(), where=where, since=since)
        return Content(subject, first, tuple(self._first_parts(envelope)), self._shorts(envelope), self._link(envelope))

    def _first_parts(self, envelope: Envelope) -> Iterator[tuple[str, ...]]:
        yield (self._run(), *self._again())
        yield self._why()
        yield self._doubts()
        yield self._to_do()
        yield (*self._limit_lines(), self._data(), self.voice.place(self._station), *self._contact())
        yield from self._ending(envelope)

    # Pieces.

    def _where(self) -> str:
        return f"{self._station.id}, {self.voice.area(self._station)}"

    def _since(self) -> str:
        """Say since when: by the label of the first window that was over, which is its end, or by the day."""
        since = self.alert.since
        if self.alert.record.window == "year":
            return str(since.astimezone(self.voice.registry.zone).year)
        if self.alert.record.window == "day":
            return words.day(since.astimezone(self.voice.registry.zone).date(), self.voice.lang, short=True)
        return self.voice.since(since, self.now)

    def _written(self, value: float) -> str:
        return self.voice.level(value, self._parameter, self._bound)

    def _times(self, value: float) -> str | None:
        """Write how many times the limit a level is; None where that says nothing, as of a pH."""
        low, high = self._bound.low, self._bound.high
        has_times = low is None and high is not None and value > high > 0
        return words.times_limit(value, high, self.voice.lang) if has_times and high is not None else None

    def _headline(self, level: float | None = None) -> str:
        _ = self.voice.translate
        value = level if level is not None else self._shown_level()
        what = self.voice.symbol(self._parameter)
        times = self._times(value) if self._noun == "limit" else None
        return f"{what} {self._written(value)}" if times is None else _("{what} {times} times", what=what, times=times)

    def _shown_level(self) -> float:
        """Return the newest level that was over: what the message is about."""
        levels = self.alert.record.levels
        return levels[-1][1] if levels else (self.alert.level or 0.0)

    def _fact(self, value: float) -> str:
        return self.voice.say(self._fact_text(value, short=False))

    def _fact_text(self, value: float, *, short: bool) -> Text:
        what = self.voice.symbol(self._parameter) if short else self.voice.name(self._parameter)
        side = self._bound.low if self._bound.low is not None and value < self._bound.low else self._bound.high
        shown = words.number(side if side is not None else 0.0, None, self.voice.lang)
        values = {"what": what, "level": self._written(value), "limit": shown}
        times = self._times(value)
        if self._noun == "limit" and times is not None:
            return Text((_SHORT_TIMES if short else _TIMES).message, {**values, "times": times})
        if short:
            return Text(_SHORT_ABOVE[self._noun].message, values)
        return Text((_BELOW if side == self._bound.low else _ABOVE)[self._noun].message, values)

    def _moving(self) -> str:
        """Return the fact of the newest level over, and whether it rises or falls."""
        _ = self.voice.translate
        fact, levels = self._fact(self._shown_level()), self.alert.record.levels
        if len(levels) < 2 or levels[-1][1] == levels[-2][1]:
            return fact
        if levels[-1][1] > levels[-2][1]:
            return _("{fact}, rising", fact=fact)
        return _("{fact}, falling", fact=fact)

    def _run(self) -> str:
        _ = self.voice.translate
        facility, record = self.voice.facility(self._station), self.alert.record
        named = words.name(self._station.names, self.voice.lang)
        name = named if self._station.id in named else f"{named} ({self._station.id})"
        station = f"{name}, {self.voice.area(self._station)}"
        who = station if facility is None else f"{words.name(facility.names, self.voice.lang)}, {station}"
        if len(record.levels) < 2:
            return _("{who}. Since {since}.", who=who, since=self._since())
        levels = "; ".join(
            words.shown(value, self._bound, self._parameter.precision, self.voice.lang) for _at, value in record.levels
        )
        dots = "…; " if record.over > len(record.levels) else ""
        runs = _RUNS if record.unbroken else _RUNS_WITH_GAPS
        run = self.voice.say(Text(runs[record.window].message, {"count": record.over, "levels": f"{dots}{levels}"}))
        return _("{who}. Since {since}, {run}.", who=who, since=self._since(), run=run)

    def _again(self) -> tuple[str, ...]:
        _ = self.voice.translate
        if not self.alert.record.reopened:
            return ()
        return (_("The alert had been closed. Data that came later say that it had not ended, so it is open again."),)

    def _why(self) -> tuple[str, ...]:
        """Say why an advisory is no more than that, condition by condition."""
        _ = self.voice.translate
        unmet = self.alert.record.unmet
        if not unmet:
            return ()
        reasons = "; ".join(self.voice.say(one) for one in unmet)
        return (
            _("Advisory, because {reasons}.", reasons=reasons),
            _("It is no ground for an exceedance of a confirmed limit. No need to go now."),
        )

    def _doubts(self) -> tuple[str, ...]:
        """Say what speaks against the instrument; the exceedance stands until somebody has looked at it."""
        _ = self.voice.translate
        doubts = "; ".join(self.voice.say(one) for one in self.alert.record.doubts)
        return (_("Note: {doubts}.", doubts=doubts),) if doubts else ()

    def _to_do(self) -> tuple[str, ...]:
        _ = self.voice.translate
        if self.alert.kind is not AlertKind.OVER or self._station.kind != "outfall":
            return ()
        return (_("What to do: go to the outfall, take check samples, take photographs."),)

    def _limit_lines(self) -> tuple[str, ...]:
        _ = self.voice.translate
        record = self.alert.record
        if record.rule_kind == "threshold":
            rule = self.voice.registry.rules.get(self.alert.rule)
            name = words.name(rule.names, self.voice.lang) if rule else self.alert.rule
            limit = words.with_unit(
                words.bound_text(self._bound, self.voice.lang), self._parameter.unit, self.voice.lang
            )
            return (_("Own threshold: {rule}, {limit}.", rule=name, limit=limit),)
        parts = [record.document or "", record.clause or ""]
        if record.column:
            parts.append(_("column {column}", column=record.column))
        law = ", ".join(one for one in (*parts, self._arithmetic()) if one)
        if self._noun == "limit":
            return (_("Limit: {law}. {confirmed}", law=law, confirmed=self._confirmed()),)
        return (_("Reference value: {law}. {confirmed}", law=law, confirmed=self._confirmed()),)

    def _confirmed(self) -> str:
        _ = self.voice.translate
        record = self.alert.record
        if record.confirmed_by is None or record.confirmed_on is None:
            return _("Not confirmed by the department.")
        on = words.day(record.confirmed_on, self.voice.lang, short=True)
        return _("Confirmed {on} by {who}.", on=on, who=record.confirmed_by)

    def _arithmetic(self) -> str:
        """Write the row's figure and its factors: 150 × Kq 0.9 × Kf 1.0 = 135 mg/L."""
        record, lang = self.alert.record, self.voice.lang
        if not record.factors:
            shown = words.bound_text(self._bound, lang)
            return words.with_unit(shown, self._parameter.unit, lang)
        product = record.figures[0]
        written = [words.number(product, None, lang)]
        for name, factor in zip(record.factors, record.figures[1:], strict=True):
            product *= factor
            written.append(f"{name} {_factor(factor, lang)}")
        unit = record.row_unit or self._parameter.unit
        return f"{' × '.join(written)} = {words.with_unit(words.number(product, None, lang), unit, lang)}"

    def _data(self) -> str:
        _ = self.voice.translate
        record, alert = self.alert.record, self.alert
        means = _MEANS if self._parameter.kind in {ParameterKind.LEVEL, ParameterKind.DIRECTION} else _TOTALS
        what = self.voice.say(Text(means[record.window].message, {"span": self._span()}))
        if record.window == "reading":
            return _("Data: {what}, provisional.", what=what)
        counts = _("{valid}/{expected} valid", valid=alert.valid, expected=alert.expected)
        calibrating = (
            _("{count} during calibration", count=record.calibrating) if record.calibrating else _("no calibration")
        )
        suspect = [_("{count} suspect", count=record.suspect)] if record.suspect else []
        return _("Data: {what}, provisional.", what=", ".join([what, counts, calibrating, *suspect]))

    def _span(self) -> str:
        """Write the window of the newest level that was over."""
        zone, lang = self.voice.registry.zone, self.voice.lang
        end = self.alert.record.levels[-1][0] if self.alert.record.levels else self.alert.last_at
        if self.alert.record.window == "year":
            return str(local_midnight(end, zone).astimezone(zone).year)
        if self.alert.record.window == "day":
            return words.day(local_midnight(end, zone).astimezone(zone).date(), lang, short=True)
        length = _LENGTHS.get(self.alert.record.window)
        if length is None:
            return self.voice.since(end, self.now)
        if length > 12 * HOUR:
            return words.short_when(end, zone, lang, end=True)
        return words.hour_span(end - length, end, zone)

    def _contact(self) -> tuple[str, ...]:
        _ = self.voice.translate
        facility = self.voice.facility(self._station)
        found = [one for one in facility.contacts if one.phone or one.mail] if facility else []
        if not found:
            return ()
        one = found[0]
        return (_("Contact at the facility: {name}, {how}.", name=one.name, how=one.phone or one.mail),)

    def _ending(self, envelope: Envelope) -> Iterator[tuple[str, ...]]:
        _ = self.voice.translate
        yield (_("Automatic readings, not a finding of a violation."),)
        yield (*self.voice.made_up(self.alert.record.demo, self._station), *self.voice.footer(envelope))

    def _link(self, envelope: Envelope) -> tuple[str, str] | None:
        _ = self.voice.translate
        return None if envelope.token is None else (_("Take it"), self.voice.links.take(envelope.token))

    def _shorts(self, envelope: Envelope) -> tuple[str, ...]:
        """Write the SMS: what is dropped first is the area, then since when; never value, limit or link."""
        _ = self.voice.translate
        over = self.alert.kind is AlertKind.OVER
        kind = (_("Over limit") if over else _("Advisory")).upper()
        fact = self.voice.say(self._fact_text(self._shown_level(), short=True))
        link = bare(self.voice.links.take(envelope.token)) if envelope.token else ""
        tail = _("Take it: {link} {number}", link=link, number=envelope.number)
        station, since = self._station, _("since {since}", since=self._since())
        wheres = (f"{station.id} {self.voice.area(station)}, {since}", f"{station.id}, {since}", station.id)
        not_over = [] if over else [_("Not over a confirmed limit.")]
        full = [" ".join([f"{kind}: {fact}. {where}.", *not_over, tail]) for where in wheres]
        return (*full, f"{kind}: {fact}. {station.id}. {link} {envelope.number}")


def _factor(value: float, lang: str) -> str:
    # A factor of exactly one is written 1.0: it is a factor, not a count.
    places = max(1, len(repr(value).partition(".")[2].rstrip("0")))
    return words.number(value, places, lang)
