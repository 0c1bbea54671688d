"""The demonstration's broker: amqtt, on the loopback interface, in a thread with an event loop of its own."""

import asyncio
import logging
import socket
import threading
from typing import Any

from amqtt.broker import Broker

from domain.text import QuantracError, Text

# What the broker has sent and nobody has acknowledged for five seconds it forgets, so no more may be under way than
# is certainly taken in that time.
UNDER_WAY = 400


def free_port(wanted: int) -> int:
    """Return `wanted` if it is free on the loopback interface, else a port that is."""
    for port in (wanted, 0):
        with socket.socket() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
            found: int = one.getsockname()[1]
            return found
    raise QuantracError(Text("No port of the loopback interface is free."))


class EmbeddedBroker:
    """A broker of MQTT 3.1.1 that keeps its sessions in memory."""

    def __init__(self, port: int) -> None:
        """Nothing listens before `start`."""
        self.port = port
        self.url = f"mqtt://quantrac@127.0.0.1:{port}"
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._failed: Exception | None = None
        self._broker: Broker | None = None
        self._thread = threading.Thread(target=self._run, name="broker", daemon=True)

    def start(self) -> None:
        """Return once it takes connections. Raises QuantracError."""
        # It reports as errors what is none: the subscriber asks for MQTT 5 first, and stations come and go.
        for library in ("amqtt", "transitions", "asyncio"):
            logging.getLogger(library).setLevel(logging.CRITICAL)
        self._thread.start()
        self._started.wait()
        if self._failed is not None:
            raise QuantracError(Text("The embedded broker cannot start ({why}).", {"why": str(self._failed)}))

    def stop(self) -> None:
        """Close every connection, and return."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(2.0)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._begin())
        except Exception as error:
            self._failed = error
            return
        finally:
            self._started.set()
        self._loop.run_forever()

    async def _begin(self) -> None:
        configuration: dict[str, Any] = {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{self.port}"}},
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        }
        self._broker = Broker(configuration, loop=self._loop)
        await self._broker.start()
