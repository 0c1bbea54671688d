"""What is derived is generated, committed and checked for drift: `python -m service.generated write|check`."""

import sys
from pathlib import Path

from dashboards.generate import generate
from ingest.decoders import DECODERS
from present import catalogue
from present.words import LANGUAGES
from registry.load import load
from registry.schema_files import schemas
from service.reference import references

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "docs" / "reference"
SCHEMAS = REFERENCE / "schema"
DASHBOARDS = ROOT / "dashboards" / "generated"


def wanted() -> dict[Path, str]:
    """Return every derived file with what must stand in it, the catalogue apart: it is kept, not made."""
    pages = {REFERENCE / name: text for lang in LANGUAGES for name, text in references(lang).items()}
    return {**{SCHEMAS / name: text for name, text in schemas(DECODERS).items()}, **pages, **_dashboards()}


def _dashboards() -> dict[Path, str]:
    registry = load(ROOT / "config", formats=DECODERS)
    return {DASHBOARDS / path: text for lang in LANGUAGES for path, text in generate(registry, lang).items()}


def write() -> None:
    """Write all derived files."""
    for path, text in wanted().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    catalogue.update()


def faults() -> list[str]:
    """Return what is out of date, in words."""
    stale = [
        f"{path.relative_to(ROOT)} is out of date: make generate"
        for path, text in wanted().items()
        if not path.exists() or path.read_text("utf-8") != text
    ]
    return [*stale, *catalogue.faults()]


def main(arguments: list[str]) -> int:
    """Run `write` or `check`; 1 where check finds something."""
    if arguments == ["write"]:
        write()
        return 0
    if arguments != ["check"]:
        sys.stderr.write("usage: python -m service.generated write|check\n")
        return 2
    found = faults()
    sys.stderr.writelines(f"{one}\n" for one in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
