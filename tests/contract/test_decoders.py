"""Every decoder against the messages in tests/payloads/<decoder>/: what it must make of each."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from domain.message import Incoming, JournalMessage
from ingest.decoded import Decoded
from ingest.decoders import DECODERS
from ingest.refusals import Refusal
from registry.schema import DecoderChoice, Names, Station, StationParameter

PAYLOADS = Path(__file__).parent.parent / "payloads"
CASES = sorted(PAYLOADS.glob("*/*.json"))


def station(case: dict[str, Any]) -> Station:
    return Station(
        id="A-1",
        names=Names(vi="Trạm", en="Station"),
        kind=case.get("kind", "air"),
        area="area",
        latitude=10.6,
        longitude=106.4,
        parameters=tuple(StationParameter(id=one) for one in case.get("measures", ["pm25"])),
        decoder=DecoderChoice.model_validate(case["decoder"]),
    )


def decoded(name: str, case: dict[str, Any]) -> Decoded:
    payload = bytes.fromhex(case["payload_hex"]) if "payload_hex" in case else case["payload"].encode()
    incoming = Incoming(case["topic"], payload, live=case["live"])
    message = JournalMessage(1, datetime.fromisoformat(case["received_at"]), incoming)
    try:
        return DECODERS[name].decode(message, station(case))
    except Refusal as refusal:
        return Decoded([], [refusal])


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_decoder_makes_of_a_message_what_its_case_says(path: Path) -> None:
    """A format is described by messages and what they mean."""
    case = json.loads(path.read_text(encoding="utf-8"))
    found = decoded(path.parent.name, case)
    assert {
        "values": [
            {
                "parameter": one.parameter,
                "value": one.value,
                "unit": one.unit,
                "status": one.status,
                "stamped_at": one.stamped_at.isoformat(),
            }
            for one in found.values
        ],
        "refused": [{"part": one.part, "reason": one.reason.value} for one in found.refused],
        "ignored": found.ignored,
    } == case["expected"], case["about"]


@pytest.mark.parametrize("name", DECODERS)
def test_every_decoder_has_cases(name: str) -> None:
    """A format without a message to show for it is not known to work."""
    assert [path for path in CASES if path.parent.name == name]
