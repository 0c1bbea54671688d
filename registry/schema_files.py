"""JSON Schemas of the configuration files, so that editors complete and check them while one types."""

import json
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, TypeAdapter

from registry.load import FILES, REGULATION_FILE
from registry.schema import DecoderChoice, Province


def schemas(decoders: Iterable[str]) -> dict[str, str]:
    """Return the schemas by file name (`areas.schema.json` is for `areas.yaml`), with the names of the decoders."""
    found = {"province.schema.json": _written(TypeAdapter(Province).json_schema())}
    for name, keys in (*FILES.items(), ("regulations.yaml", REGULATION_FILE)):
        schema = _of_lists(keys)
        if DecoderChoice.__name__ in schema["$defs"]:
            schema["$defs"][DecoderChoice.__name__]["properties"]["name"]["enum"] = list(decoders)
        found[f"{name.removesuffix('.yaml')}.schema.json"] = _written(schema)
    return found


def _of_lists(keys: Any) -> dict[str, Any]:
    definitions: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    for key, model in keys.items():
        schema = _schema(model)
        definitions.update(schema.pop("$defs", {}))
        definitions[model.__name__] = schema
        properties[key] = {"type": "array", "items": {"$ref": f"#/$defs/{model.__name__}"}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": False,
        "properties": properties, "required": list(properties), "$defs": definitions,
    }  # fmt: skip


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return TypeAdapter(model).json_schema()


def _written(schema: dict[str, Any]) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
