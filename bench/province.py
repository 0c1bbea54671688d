"""A hundred stations, and a backlog of their messages that meets everything the pipeline has to do."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from domain.flag import Flag
from domain.reading import Reading, SeriesKey, Status
from domain.window import Window
from registry.starter import write_starter
from storage.readings import ReadingStore

STATIONS = 100
PARAMETERS = ("ph", "cod", "tss", "ammonium_n")
EIGHT = (*PARAMETERS, "bod5", "nitrate_n", "phosphate_p", "flow")
# Of so many messages one speaks in another unit, of a calibration and of an impossible pH, and one says anew what the
# message before it said.
CYCLE = 50
_COLUMNS = "id,name_vi,name_en,kind,area,area_kind,latitude,longitude,interval_seconds,stamp,parameters"


def write_configuration(
    folder: Path, stations: int = STATIONS, parameters: tuple[str, ...] = PARAMETERS, *, every: int = 60
) -> None:
    """Write the configuration of outfalls that report `every` so many seconds."""
    listed = folder.with_suffix(".csv")
    rows = (
        f"{name(one)},Trạm {one},Outfall {one},outfall,area,industrial,10.7,106.5,{every},end,{' '.join(parameters)}"
        for one in range(stations)
    )
    listed.write_text("\n".join((_COLUMNS, *rows)) + "\n", "utf-8")
    write_starter(folder, listed)


def name(number: int) -> str:
    """Return the station of that number."""
    return f"NT-{number:05d}"


def topic(number: int) -> str:
    """Return the topic of that station's messages."""
    return f"quantrac/{name(number)}/water"


class OtherThanSent(Exception):
    """What the service stored is not what was sent: its rate says nothing."""


@dataclass(frozen=True)
class Backlog:
    """`messages` of four values: every station's first minute, then every station's second, and so on."""

    messages: int
    start: datetime

    @classmethod
    def of(cls, messages: int) -> "Backlog":
        """Return one that ends an hour ago, so that none of it is from the future."""
        end = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=1)
        return cls(messages, end - timedelta(minutes=messages // STATIONS))

    def message(self, number: int) -> tuple[str, bytes]:
        """Return topic and payload of a message."""
        slot = number - self._says_anew(number)
        station, at = self._place(slot)
        body = {"time": at.isoformat(), "values": self._values(slot, anew=self._says_anew(number))}
        return topic(station), json.dumps(body).encode()

    def _says_anew(self, number: int) -> bool:
        return number % CYCLE == CYCLE - 1

    def _place(self, slot: int) -> tuple[int, datetime]:
        return slot % STATIONS, self.start + timedelta(minutes=slot // STATIONS)

    def _values(self, slot: int, *, anew: bool) -> dict[str, dict[str, object]]:
        strange = slot % CYCLE == 0
        wobble = slot % 7 / 10 + anew
        return {
            "ph": {"value": 15.2 if strange else round(7.2 + wobble, 2), "unit": ""},
            "cod": {"value": round(88 + wobble, 2), "unit": "mg/L", **({"status": "01"} if strange else {})},
            "tss": {"value": 0.031, "unit": "g/L"} if strange else {"value": round(31 + wobble, 2), "unit": "mg/L"},
            "ammonium_n": {"value": round(3.1 + wobble, 2), "unit": "mg/L"},
        }

    @property
    def revised(self) -> int:
        """How many readings another message changes."""
        return self.messages // CYCLE * len(PARAMETERS)

    @property
    def readings(self) -> int:
        """How many readings there are in the end."""
        return self.messages * len(PARAMETERS) - self.revised

    @property
    def moments(self) -> int:
        """How many moments of a station there are: what is said anew is of one that was there."""
        return self.messages - self.messages // CYCLE

    @property
    def last(self) -> tuple[str, datetime]:
        """Topic and moment of the last message."""
        last = self.messages - 1
        station, at = self._place(last - self._says_anew(last))
        return topic(station), at

    def read_last(self, store: ReadingStore) -> None:
        """Read the readings of the last message. Raises OtherThanSent where they are not there."""
        last = self.messages - 1
        if not self._stored(store, last - self._says_anew(last)):
            raise OtherThanSent("the last readings cannot be read back")

    def check(self, store: ReadingStore) -> None:
        """See that units, status, range and revisions were dealt with. Raises OtherThanSent."""
        if (count := store.count()) != self.readings:
            raise OtherThanSent(f"{count} readings are stored, {self.readings} were sent")
        strange, before_last = self._stored(store, 0), self._stored(store, CYCLE - 2)
        found = (strange["tss"].value, strange["cod"].status, strange["ph"].flag, before_last["cod"].value)
        wanted = (31.0, Status.CALIBRATING, Flag.FAIL, self._values(CYCLE - 2, anew=True)["cod"]["value"])
        if found != wanted:
            raise OtherThanSent(f"stored: {found}, and it should be {wanted}")

    def _stored(self, store: ReadingStore, slot: int) -> dict[str, Reading]:
        station, at = self._place(slot)
        window = Window(at - timedelta(seconds=1), at)
        found = store.find({SeriesKey(name(station), parameter): window for parameter in PARAMETERS})
        return {one.parameter: one for one in found}

    def all_of(self, store: ReadingStore) -> list[Reading]:
        """Return every stored reading, in the order of the messages."""
        window = Window(self.start - timedelta(minutes=1), datetime.now(UTC))
        keys = (SeriesKey(name(station), parameter) for station in range(STATIONS) for parameter in PARAMETERS)
        return sorted(store.find(dict.fromkeys(keys, window)), key=lambda one: one.seq)
