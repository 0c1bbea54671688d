"""What Grafana reads is what the shipped configuration gives."""

from pathlib import Path

from dashboards.generate import generate
from present.words import LANGUAGES
from registry.load import load

ROOT = Path(__file__).resolve().parents[2]
GENERATED = ROOT / "dashboards" / "generated"


def test_the_generated_dashboards_are_up_to_date() -> None:
    """A change of configuration or panels comes with `make generate`; no file is left over."""
    registry = load(ROOT / "config")
    wanted = {path: content for lang in LANGUAGES for path, content in generate(registry, lang).items()}
    found = {str(path.relative_to(GENERATED)): path.read_text("utf-8") for path in GENERATED.rglob("*.json")}
    assert found == wanted
