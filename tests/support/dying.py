"""`run ingest` by the program's own parts, in a process that kills itself at one step: `python -m support.dying …`.

Arguments: part (journal, quarantine, ledger, store), method, before|after, and at which call of it.
"""

import os
import signal
import sys
from threading import Event
from typing import Any

from domain.clock import SystemClock
from ingest.pipeline import Books, Pipeline, run
from ingest.subscriber import Subscriber
from registry.load import load
from service.logs import log_to
from service.settings import read_settings
from service.stores import Folder, open_stores
from storage.ledger import Ledger
from storage.turn import Turn


class Deadly:
    """Stands before a part, passes everything on, and kills the process at one call: before it, or after it was done."""

    def __init__(self, part: Any, method: str, when: str, calls: int) -> None:
        self._part, self._method, self._when, self._left = part, method, when, calls

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._part, name)
        return self._killing(call) if name == self._method else call

    def _killing(self, call: Any) -> Any:
        def killing(*arguments: Any) -> Any:
            self._left -= 1
            if self._left > 0:
                return call(*arguments)
            if self._when == "after":
                call(*arguments)
            os.kill(os.getpid(), signal.SIGKILL)
            raise AssertionError("nobody comes here")

        return killing


def main(part: str, method: str, when: str, calls: str) -> None:
    """Receive and process until the step comes."""
    log_to()
    settings, clock = read_settings({}, os.environ), SystemClock()
    registry, folder = load(settings.config), Folder(settings.data)
    stores = open_stores(settings, registry)
    parts: dict[str, Any] = {
        "journal": folder.open_journal("main", clock),
        "quarantine": folder.open_quarantine("main"),
        "ledger": Ledger(stores.engine, "main"),
        "store": stores.readings,
    }
    parts[part] = Deadly(parts[part], method, when, int(calls))
    subscriber = Subscriber(
        settings.mqtt_url, None, client_id="quantrac-main", filters=registry.topic_filters(), journal=parts["journal"]
    )
    subscriber.start()
    books = Books(parts["quarantine"], parts["ledger"], parts["store"], Turn(folder.turn))
    run(Pipeline(registry, parts["journal"], books, clock), Event())


if __name__ == "__main__":
    main(*sys.argv[1:])
