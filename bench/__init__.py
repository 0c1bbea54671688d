"""How fast it is: each figure beside what it is compared with in the same run. See `python -m bench --help`."""

import sys
from pathlib import Path

# The broker and the databases are started by the same files as for the tests.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
