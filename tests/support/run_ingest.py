"""The part ingest alone, as a process that a test can kill: `python run_ingest.py CONFIG DATA MQTT_URL`."""

import sys
from pathlib import Path
from threading import Event

from domain.clock import SystemClock
from ingest import pipeline
from ingest.pipeline import Pipeline
from ingest.subscriber import Subscriber
from registry.load import load
from storage.journal import Journal
from storage.ledger import Ledger
from storage.quarantine import Quarantine
from storage.sqlite import SqliteReadings
from storage.state import open_state


def main(config: str, data: str, url: str) -> None:
    folder, registry, clock = Path(data), load(Path(config)), SystemClock()
    folder.mkdir(parents=True, exist_ok=True)
    journal = Journal(folder / "journal", worker="main", clock=clock)
    engine = open_state(f"sqlite:///{folder / 'state.sqlite'}")
    quarantine = Quarantine(folder / "quarantine" / "main.sqlite")
    store = SqliteReadings(folder / "readings.sqlite")
    filters = registry.topic_filters()
    subscriber = Subscriber(url, None, client_id="quantrac-main", filters=filters, journal=journal)
    subscriber.start()
    pipeline.run(Pipeline(registry, journal, quarantine, Ledger(engine, "main"), store, clock), Event())


if __name__ == "__main__":
    main(*sys.argv[1:])
