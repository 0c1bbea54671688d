"""What anybody may know of the journals: their books of seals, and the keys that sign them."""

from pathlib import Path

from storage.keys import public_keys
from storage.seals import SealBook


class Published:
    """The books of all workers of a data folder, to read."""

    def __init__(self, journals: Path, keys: Path) -> None:
        """Nothing is read yet."""
        self._journals = journals
        self._keys = keys
        self._books: dict[str, SealBook] = {}

    def keys(self) -> list[str]:
        """Return the public keys, the one that signs now last."""
        return public_keys(self._keys)

    def books(self) -> dict[str, SealBook]:
        """Return every worker's book that has an entry."""
        for folder in sorted(one for one in self._journals.glob("*") if one.is_dir()):
            self._books.setdefault(folder.name, SealBook(folder))
        return {worker: book for worker, book in self._books.items() if book.entries()}
