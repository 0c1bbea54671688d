"""A real uvicorn on a free loopback port, in a thread of the test."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from service.parts import listen
from support.waiting import wait_until


@contextmanager
def served(app: Any) -> Iterator[str]:
    """Serve an ASGI app on a socket of the service's own making; yields its address, and stops it in the end."""
    listening = listen("127.0.0.1:0", "QUANTRAC_PUBLIC_BIND")
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        wait_until(lambda: server.started)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()
