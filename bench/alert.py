"""From the publishing of a live message over a threshold without hold until its mail is handed to the mail server."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import paho.mqtt.client as mqtt

from bench.broker import client
from bench.child import Child, child
from bench.figures import Figure, percentile
from bench.province import OtherThanSent, name, topic, write_configuration
from bench.seen import await_subscription
from bench.sizes import Size, Told, in_round
from support.mail import Mailbox, Smtp
from support.mosquitto import Mosquitto

_LOOK_SECONDS = 0.01
_LONGEST_SECONDS = 60.0
# Spikes come while the mails of those before them are still on their way, and at any moment between two wakings.
_EVERY_SECONDS = 0.23
_USUAL, _SPIKE = 80.0, 900.0
_RULES = """
rules:
  - {id: cod-now, names: {vi: COD tức thời, en: COD at once}, kind: threshold, parameters: [cod], window: reading, windows: 1,
     threshold: {at_most: 150, unit: mg/L}, clear: {share: 1.0, windows: 1}, team: everyone}
"""


def measure(folder: Path, size: Size, told: Told) -> list[Figure]:
    """Measure, in each round: stations one after another say once that they are over, and at once that they are not."""
    write_configuration(folder / "config", stations=size.spikes)
    (folder / "config" / "rules.yaml").write_text(_RULES, "utf-8")
    rounds = []
    for number in range(size.rounds):
        broker = Mosquitto(folder / f"round-{number + 1}" / "broker").start()
        try:
            rounds.append(_round(folder, number, broker, size.spikes, in_round(told, number, size.rounds)))
        finally:
            broker.stop()
    return [
        Figure("over a threshold, until mailed, 50th percentile", "s", [percentile(one, 50) for one in rounds], None),
        Figure("over a threshold, until mailed, 95th percentile", "s", [percentile(one, 95) for one in rounds], 2.0),
    ]


def _round(folder: Path, number: int, broker: Mosquitto, spikes: int, told: Told) -> list[float]:
    """Return how many seconds each spike took."""
    inside = folder / f"round-{number + 1}"
    with Smtp().running() as server, _publisher(broker.port) as publisher:
        where = {
            "CONFIG": folder / "config", "DATA": inside / "data", "MQTT_URL": broker.url,
            "MAIL_URL": f"smtp://127.0.0.1:{server.port}",
        }  # fmt: skip
        with child("service", "ingest", "schedule", log=inside / "service.log", **where) as service:
            service.go()
            await_subscription(inside / "data", service)
            sent_at = _publish(publisher, spikes, told)
            _await_mails(server.mailbox, spikes, service)
    return list(until_mailed(server.mailbox, sent_at))


def _publish(publisher: mqtt.Client, spikes: int, told: Told) -> dict[str, float]:
    """Publish what every station says; return when each said that it is over."""
    minute_ago = datetime.now(UTC) - timedelta(minutes=1)
    for station in range(spikes):
        publisher.publish(topic(station), _body(minute_ago, _USUAL), qos=1)
    sent_at = {}
    for station in range(spikes):
        told("short spikes", station / spikes)
        now = datetime.now(UTC)
        sent_at[name(station)] = time.monotonic()
        publisher.publish(topic(station), _body(now - timedelta(seconds=1), _SPIKE), qos=1)
        publisher.publish(topic(station), _body(now, _USUAL), qos=1)
        time.sleep(_EVERY_SECONDS)
    return sent_at


def _body(at: datetime, cod: float) -> str:
    return json.dumps({"time": at.isoformat(), "values": {"cod": {"value": cod, "unit": "mg/L"}}})


def _await_mails(mailbox: Mailbox, spikes: int, service: Child) -> None:
    """Return once as many mails have come as there should be: one that it is over and one that it has ended, for each."""
    until = time.monotonic() + _LONGEST_SECONDS
    while len(mailbox.mails) < 2 * spikes and time.monotonic() < until:
        service.check()
        time.sleep(_LOOK_SECONDS)


def until_mailed(mailbox: Mailbox, sent_at: dict[str, float]) -> Iterator[float]:
    """Yield how many seconds each spike took. Raises OtherThanSent where one has no alarm, or has several."""
    alarms = [
        (_station(mail, sent_at), at)
        for mail, at in zip(mailbox.mails, mailbox.taken_at, strict=True)
        if _is_alarm(mail)
    ]
    if (found := Counter(station for station, _ in alarms)) != Counter(sent_at.keys()):
        wrong = ", ".join(
            f"{one}: {found[one]}" for one in sorted({*found, *sent_at}) if found[one] != (one in sent_at)
        )
        raise OtherThanSent(f"each station had one short spike, and alarms came otherwise: {wrong}")
    for station, at in alarms:
        yield at - sent_at[station]


def _is_alarm(mail: EmailMessage) -> bool:
    """Tell whether one can take over by it what has begun; a mail that something has ended has no such link."""
    return "/a/" in _text(mail)


def _station(mail: EmailMessage, known: dict[str, float]) -> str:
    return next((one for one in known if one in _text(mail)), "no station")


def _text(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    return part.get_content() if part is not None else ""


@contextmanager
def _publisher(port: int) -> Iterator[mqtt.Client]:
    one = client()
    one.connect("127.0.0.1", port)
    one.loop_start()
    try:
        yield one
    finally:
        one.disconnect()
        one.loop_stop()
