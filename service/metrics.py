"""What `status` says, as Prometheus reads it; and what the staff's address answers with."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from analysis.roller import JOB
from domain.text import Text
from service.health import Health, unready
from storage.readings import ReadingStore


class _Collector:
    """Gives Prometheus what `status` says."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def collect(self) -> Iterator[Metric]:
        """Yield every figure."""
        status = self._health.status()
        yield _family("messages", "Messages by what became of them.", "outcome", status["messages"])
        yield _family("readings", "Readings that were new, and that changed one that was there.", "kind",
                      status["readings"])  # fmt: skip
        yield _gauge("messages_per_second", "Messages a second over the last minute.", status["messages_per_second"])
        yield _gauge("lag_seconds", "Age of the oldest message without an end.", status["lag_seconds"])
        stations = status["stations"]
        counted = {"expected": stations["expected"], "reporting": stations["reporting"],
                   "silent": len(stations["silent"]), "clock_off": len(stations["clocks_off"])}  # fmt: skip
        yield _family(
            "stations", "Stations that should report, that do, that do not, and whose clock is off.", "state", counted
        )
        yield _gauge("rollups_late_seconds", "By how much figures are later than policy allows.",
                     status["jobs"][JOB]["late_seconds"])  # fmt: skip
        yield _family("alerts", "Alerts that are open, and that nobody has taken over.", "state", status["alerts"])
        yield _family("outbox", "Messages to people by state.", "state", status["outbox"])
        yield from self._workers()
        yield _gauge("security_events", "Refused messages or parts that claim to be from another.",
                     status["security_events"])  # fmt: skip
        yield _gauge("unresolved_lost", "Messages that nobody resolved before their day of the journal went.",
                     status["unresolved_lost"])  # fmt: skip
        yield from _disk(status["disk"])
        yield from _broker(status["broker"])
        yield from _each(stations["each"])

    def _workers(self) -> Iterator[Metric]:
        refused = GaugeMetricFamily("quantrac_quarantine", "Refused messages or parts.", labels=["worker", "reason"])
        size = GaugeMetricFamily("quantrac_journal_bytes", "Bytes of the journal on disk.", labels=["worker"])
        for worker, journal in self._health.journals().items():
            size.add_metric([worker], journal.size())
            for reason, count in self._health.refusals(worker).items():
                refused.add_metric([worker, reason], count)
        ready = GaugeMetricFamily("quantrac_ready", "Whether a part is ready.", labels=["part", "worker"])
        for beat, fresh in self._health.beats():
            ready.add_metric([beat.part, beat.worker], float(beat.ready and fresh))
        yield from (refused, size, ready)


def _disk(disk: Mapping[str, Any]) -> Iterator[Metric]:
    yield _gauge("disk_free_bytes", "Bytes free where the data are.", disk["free_bytes"])
    yield _gauge("kept_bytes", "Bytes kept in the data folder.", disk["kept_bytes"])
    if disk["days_until_full"] is not None:
        yield _gauge("disk_full_in_days", "Days until the disk is full at the present rate.", disk["days_until_full"])


def _broker(broker: Mapping[str, Any]) -> Iterator[Metric]:
    """Yield what the broker shows; nothing stands for what it does not."""
    figures = {
        key: value for key, value in broker.items() if isinstance(value, int) and key not in {"shown", "thrown_away"}
    }
    yield _family("broker", "What the broker says of itself.", "figure", figures)
    yield _gauge("broker_thrown_away", "Messages it was found to have dropped in the last days.", broker["thrown_away"])


def _each(stations: Iterable[Mapping[str, Any]]) -> Iterator[Metric]:
    skew = GaugeMetricFamily(
        "quantrac_station_skew_seconds", "Median of receipt minus stamp over the last live minutes.", labels=["station"]
    )
    heard = GaugeMetricFamily(
        "quantrac_station_last_message_seconds", "When it was last heard, since 1970.", labels=["station"]
    )
    for one in stations:
        if one["skew_seconds"] is not None:
            skew.add_metric([one["station"]], one["skew_seconds"])
        if one["last_message"] is not None:
            heard.add_metric([one["station"]], datetime.fromisoformat(one["last_message"]).timestamp())
    yield from (skew, heard)


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"quantrac_{name}", meaning, value=value)


def _family(name: str, meaning: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"quantrac_{name}", meaning, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def metrics(health: Health) -> bytes:
    """Return the facts as Prometheus reads them."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(health))
    return generate_latest(registry)


class Watch:
    """What the staff's address says of the service."""

    def __init__(self, health: Health, store: ReadingStore) -> None:
        """Nothing is asked yet."""
        self._health = health
        self._store = store

    def reasons(self) -> list[Text]:
        """Return why the service is not ready; empty where it is."""
        return unready(self._health, self._store)

    def metrics(self) -> bytes:
        """Return the facts as Prometheus reads them."""
        return metrics(self._health)
