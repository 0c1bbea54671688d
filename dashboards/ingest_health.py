"""The dashboard of ingest health: whether the service sees what the stations send."""

from collections.abc import Iterator

from dashboards import panels, queries
from dashboards.panels import Ask, Json, Place
from dashboards.words import Words
from domain import health_fields as health
from domain.message import Outcome
from registry.lookup import Registry


def board(registry: Registry, words: Words) -> Json:
    """Return title, variables and panels."""
    return {
        "title": words._("Ingest health"),
        "from": "now-6h",
        "variables": [],
        "panels": [
            panels.text(Place(0, 0, 24, 3), _notice(words)),
            *_now(words),
            *_broker_now(words),
            _outcomes(words),
            _quarantine(words),
            _rate(words),
            _revisions(words),
            _behind(words),
            _space(words),
            _waiting(words),
            _memory(words),
            _stations(registry, words),
        ],
    }


def _notice(words: Words) -> str:
    return words._(
        "Every message has exactly one outcome: received = stored + partly + repeated + ignored + quarantined + "
        "discarded + pending. The service writes these figures once a minute; where they stop, it does not run."
    )


def _now(words: Words) -> Iterator[Json]:
    _ = words._
    figures: tuple[tuple[str, str, Json], ...] = (
        (_("Messages a second"), queries.ingest_total(health.RATE), {"decimals": 1}),
        (_("Oldest message waits"), queries.ingest_now(health.LAG_SECONDS), {"unit": "s"}),
        (_("Pending"), queries.ingest_now(health.PENDING), {"decimals": 0}),
        (_("Messages in quarantine"), queries.ingest_now(Outcome.QUARANTINED), {"decimals": 0}),
        (_("Journal on disk"), queries.ingest_total(health.JOURNAL_BYTES), {"unit": "decbytes"}),
        (_("Free disk"), queries.least_disk(), {"unit": "decbytes"}),
    )
    for place, (title, query, looks) in enumerate(figures):
        where = Place(4 * place, 3, 4, 4)
        yield panels.figure(where, title, Ask("service", query), none=_("nothing heard"), defaults=looks)


def _broker_now(words: Words) -> Iterator[Json]:
    _ = words._
    figures: tuple[tuple[str, str, Json], ...] = (
        (_("Days until the disk is full"), queries.least_ingest(health.DAYS_UNTIL_FULL), {"decimals": 0}),
        (_("Stations that fell silent"), queries.stations_now(health.SILENT), {"decimals": 0}),
        (_("Clocks that are off"), queries.stations_now(health.CLOCK_OFF), {"decimals": 0}),
        (_("Messages waiting at the broker"), queries.ingest_now(health.BROKER_QUEUED), {"decimals": 0}),
        (_("Thrown away by the broker, 7 days"), queries.ingest_now(health.BROKER_THROWN_AWAY), {"decimals": 0}),
        (_("Memory of the broker"), queries.ingest_now(health.BROKER_HEAP_BYTES), {"unit": "decbytes"}),
    )
    for place, (title, query, looks) in enumerate(figures):
        where = Place(4 * place, 7, 4, 4)
        yield panels.figure(where, title, Ask("service", query), none=_("not shown"), defaults=looks)


def _outcomes(words: Words) -> Json:
    _ = words._
    said = {
        Outcome.STORED: _("stored"),
        Outcome.PARTLY: _("stored in part"),
        Outcome.REPEATED: _("repeated, nothing new"),
        Outcome.IGNORED: _("ignored, no readings"),
        Outcome.QUARANTINED: _("quarantined"),
    }
    asks = [Ask("service", queries.happened(outcome), word) for outcome, word in said.items()]
    return panels.bars(
        Place(0, 11, 12, 9), _("What became of messages"), asks, stacked=True, interval="1m",
        defaults={"min": 0, "decimals": 0},
    )  # fmt: skip


def _quarantine(words: Words) -> Json:
    regex = f"max_{health.QUARANTINE_PREFIX}(.*)"
    return panels.lines(
        Place(12, 11, 12, 9), words._("In quarantine, by reason"),
        [Ask("service", queries.quarantine(), "$col · $tag_worker")], interval="1m",
        description=words._("Messages, or parts of one. The reasons are those of `quantrac quarantine list`."),
        transformations=[{"id": "renameByRegex", "options": {"regex": regex, "renamePattern": "$1"}}],
        defaults={"min": 0, "decimals": 0},
    )  # fmt: skip


