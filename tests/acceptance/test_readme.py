"""What the README tells a newcomer to type does what it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.program import environment

ROOT = Path(__file__).resolve().parents[2]
STATIONS = (
    "id,name_vi,name_en,kind,area,area_kind,latitude,longitude,interval_seconds,stamp,parameters\n"
    "QT-01,Trạm một,Station one,air,KV-01,residential,10.9,106.1,300,end,pm25\n"
)


def typed(readme: str) -> list[str]:
    """Return the lines of the block that begins with `quantrac init`."""
    (block,) = re.findall(r"```\n(quantrac init .*?)```", (ROOT / readme).read_text("utf-8"), re.DOTALL)
    return [line.partition("#")[0].strip() for line in block.splitlines()]


@pytest.mark.parametrize(
    ("readme", "folder", "listed"),
    [("README.md", "my-province", "stations.csv"), ("README.vi.md", "tinh-cua-toi", "danh-sach-tram.csv")],
)
def test_every_command_for_a_province_means_the_same_folders(
    tmp_path: Path, readme: str, folder: str, listed: str
) -> None:
    """`status` must not look elsewhere than `run` keeps: typed as written, `run` apart, which does not end."""
    (tmp_path / listed).write_text(STATIONS, "utf-8")
    lines = typed(readme)
    assert [line.split()[:2] for line in lines if line.startswith("quantrac")] == [
        ["quantrac", name] for name in ("init", "check-config", "run", "status")
    ]
    script = "\n".join("quantrac recompute --from 2026-03-01 --to 2026-03-02" if line == "quantrac run" else line
                       for line in lines).replace("/var/lib", str(tmp_path / "lib"))  # fmt: skip
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, env={**environment(LANG="en"), "PATH": path},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert f"{folder}: no fault. 1 stations" in done.stdout
    assert "Stations: 0 of 1 report" in done.stdout
    assert "Nothing was ever kept" not in done.stderr
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted([listed, folder, "lib"])
