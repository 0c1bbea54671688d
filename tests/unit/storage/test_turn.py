"""Only one at a time changes readings, whichever process it is."""

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from storage.turn import Turn

_HOLD = """
import sys
from pathlib import Path
from storage.turn import Turn
with Turn(Path(sys.argv[1])).held():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_while_one_process_holds_it_no_other_has_it(tmp_path: Path) -> None:
    """However its holder ends, killed too, the turn is passed on."""
    path = tmp_path / "locks" / "turn"
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with path.open() as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        holder.kill()
        holder.wait()
    with Turn(path).held():
        pass


def test_it_can_be_taken_again_and_again(tmp_path: Path) -> None:
    """After an error too."""
    turn = Turn(tmp_path / "turn")
    for _ in range(2):
        try:
            with turn.held():
                raise RuntimeError
        except RuntimeError:
            pass
    with turn.held():
        pass
