"""Making the data folder, or saying why it cannot be had: whoever typed its name must learn what to do instead."""

import os
from pathlib import Path

from domain.text import QuantracError, Text, system_says

DEMO_MEMORY = "demo.json"


def is_demonstration(data: Path) -> bool:
    """Tell whether what is kept in a folder is that of a demonstration."""
    return (data / DEMO_MEMORY).exists()


class DataFolderError(QuantracError):
    """The data folder cannot be made, or not be written to."""


def make_data_folder(data: Path) -> None:
    """Make `data` if it is not there yet. Raises DataFolderError."""
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = Text("it is a file, not a folder") if data.is_file() else system_says(error)
        raise DataFolderError(
            Text("The data folder {folder} cannot be made ({why}). Name another by --data or QUANTRAC_DATA.",
                 {"folder": str(data), "why": why})
        ) from error  # fmt: skip
    if not os.access(data, os.W_OK | os.X_OK):
        raise DataFolderError(
            Text("This user may not write to the data folder {folder}. Give it to the user, or name another by --data or "
                 "QUANTRAC_DATA.", {"folder": str(data)})
        )  # fmt: skip
