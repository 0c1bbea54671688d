"""Messages about levels that are over no more: back within the limit, withdrawn, found late."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from alerts.exceedance_words import ExceedanceWords
from alerts.rules import clear_level
from alerts.wording import Content, Envelope
from domain.limit import Bound
from domain.text import Text
from present import words

# By the sides that a bound has.
_LASTED = {
    "above": Text("Over for {length} ({stretch}); {extreme}."),
    "below": Text("Below for {length} ({stretch}); {extreme}."),
    "outside": Text("Outside for {length} ({stretch}); {extreme}."),
}
_AT_CLEAR_LEVEL = {
    "above": Text("at or below the clear level of {level}"),
    "below": Text("at or above the clear level of {level}"),
    "outside": Text("within the clear range of {level}"),
}
_ONE = {
    "reading": Text("One reading"), "hour": Text("One hour"), "hour8": Text("One 8-hour window"),
    "hour24": Text("One 24-hour window"), "day": Text("One day"), "year": Text("One year"),
}  # fmt: skip
_IN_A_ROW = {
    "reading": Text("{count} readings in a row"), "hour": Text("{count} hours in a row"),
    "hour8": Text("{count} 8-hour windows in a row"), "hour24": Text("{count} 24-hour windows in a row"),
    "day": Text("{count} days in a row"), "year": Text("{count} years in a row"),
}  # fmt: skip
_SHORT_BACK = {
    "limit": Text("{what} {level} at {at}, limit {limit}"),
    "reference": Text("{what} {level} at {at}, reference {limit}"),
    "threshold": Text("{what} {level} at {at}, own threshold {limit}"),
}
# By whether all of them are advisory.
_SEVERAL = {
    False: Text("{kind}: {count} past exceedances, {where} ({number})"),
    True: Text("{kind}: {count} past advisories, {where} ({number})"),
}
_ONE_FOUND = {
    False: Text("{kind}: 1 past exceedance at {where}, known because data came late. It is not going on now."),
    True: Text("{kind}: 1 past advisory at {where}, known because data came late. It is not going on now."),
}
_SEVERAL_FOUND = {
    False: Text("{kind}: {count} past exceedances at {where}, known because data came late. None is going on now."),
    True: Text("{kind}: {count} past advisories at {where}, known because data came late. None is going on now."),
}
# So many past exceedances are told one by one.
_LISTED = 12


@dataclass(frozen=True)
class PastWords(ExceedanceWords):
    """Says in one language what is known of one alert on a level that is over no more."""

    def recovery(self, envelope: Envelope) -> Content:
        """Say that an alert has closed, because the level is back."""
        _ = self.voice.translate
        back, at = self._back(), self._closed_at()
        now_at = _("{what} {level} at {at}", what=self.voice.name(self._parameter),
                   level=self._written(self.alert.level or 0.0), at=at)  # fmt: skip
        lines = (self._cleared(), self._lasted())
        return self._content(envelope, back, now_at, lines, self._shorts_of_recovery(envelope, back))

    def withdrawal(self, envelope: Envelope) -> Content:
        """Say that later data take an alert back: it never was over."""
        _ = self.voice.translate
        kind, symbol = _("Withdrawn"), self.voice.symbol(self._parameter)
        what = _("data that came later say that {what} was not over", what=self.voice.name(self._parameter))
        lines = (
            _("The alert since {since} is withdrawn.", since=self._since()),
            _("Nobody needs to go because of it."),
        )  # fmt: skip
        short = _("{kind}: by later data {what} was not over. {where}. Case still open. {number}", kind=kind.upper(),
                  what=symbol, where=self._station.id, number=envelope.number)  # fmt: skip
        return self._content(envelope, kind, what, lines, (short,))

    def _content(
        self, envelope: Envelope, kind: str, what: str, lines: tuple[str, ...], shorts: tuple[str, ...]
    ) -> Content:
        _ = self.voice.translate
        where = self._where()
        subject = f"{kind}: {self.voice.symbol(self._parameter)}, {where} ({envelope.number})"
        case = _("Case {case} stays open.", case=self.alert.case)
        parts = (lines, (case, *self._limit_lines()), *self._ending(envelope))
        return Content(subject, f"{kind}: {what}. {where}.", parts, shorts)

    def _shorts_of_recovery(self, envelope: Envelope, back: str) -> tuple[str, ...]:
        _ = self.voice.translate
        fact = self.voice.say(Text(_SHORT_BACK[self._noun].message, {
            "what": self.voice.symbol(self._parameter), "level": self._written(self.alert.level or 0.0),
            "at": self._closed_at(), "limit": words.bound_text(self._bound, self.voice.lang),
        }))  # fmt: skip
        values = {"back": back.upper(), "fact": fact, "number": envelope.number}
        wheres = (f"{self._station.id} {self.voice.area(self._station)}", self._station.id)
        told = [
            _("{back}: {fact}. {where}. {lasted} Case still open. {number}", where=where, lasted=lasted, **values)
            for lasted in self._lasted_in_short()
            for where in wheres
        ]
        plain = [_("{back}: {fact}. {where}. Case still open. {number}", where=where, **values) for where in wheres]
        return *told, *plain, f"{back.upper()}: {fact}. {self._station.id} {envelope.number}"

    def _lasted_in_short(self) -> tuple[str, ...]:
        _ = self.voice.translate
        if self._side != "above" or self.alert.record.window == "reading":
            return ()
        peak = words.shown(self.alert.peak or 0.0, self._bound, self._parameter.precision, self.voice.lang)
        return (_("Over for {length}, peak {peak}.", length=self._length(), peak=peak),)

    def _closed_at(self) -> str:
        return self.voice.since(self.alert.closed_at or self.now, self.now)

    def _back(self) -> str:
        _ = self.voice.translate
        if self._bound.low is not None:
            return _("Back within the limit") if self._noun == "limit" else _("Back within the range")
        names = {
            "limit": _("Back below the limit"), "reference": _("Back below the reference value"),
            "threshold": _("Back below our own threshold"),
        }  # fmt: skip
        return names[self._noun]

    @property
    def _side(self) -> str:
        if self._bound.low is None:
            return "above"
        return "below" if self._bound.high is None else "outside"

    def _cleared(self) -> str:
        """Say what has closed the alert: 2 hours in a row at or below the clear level of 121.5 (90 % of 135)."""
        _ = self.voice.translate
        rule = self.voice.registry.rules.get(self.alert.rule)
        if rule is None:
            return _("The alert is closed.")
        clear = clear_level(self._bound, rule.clear.share)
        level = words.bound_text(Bound(clear.low, clear.high), self.voice.lang)
        inside = self.voice.say(Text(_AT_CLEAR_LEVEL[self._side].message, {"level": level}))
        if self._side == "above" and rule.clear.share < 1:
            limit = words.bound_text(self._bound, self.voice.lang)
            inside = _(
                "{inside} ({share} % of {limit})", inside=inside, share=round(rule.clear.share * 100, 1), limit=limit
            )
        row = (_ONE if rule.clear.windows == 1 else _IN_A_ROW)[rule.window]
        run = self.voice.say(Text(row.message, {"count": rule.clear.windows} if rule.clear.windows > 1 else {}))
        return _("{run} {inside}. The alert is closed.", run=run, inside=inside)

    def _lasted(self) -> str:
        """Say for how long it was over, and how bad it was."""
        _ = self.voice.translate
        record = self.alert.record
        if record.window == "reading":
            return _("Readings outside: {count} ({stretch}); {extreme}.", count=record.over, stretch=self._stretch(),
                     extreme=self._extreme())  # fmt: skip
        values = {"length": self._length(), "stretch": self._stretch(), "extreme": self._extreme()}
        return self.voice.say(Text(_LASTED[self._side].message, values))

    def _length(self) -> timedelta:
        levels = self.alert.record.levels
        return (levels[-1][0] if levels else self.alert.opened_at) - self.alert.crossed_at

    def _stretch(self) -> str:
        """Write from when to when it was over, by the labels of the first and the last window: 02:00–10:00."""
        record, zone = self.alert.record, self.voice.registry.zone
        first = record.first_end or self.alert.crossed_at
        last = record.levels[-1][0] if record.levels else first
        if last <= first:
            return self._since()
        if record.window in {"day", "year"}:
            return f"{self._since()}–{self._span()}"
        is_same_day = first.astimezone(zone).date() == last.astimezone(zone).date()
        begin = words.hour(first, zone) if is_same_day else self._since()
        return f"{begin}–{self.voice.since(last, self.now)}"

    def _extreme(self) -> str:
        """Write the level farthest beyond the bound."""
        _ = self.voice.translate
        peak, at = self.alert.peak or 0.0, self.voice.since(self.alert.peak_at or self.alert.opened_at, self.now)
        written, low = self._written(peak), self._bound.low
        if low is not None and peak < low:
            return _("lowest {level}, at {at}", level=written, at=at)
        times = self._times(peak) if self._noun == "limit" else None
        if times is None:
            return _("peak {level}, at {at}", level=written, at=at)
        return _("peak {level}, {times} times, at {at}", level=written, times=times, at=at)

    def late_line(self) -> tuple[str, ...]:
        """Say in lines what was over, for a message about one or several exceedances found late."""
        _ = self.voice.translate
        found = [
            f"{self._where()}: {self._fact(self.alert.peak or 0.0)}",
            f"  {self._lasted()}",
            _("  Known at {at}, because data came late.", at=self.voice.since(self.alert.noticed_at, self.now)),
        ]
        return (*found, *(f"  {one}" for one in (*self._why(), *self._limit_lines())))

    def late_headline(self) -> str:
        """Return the shortest form of what was over: for subjects and SMS."""
        return self._headline(self.alert.peak)

    def late_short(self) -> str:
        """Return what was over and when, for an SMS."""
        fact = self.voice.say(self._fact_text(self.alert.peak or 0.0, short=True))
        return f"{fact}, {self._stretch()}"


def late(words_of: Sequence[PastWords], envelope: Envelope) -> Content:
    """Say that exceedances of one station were found late, all in one message."""
    voice, one = words_of[0].voice, words_of[0]
    _ = voice.translate
    count, station = len(words_of), voice.registry.stations[one.alert.series.station]
    where = f"{station.id}, {voice.area(station)}"
    is_advisory = all(each.alert.record.unmet for each in words_of)
    kind = _("Advisory, found late") if is_advisory else _("Found late")
    said = {"kind": kind, "count": count, "where": where, "number": envelope.number}
    subject = f"{kind}: {one.late_headline()}, {where} ({envelope.number})"
    if count > 1:
        subject = voice.say(Text(_SEVERAL[is_advisory].message, said))
    first = voice.say(Text((_SEVERAL_FOUND if count > 1 else _ONE_FOUND)[is_advisory].message, said))
    marks = sorted({mark for each in words_of for mark in each.alert.record.demo})
    endings = (
        (_("Automatic readings, not a finding of a violation."),),
        (*voice.made_up(marks, station), *voice.footer(envelope)),
    )
    more = ((_("and {count} more", count=count - _LISTED),),) if count > _LISTED else ()
    parts = (*(each.late_line() for each in words_of[:_LISTED]), *more, *endings)
    worst = max(words_of, key=lambda each: each.alert.record.over)
    shorts = (
        _("{kind}: {count} past. {station} {fact}. {number}", kind=kind.upper(), count=count, station=station.id,
          fact=worst.late_short(), number=envelope.number),
        f"{kind.upper()}: {station.id} {worst.late_headline()}. {envelope.number}",
    )  # fmt: skip
    return Content(subject, first, parts, shorts)
