"""What is built is what is needed: the wheel holds the packages and their data, and runs without the repository."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {
    "domain", "registry", "quality", "storage", "analysis", "present",
    "ingest", "alerts", "dashboards", "reports", "staff", "service",
}  # fmt: skip


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "--no-build-isolation",
            "--wheel-dir",
            str(folder),
            str(ROOT),
        ],
        check=True,
    )
    return next(folder.glob("quantrac-*.whl"))


def test_the_wheel_has_exactly_the_twelve_packages(wheel: Path) -> None:
    """A forgotten folder, or tests or config taken along by accident, is seen at once."""
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == PACKAGES


def test_the_service_starts_from_an_installed_wheel(wheel: Path, tmp_path: Path) -> None:
    """Data files (migrations, SQL, tables, templates, catalogue) travel with the code.

    The environment sees this one's libraries but not the repository: only the wheel's own packages are installed in it.
    """
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=False)
    libraries = next((environment / "lib").glob("python3*/site-packages"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(libraries)
    installed = Path(pytest.__file__).parents[1]
    (libraries / "libraries.pth").write_text(f"{installed}\n")
    python = environment / "bin" / "python"
    alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    starter = tmp_path / "starter"
    for command in (["init", str(starter)], ["check-config", "--config", str(starter)]):
        done = subprocess.run(
            [python, "-P", "-m", "service.cli", *command],
            check=False, capture_output=True, text=True, cwd=tmp_path, timeout=60, env=alone,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    where = subprocess.run(
        [python, "-P", "-c", "import domain; print(domain.__file__)"],
        check=True, capture_output=True, text=True, cwd=tmp_path, env=alone,
    ).stdout  # fmt: skip
    assert str(environment) in where
