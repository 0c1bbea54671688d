"""One file per payload format, and the list of them: a new format is a file here and a line below."""

from collections.abc import Mapping

from ingest.decoded import Decoder
from ingest.decoders import circular10, fields, lorawan, native, scalar, senml

DECODERS: Mapping[str, Decoder] = {
    "native": native.DECODER,
    "circular10": circular10.DECODER,
    "fields": fields.DECODER,
    "senml": senml.DECODER,
    "lorawan": lorawan.DECODER,
    "scalar": scalar.DECODER,
}
