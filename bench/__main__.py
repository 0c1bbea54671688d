"""`make bench`, or `python -m bench`: see --help."""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bench import alert, jobs, labelled, live, memory, page, receipt, telegraf
from bench.child import ROOT, Failed
from bench.figures import Figure, as_json, as_table
from bench.progress import bar
from bench.province import OtherThanSent
from bench.sizes import FULL, QUICK, Size, Told

_MEASURES: Mapping[str, Callable[[Path, Size, Told], list[Figure]]] = {
    "receipt": receipt.measure,
    "live": live.measure,
    "alert": alert.measure,
    "late": jobs.measure_late,
    "rules": jobs.measure_rules,
    "page": page.measure,
    "memory": memory.measure,
    "labelled": labelled.measure,
}

_ABOUT = """\
Measure how fast this service is on this machine, each figure beside what it is compared with in the same run.

  receipt  a backlog of messages of four values waits at a real Mosquitto; the part `ingest` takes it. Until the last
           message is acknowledged (on disk, chained), and until the last reading can be read back from SQLite and
           from a real InfluxDB. Compared with a bare paho loop, and with what the stores take of the same rows
           ready-made. Units, status, range check and revisions are on, and it is checked that they were. Where
           `telegraf` is installed (or named by {variable}), it takes the same backlog to the same
           InfluxDB, and stands beside ours without an aim: of a message it makes one point, unchecked.
  live     one message after another: from its publishing until its reading can be read back.
  alert    stations are once over a threshold without hold, and their next message, which follows at once, is normal
           again: from its publishing until a real SMTP server has the mail. It is checked that each spike had one alarm.
  late     figures are up to date, then a month of five-minute readings of 100 stations × 8 values arrives (6.9 million);
           until all hours, 8 and 24 hours and days stand. Once, not in rounds.
  rules    an hour of 10,000 series is there; until every rule has looked at it, reading the levels included.
  page     public pages over a day of 100 stations × 8 values, asked for by 50 visitors without a pause: first all for the
           province's page, then each for another station's.
  memory   the most that is resident: of the part `ingest` and the process it receives in, while a million messages that
           waited in the journal become readings, checked as those of `receipt`; and of the demonstration, from its
           start until its stations have caught up and its incident's alert is open. Once, not in rounds.
  labelled the shipped checks of quality control, as `quantrac qc` runs them, against experts' labels of the same readings
           (rivers, estuaries, a waterworks, low-cost sensors): how much of what they flag is labelled and the other way
           round, how many events they find, how often they alarm for nothing. Not a matter of speed; once, not in rounds.

Bare and ours alternate round by round, and medians count: compare figures of one run only, on a machine that does
nothing else. Everything runs on free ports of the loopback interface in a temporary folder, which is removed.
""".replace("{variable}", telegraf.VARIABLE)
_EXAMPLES = """\
examples:
  make bench                                       the full size: half an hour or more on two cores
  make bench ARGS="receipt --rounds 5"             one of them, with more rounds
  python -m bench --quick --json                   two minutes or three: shows that it runs, its figures say little

exit status: 0 measured, whether or not an aim was met; 1 something other than was sent was stored or told; 2 wrong use;
3 a program that is needed is not installed
"""


def main(arguments: Sequence[str]) -> int:
    """Measure, print, and return the exit status."""
    asked = _parser().parse_args(arguments)
    size = _size(asked)
    wanted = [name for name in _MEASURES if name in asked.figures or not asked.figures]
    try:
        about = _machine(size)
        figures = _measured(wanted, size)
    except pytest.skip.Exception as missing:
        return _say_wrong(f"{missing.msg}: `make bench` installs it", 3)
    except telegraf.Misnamed as wrong:
        return _say_wrong(str(wrong), 2)
    except (OtherThanSent, Failed) as wrong:
        return _say_wrong(str(wrong), 1)
    lacking = [telegraf.LACKING] if "receipt" in wanted and about["telegraf"] is None else []
    lacking += [labelled.LACKING] if "labelled" in wanted and not labelled.found() else []
    table = "\n".join([_headline(about), "", as_table(figures), *lacking])
    sys.stdout.write(f"{as_json(figures, about) if asked.json else table}\n")
    return 0


def _measured(wanted: Sequence[str], size: Size) -> list[Figure]:
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="quantrac-bench-") as folder, bar(len(wanted)) as told:
        for name in wanted:
            inside = Path(folder) / name
            inside.mkdir()
            figures += _MEASURES[name](inside, size, told)
    return figures


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=_ABOUT, epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )  # fmt: skip
    parser.add_argument("figures", nargs="*", metavar="FIGURE", type=_figure, help=f"{', '.join(_MEASURES)}; none: all")
    parser.add_argument("--quick", action="store_true", help="one round of few messages")
    parser.add_argument("--rounds", type=_count, metavar="N", help=f"how often each is measured ({FULL.rounds})")
    parser.add_argument("--messages", type=_count, metavar="N", help=f"how many messages wait ({FULL.messages:,})")
    parser.add_argument("--json", action="store_true", help="print JSON, with the single rounds")
    return parser


def _figure(written: str) -> str:
    if written not in _MEASURES:
        raise argparse.ArgumentTypeError(f"{written!r} is not measured; there are: {', '.join(_MEASURES)}")
    return written


def _count(written: str) -> int:
    if not written.isdecimal() or int(written) < 1:
        raise argparse.ArgumentTypeError(f"{written!r} is not a whole number from 1")
    return int(written)


def _size(asked: argparse.Namespace) -> Size:
    size = QUICK if asked.quick else FULL
    return replace(size, rounds=asked.rounds or size.rounds, messages=asked.messages or size.messages)


def _machine(size: Size) -> dict[str, Any]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": len(os.sched_getaffinity(0)),
        "load_before": round(os.getloadavg()[0], 2),
        "telegraf": telegraf.version(),
        "python": platform.python_version(),
        "rounds": size.rounds,
        "messages": size.messages,
    }


def _headline(about: Mapping[str, Any]) -> str:
    return (
        f"{about['at']}, {about['cores']} cores (load before: {about['load_before']}), Python {about['python']}; "
        f"medians of {about['rounds']} rounds, {about['messages']:,} messages each"
    )


def _say_wrong(sentence: str, status: int) -> int:
    sys.stderr.write(f"{sentence}\n")
    return status


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main(sys.argv[1:]))