def _rate(words: Words) -> Json:
    title = words._("Messages a second")
    return panels.lines(
        Place(0, 20, 12, 8), title, [Ask("service", queries.ingest_total(health.RATE), title)],
        interval="1m", defaults={"min": 0, "decimals": 1},
    )  # fmt: skip


def _revisions(words: Words) -> Json:
    asks = [
        Ask("service", queries.happened(health.READINGS), words._("new readings")),
        Ask("service", queries.happened(health.REVISIONS), words._("revised readings")),
    ]
    return panels.bars(
        Place(12, 20, 12, 8), words._("Readings"), asks, interval="1m", defaults={"min": 0, "decimals": 0},
        description=words._("A reading is revised when a later message has another value or status for it; both stay."),
    )  # fmt: skip


def _waiting(words: Words) -> Json:
    asks = [
        Ask("service", queries.ingest(health.BROKER_QUEUED), words._("waiting")),
        Ask("service", queries.ingest(health.BROKER_THROWN_AWAY), words._("thrown away, 7 days")),
    ]
    return panels.lines(
        Place(0, 36, 12, 8), words._("Messages at the broker"), asks, interval="1m", defaults={"min": 0, "decimals": 0},
        description=words._("As the broker says itself; not every one does. What it threw away loggers must send again: "
                            "`quantrac gaps`."),
    )  # fmt: skip


def _memory(words: Words) -> Json:
    asks = [
        Ask("service", queries.ingest(health.BROKER_HEAP_BYTES), words._("memory of the broker")),
        Ask("service", queries.ingest(health.KEPT_BYTES), words._("kept on disk")),
        Ask("service", queries.ingest_total(health.JOURNAL_BYTES), words._("of it in the journal")),
    ]
    return panels.lines(
        Place(12, 36, 12, 8), words._("What it takes"), asks, interval="1m", defaults={"unit": "decbytes", "min": 0},
    )  # fmt: skip


def _behind(words: Words) -> Json:
    asks = [
        Ask("service", queries.ingest(health.LAG_SECONDS), words._("oldest message waits")),
        Ask("service", queries.rollups_late(), words._("figures are late")),
    ]
    return panels.lines(
        Place(0, 28, 12, 8), words._("How far behind"), asks, interval="1m", defaults={"unit": "s", "min": 0},
        description=words._("Figures are late when they are made later than the grace that policy allows."),
    )  # fmt: skip


def _space(words: Words) -> Json:
    title = words._("Free disk")
    return panels.lines(
        Place(12, 28, 12, 8), title, [Ask("service", queries.least_disk(), title)],
        interval="1m", defaults={"unit": "decbytes", "min": 0},
        description=words._("On a full disk nothing is acknowledged: messages wait at the broker."),
    )  # fmt: skip


def _stations(registry: Registry, words: Words) -> Json:
    headings, looks = _headings(words), _looks(registry, words)
    panel = panels.table(
        Place(0, 44, 24, 14), words._("Stations"), [Ask("service", queries.stations(), table=True)],
        overrides=[panels.by_name(key, displayName=said, **looks.get(key, {})) for key, said in headings.items()],
        # InfluxDB gives the newest words of several fields the time at which the shown span begins.
        transformations=[panels.columns(list(headings), without=("Time",))],
        description=words._("A station that has never been heard is not in this list; the public page has all."),
    )  # fmt: skip
    panel["options"]["sortBy"] = [{"displayName": headings["silent"], "desc": True}]
    return panel


def _headings(words: Words) -> dict[str, str]:
    _ = words._
    return {
        "station": _("Station"),
        "heard": _("Last message"),
        "skew": _("Received after measured"),
        "silent": _("Signal"),
    }


def _looks(registry: Registry, words: Words) -> dict[str, Json]:
    names = {one.id: words.station(one) for one in registry.stations.values()}
    states = {"0": words._("reports"), "1": words._("Silent")}
    colours = {"0": panels.OK, "1": panels.SILENT}
    return {
        "station": {"mappings": panels.words(names), "links": words.station_page()},
        "heard": {"unit": "dateTimeAsIso"},
        "skew": {"unit": "s", "decimals": 0},
        "silent": {"mappings": panels.words(states, colours)},
    }
