"""The dashboards, from the registry: what Grafana reads, and nobody edits. `make generate` writes them again."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from dashboards import air, ingest_health, panels
from dashboards.panels import Json
from dashboards.words import Words, speak
from present.words import LANGUAGES
from registry.lookup import Registry

# Where the public pages are when docker-compose.yml runs them on this machine.
PUBLIC_URL = "http://127.0.0.1:8080"

# The version of the JSON that Grafana 9.0 writes; every later one reads it.
_SCHEMA_VERSION = 36

# A new dashboard is one module and one line here; its key is part of its uid and never changes.
_BOARDS: Mapping[str, Callable[[Registry, Words], Json | None]] = {"air": air.board, "ingest": ingest_health.board}


def generate(registry: Registry, lang: str, *, public_url: str = PUBLIC_URL) -> dict[str, str]:
    """Return the dashboards of one language: path below the folder of generated files → JSON text.

    `public_url` is the address of the public pages, for links to stations.
    """
    words = speak(registry, lang)
    found = {key: board(registry, words) for key, board in _BOARDS.items()}
    return {
        f"{lang}/{key}.json": _written(_completed(board, key, registry, words, public_url))
        for key, board in found.items()
        if board is not None
    }


def write(folder: Path, registry: Registry, *, public_url: str = PUBLIC_URL) -> list[Path]:
    """Write the dashboards of every language below `folder`; return the files."""
    written = []
    for lang in LANGUAGES:
        for path, content in generate(registry, lang, public_url=public_url).items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, "utf-8")
            written.append(file)
    return written


def _written(board: Json) -> str:
    return json.dumps(board, ensure_ascii=False, indent=1) + "\n"


def _completed(board: Json, key: str, registry: Registry, words: Words, public_url: str) -> Json:
    """Return a dashboard with what all of them have; its uid lasts, so that links to it do."""
    return {
        "uid": f"quantrac-{key}-{words.lang}",
        "title": board["title"],
        "tags": ["quantrac", words.lang],
        "description": words._("Generated from the configuration. What is changed here by hand is lost."),
        "schemaVersion": _SCHEMA_VERSION,
        "editable": False,
        "graphTooltip": 1,
        "timezone": registry.province.timezone,
        "weekStart": "monday",
        "refresh": "1m",
        "time": {"from": board["from"], "to": "now"},
        "templating": {"list": [*board["variables"], panels.constant("pages", public_url)]},
        "annotations": {"list": []},
        "links": _links(words),
        "panels": [{"id": number, **one} for number, one in enumerate(board["panels"], start=1)],
    }


def _links(words: Words) -> list[Json]:
    tags = ["quantrac", words.lang]
    return [
        {"type": "link", "title": words._("Public page"), "url": f"{words.root()}/", "icon": "external link",
         "targetBlank": True},
        {"type": "dashboards", "title": words._("Dashboards"), "tags": tags, "asDropdown": True, "keepTime": True},
    ]  # fmt: skip
