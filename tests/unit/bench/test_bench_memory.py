"""What the bench takes for the memory of a service: the peaks of all its processes."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bench.memory import Peaks
from support.waiting import wait_until

# Takes fifty megabytes, gives them back, and says so; then starts a child that does the same, and waits for it to end.
_TAKES = "held = bytearray(b'x') * 50_000_000; del held; print('done', flush=True); import sys; sys.stdin.read(1)"
_STARTS = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_TAKES!r}]); print('ended', flush=True); sys.stdin.read()"


@contextmanager
def python(code: str) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=0
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def says(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_what_was_given_back_counts() -> None:
    """The peak is asked for, and it was reached between two looks."""
    with python(_TAKES) as process:
        assert says(process) == "done"
        peaks = Peaks(process.pid)
        peaks.look()
    assert 50 < peaks.megabytes < 100


def test_a_process_that_the_service_has_started_counts_after_its_end_too() -> None:
    """The service receives in a process of its own, and starts it again where it ends."""
    with python(_STARTS) as process:
        peaks = Peaks(process.pid)
        assert says(process) == "done"
        peaks.look()
        assert peaks.megabytes > 55, "the parent's and the child's"
        before = peaks.megabytes
        assert process.stdin is not None
        process.stdin.write("x")
        wait_until(lambda: says(process) == "ended")
        peaks.look()
        assert peaks.megabytes >= before


def test_a_process_that_has_ended_before_the_first_look_has_no_peak() -> None:
    """It is no error: the bench notices elsewhere that a service has ended."""
    with python("pass") as process:
        pass
    peaks = Peaks(process.pid)
    peaks.look()
    assert peaks.megabytes == 0
