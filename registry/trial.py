"""A decoder while it is being written: checked as it would be in stations.yaml, at a station that there need not be."""

from collections.abc import Mapping
from dataclasses import replace

from registry.checks import check_below
from registry.checks.known import Known
from registry.contents import Contents, Found
from registry.faults import ConfigurationError
from registry.formats import Format
from registry.load import validated
from registry.lookup import Registry
from registry.schema import DecoderChoice, Names, Station, StationParameter
from registry.source import Source

# Whose message it is where no station was named.
TRIAL = "trial"


def invented(registry: Registry) -> Station:
    """Return a station that measures everything that there is."""
    return Station(
        id=TRIAL, names=Names(vi=TRIAL, en=TRIAL), kind="air", area=TRIAL, latitude=0, longitude=0,
        parameters=tuple(StationParameter(id=one) for one in registry.parameters),
    )  # fmt: skip


def with_decoder(source: Source, station: Station, registry: Registry, formats: Mapping[str, Format]) -> Station:
    """Return `station` with the decoder that `source` describes: what stands below `decoder:`, with or without that line.

    Raises ConfigurationError with all faults.
    """
    if source.faults:
        raise ConfigurationError(source.faults)
    if not isinstance(source.content, dict) or "decoder" not in source.content:
        source.content, source.lines = {"decoder": source.content}, (1, {"decoder": source.lines})
    choice = validated(DecoderChoice, source.content["decoder"], ("decoder",), source)
    spoken = station.model_copy(update={"decoder": choice})
    contents = Contents()
    contents.found["stations"] = [Found(spoken, source, ())]
    contents.found["parameters"] = [Found(one, source, ()) for one in registry.parameters.values()]
    check_below("stations.decoder", Known(contents, formats=formats))
    if source.faults:
        raise ConfigurationError(source.faults)
    return spoken


def alone(station: Station, registry: Registry) -> Registry:
    """Return the configuration with `station` as its only one."""
    return replace(registry, stations={station.id: station})
