"""Messages about silence: of a station, and of the service itself."""

from dataclasses import dataclass
from datetime import datetime

from alerts.wording import Content, Envelope, Voice, bare, kind_of_station
from domain.text import Text
from present import words
from registry.schema import Station


@dataclass(frozen=True, slots=True)
class Neighbours:
    """How the other stations of the same area do."""

    reporting: int
    silent: int


@dataclass(frozen=True)
class SilenceWords:
    """Says in one language that a station is silent, or back; `since` it was last heard, or we began to listen."""

    voice: Voice
    station: Station
    since: datetime
    now: datetime

    def silent(
        self, envelope: Envelope, *, heard_before: bool, neighbours: Neighbours, demo: tuple[str, ...]
    ) -> Content:
        """Say that nothing comes from the station."""
        _ = self.voice.translate
        kind, since = _("Silent"), self.voice.since(self.since, self.now)
        subject = _("{kind}: {station}, since {since} ({number})", kind=kind, station=self.station.id, since=since,
                    number=envelope.number)  # fmt: skip
        length = self.now - self.since
        what = self.voice.say(kind_of_station(self.station.kind))
        where = f"{self.station.id} ({what}, {self.voice.area(self.station)})"
        if heard_before:
            first = _("{kind}: {where} has sent no readings since {since}, {length}.", kind=kind, where=where, since=since,
                      length=length)  # fmt: skip
        else:
            first = _("{kind}: {where} has not been heard at all since the service began to listen at {since}.",
                      kind=kind, where=where, since=since)  # fmt: skip
        parts = (
            (_("Normal: every {interval}.", interval=self.station.interval), *self._neighbours(neighbours)),
            (
                _("What is measured there in this time is not known. Hours with under {share} % of readings are marked "
                  "as insufficient data (the department's policy).", share=self._capture()),
                self.voice.place(self.station),
                _("Station: {address}", address=self.voice.links.station(self.station.id, self.voice.lang)),
            ),
            (*self.voice.made_up(demo, self.station), *self.voice.footer(envelope)),
        )  # fmt: skip
        link = None if envelope.token is None else (_("Take it"), self.voice.links.take(envelope.token))
        return Content(subject, first, parts, self._shorts(envelope, what, since, neighbours), link)

    def back(self, envelope: Envelope, *, heard_at: datetime, demo: tuple[str, ...]) -> Content:
        """Say that the station reports again."""
        _ = self.voice.translate
        kind, at = _("Reports again"), self.voice.since(heard_at, self.now)
        subject = _("{kind}: {station}, since {since} ({number})", kind=kind, station=self.station.id, since=at,
                    number=envelope.number)  # fmt: skip
        where = f"{self.station.id}, {self.voice.area(self.station)}"
        first = _("{kind}: {where}, since {since}. Nothing came for {length}.", kind=kind, where=where, since=at,
                  length=heard_at - self.since)  # fmt: skip
        late = _("What its logger sends later is still taken in, and changes the averages of that time.")
        short = _("{kind}: {where}, since {since}. {number}", kind=kind.upper(), where=self.station.id, since=at,
                  number=envelope.number)  # fmt: skip
        parts = ((late,), (*self.voice.made_up(demo, self.station), *self.voice.footer(envelope)))
        return Content(subject, first, parts, (short,))

    def _capture(self) -> float:
        return round(self.voice.registry.province.policies.capture * 100, 1)

    def _neighbours(self, neighbours: Neighbours) -> tuple[str, ...]:
        _ = self.voice.translate
        if neighbours.reporting and not neighbours.silent:
            return (
                _("Other stations of the area still report ({count}), so the cause is probably the station or its SIM, "
                  "not the shared uplink.", count=neighbours.reporting),
            )  # fmt: skip
        if neighbours.silent:
            total = neighbours.silent + neighbours.reporting
            return (
                _("Silent too: {silent} of the {total} other stations of the area.", silent=neighbours.silent,
                  total=total),
            )  # fmt: skip
        return ()

    def _shorts(self, envelope: Envelope, what: str, since: str, neighbours: Neighbours) -> tuple[str, ...]:
        _ = self.voice.translate
        kind, link = _("Silent").upper(), envelope.token
        tail = f"{bare(self.voice.links.take(link))} {envelope.number}" if link else envelope.number
        wheres = (f"{self.station.id} ({what}, {self.voice.area(self.station)})", self.station.id)
        shorts = [
            _("{kind}: {where}, no data since {since}. {tail}", kind=kind, where=where, since=since, tail=tail)
            for where in wheres
        ]
        if neighbours.reporting and not neighbours.silent:
            others = _("Other stations there still report.")
            full = _("{kind}: {where}, no data since {since}. {others} {tail}", kind=kind, where=wheres[0], since=since,
                     others=others, tail=tail)  # fmt: skip
            shorts.insert(0, full)
        return tuple(shorts)


def blind(voice: Voice, envelope: Envelope, since: datetime, why: Text) -> Content:
    """Say that the service itself sees nothing."""
    _ = voice.translate
    at, reason = voice.since(since, envelope.now), voice.say(why)
    kind = _("No readings come in")
    subject = _("{kind} since {since} ({number})", kind=kind, since=at, number=envelope.number)
    first = _("{kind} since {since}. {reason}", kind=kind, since=at, reason=reason)
    meaning = (
        _("This concerns the service, not the stations. Until it sees again, no station is called silent, and no limit "
          "can be found exceeded. Readings that the broker keeps are taken in later."),
    )  # fmt: skip
    parts = (meaning, (*voice.made_up(_demo(voice), None), *voice.footer(envelope)))
    short = _("{kind} since {since}", kind=kind.upper(), since=at)
    return Content(subject, first, parts, (f"{short}. {reason} {envelope.number}", f"{short}. {envelope.number}"))


def seeing(voice: Voice, envelope: Envelope, since: datetime) -> Content:
    """Say that the service sees again; `since`: when it stopped to."""
    _ = voice.translate
    kind, length = _("Readings come in again"), envelope.now - since
    subject = f"{kind} ({envelope.number})"
    first = _("{kind}, after {length}. From now on silent stations are noticed again.", kind=kind, length=length)
    parts = ((*voice.made_up(_demo(voice), None), *voice.footer(envelope)),)
    return Content(subject, first, parts, (f"{kind.upper()}, {words.duration(length, voice.lang)}. {envelope.number}",))


def _demo(voice: Voice) -> tuple[str, ...]:
    return ("demo",) if voice.links.demo else ()
