"""Parts of the service, as a process that starts them when told to: `python -m bench.service PART…`.

They are wired as `quantrac run` wires them, and read the same environment; only the moment of their start is ours, so
that what Python needs to import is not measured.
"""

import os
import sys

from bench.child import end, wait_for_go
from domain.clock import SystemClock
from registry.load import load
from service.build import Plan, build
from service.commands.running import open_sockets
from service.run import suit_python
from service.settings import read_settings
from service.stores import open_stores


def main(*parts: str) -> None:
    """Run `parts` until standard input is closed."""
    settings = read_settings({}, os.environ)
    registry = load(settings.config)
    plan = Plan(parts, open_sockets(settings, list(parts)))
    service = build(settings, registry, SystemClock(), open_stores(settings, registry), plan)
    suit_python()
    wait_for_go()
    service.run(end())


if __name__ == "__main__":
    main(*sys.argv[1:])
