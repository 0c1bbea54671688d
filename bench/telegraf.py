"""Telegraf beside ours, where it is installed: tuned, at the same broker, with the same backlog and the same InfluxDB.

It makes one point of a message and knows neither units nor status, range or revisions: what it saves thereby is its own.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.child import Failed
from bench.province import Backlog, OtherThanSent
from storage.influx_server import BATCH as LINES
from support.influxdb import InfluxDB
from support.mosquitto import Mosquitto

VARIABLE = "QUANTRAC_BENCH_TELEGRAF"
SESSION = "telegraf"
LACKING = f"Telegraf is not installed (nor named by {VARIABLE}), so it was not measured beside ours."
# So many messages Mosquitto has to hand out unacknowledged: with the shipped thousand, no request would ever be full.
UNDER_WAY = 20_000
_BUCKET = "readings"
_COUNT = 'SELECT count("values_cod_value") FROM "mqtt_consumer"'
_LOOK_SECONDS = 0.02
_LONGEST_SECONDS = 900

# What it acknowledges has been written, so that it loses no message either; requests are as large as ours.
_CONFIGURATION = """\
[agent]
  interval = "1s"
  round_interval = false
  flush_interval = "200ms"
  flush_jitter = "0s"
  metric_batch_size = {lines}
  metric_buffer_limit = 200000
  omit_hostname = true
  logfile = "{log}"

[[inputs.mqtt_consumer]]
  servers = ["tcp://127.0.0.1:{port}"]
  topics = [{topics}]
  qos = 1
  client_id = "{session}"
  persistent_session = true
  max_undelivered_messages = {under_way}
  data_format = "json"
  json_time_key = "time"
  json_time_format = "2006-01-02T15:04:05Z07:00"

[[outputs.influxdb_v2]]
  urls = ["{url}"]
  token = "{token}"
  organization = "{org}"
  bucket = "{bucket}"
  content_encoding = "identity"
  timeout = "60s"
"""


class Misnamed(Exception):
    """The variable names what is no program."""


def program() -> Path | None:
    """Return where Telegraf is, None where it is not installed. Raises Misnamed."""
    named = os.environ.get(VARIABLE)
    found = shutil.which(named or "telegraf")
    if named and found is None:
        raise Misnamed(f"{VARIABLE} names {named}, which is no program")
    return None if found is None else Path(found)


def version() -> str | None:
    """Return what Telegraf says of itself, None where it is not installed. Raises Misnamed."""
    command = program()
    if command is None:
        return None
    return subprocess.run([command, "--version"], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603


@dataclass(frozen=True)
class Telegraf:
    """A Telegraf that is handed a backlog; `folder` takes its configuration and its log."""

    command: Path
    folder: Path
    broker: Mosquitto
    influx: InfluxDB
    backlog: Backlog

    def readings_per_second(self, filters: Sequence[str], told: Callable[[], object]) -> float:
        """Return how many readings it takes in a second, until the last can be read back. Raises OtherThanSent, Failed."""
        file = self._configured(filters)
        began = time.monotonic()
        with self._log.open("ab") as log:
            process = subprocess.Popen([self.command, "--config", file], stdout=log, stderr=log)  # noqa: S603 - as installed
        try:
            self._await_last(process, told)
            took = time.monotonic() - began
        finally:
            process.terminate()
            process.wait(60)
        if (count := self._count()) != self.backlog.moments:
            raise OtherThanSent(f"{count} points were stored by Telegraf, and it should be {self.backlog.moments}")
        return self.backlog.readings / took

    @property
    def _log(self) -> Path:
        return self.folder / "telegraf.log"

    def _configured(self, filters: Sequence[str]) -> Path:
        file = self.folder / "telegraf.conf"
        values = {
            "log": self._log, "port": self.broker.port, "topics": ", ".join(f'"{one}"' for one in filters),
            "session": SESSION, "under_way": UNDER_WAY, "lines": LINES, "url": self.influx.url,
            "token": self.influx.token, "org": self.influx.org, "bucket": _BUCKET,
        }  # fmt: skip
        file.write_text(_CONFIGURATION.format(**values), "utf-8")
        return file

    def _await_last(self, process: "subprocess.Popen[bytes]", told: Callable[[], object]) -> None:
        until = time.monotonic() + _LONGEST_SECONDS
        topic, at = self.backlog.last
        while not self._count(f"WHERE \"topic\" = '{topic}' AND time = '{at.isoformat()}'"):
            told()
            if process.poll() is not None:
                raise Failed(f"Telegraf ended early:\n{self._log.read_text('utf-8')[-2_000:]}")
            if time.monotonic() > until:
                raise OtherThanSent(f"Telegraf has not stored the last message after {_LONGEST_SECONDS} s")
            time.sleep(_LOOK_SECONDS)

    def _count(self, where: str = "") -> int:
        answer: Any = self.influx.query(_BUCKET, " ".join((_COUNT, where)))
        series = answer["results"][0].get("series")
        return int(series[0]["values"][0][1]) if series else 0
