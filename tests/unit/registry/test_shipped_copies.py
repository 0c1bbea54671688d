"""What `quantrac init` starts from is what the configuration has."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_the_copies_in_the_package_equal_the_configuration() -> None:
    """They travel inside the package because an installed one has no config folder beside it."""
    for name in ("parameters.yaml", *(f"regulations/{one.name}" for one in (ROOT / "config/regulations").iterdir())):
        assert (ROOT / "registry/shipped" / name).read_bytes() == (ROOT / "config" / name).read_bytes(), name
