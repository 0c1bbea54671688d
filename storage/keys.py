"""The key that signs the seals: made once, never overwritten; its public half is for everybody.

`seal.key` holds the private key (PKCS 8, PEM; for its owner only), `seal.pub` every public key that ever signed here,
in hexadecimal, one a line, the newest last.
"""

import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from domain.text import QuantracError, Text
from storage.durable import replace_file, sync_folder

PRIVATE, PUBLIC = "seal.key", "seal.pub"


class KeyLost(QuantracError):
    """The key that signed before is not there, or is no key."""


class SealKey:
    """A private key, and what it signs."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        """Keep the key."""
        self._key = key
        self.public = key.public_key().public_bytes_raw().hex()

    def sign(self, statement: bytes) -> str:
        """Return the signature in hexadecimal."""
        return self._key.sign(statement).hex()


def is_signed(statement: bytes, signature: str, public: str) -> bool:
    """Tell whether `signature` of `statement` was made by the key whose public half is `public`."""
    try:
        signed = bytes.fromhex(signature)
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(signed, statement)
    except (InvalidSignature, ValueError):
        return False
    return signed.hex() == signature  # the same number in capitals is another byte in the book


def public_keys(folder: Path) -> list[str]:
    """Return every public key that ever signed here, the oldest first."""
    try:
        return (folder / PUBLIC).read_text("ascii").split()
    except FileNotFoundError:
        return []


def open_key(folder: Path, *, last: str | None) -> SealKey:
    """Return the key in `folder`; make it where nothing was ever signed. `last`: who signed last, if anybody.

    Raises KeyLost.
    """
    path, known = folder / PRIVATE, public_keys(folder)
    if not path.exists():
        if known or last is not None:
            raise KeyLost(_lost(path))
        return make_key(folder)
    key = _read(path)
    if not known and last in {None, key.public}:
        _publish(folder, key)
    elif key.public not in known[-1:]:
        raise KeyLost(_another(path))
    return key


def make_key(folder: Path) -> SealKey:
    """Make a key where there is none, and publish it. Raises FileExistsError: a key is never overwritten."""
    if (folder / PRIVATE).exists():
        raise FileExistsError(folder / PRIVATE)
    folder.mkdir(parents=True, exist_ok=True)
    key = Ed25519PrivateKey.generate()
    written = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    made = SealKey(key)
    # Published first: a key that nobody knows of would sign what nobody could check.
    _publish(folder, made)
    draft = folder / f"{PRIVATE}.made"
    replace_file(draft, written, mode=0o600)
    try:
        os.link(draft, folder / PRIVATE)
    finally:
        draft.unlink()
    sync_folder(folder)
    return made


def _publish(folder: Path, key: SealKey) -> None:
    lines = [*public_keys(folder), key.public]
    replace_file(folder / PUBLIC, "".join(f"{one}\n" for one in lines).encode("ascii"))


def _read(path: Path) -> SealKey:
    try:
        found = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except ValueError as error:
        raise KeyLost(_damaged(path)) from error
    if not isinstance(found, Ed25519PrivateKey):
        raise KeyLost(_damaged(path))
    return SealKey(found)


def _lost(path: Path) -> Text:
    return Text("The key {file}, which has signed seals of the journal, is gone, so no day is sealed. Put it back from "
                "the backup; where there is none, `quantrac journal new-key` makes another one.", {"file": str(path)})  # fmt: skip


def _damaged(path: Path) -> Text:
    return Text("{file} is no Ed25519 key, so no day is sealed. Put the key back from the backup; where there is none, "
                "move this file away and let `quantrac journal new-key` make another one.", {"file": str(path)})  # fmt: skip


def _another(path: Path) -> Text:
    return Text("{file} is another key than the last one in seal.pub, so no day is sealed. Put the right one back from the "
                "backup; where there is none, move this file away and let `quantrac journal new-key` make another one.",
                {"file": str(path)})  # fmt: skip
