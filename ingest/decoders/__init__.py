"""One file per payload format, and the list of them: a new format is a file here and a line below."""

from collections.abc import Mapping

from ingest.decoded import Decoder
from ingest.decoders import circular10, fields, native

DECODERS: Mapping[str, Decoder] = {
    "native": native.decode,
    "fields": fields.decode,
    "circular10": circular10.decode,
}
