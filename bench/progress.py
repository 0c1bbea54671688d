"""A bar on standard error, where that is a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bench.sizes import Told


@contextmanager
def bar(measurements: int) -> Iterator[Told]:
    """Show how far the run is; each measurement begins anew at 0, and the bar stands for all of them."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<45}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task, finished, last = progress.add_task("", total=measurements), 0, 0.0

        def told(what: str, share: float) -> None:
            nonlocal finished, last
            finished += share < last
            last = share
            progress.update(task, description=what, completed=finished + share)

        yield told
