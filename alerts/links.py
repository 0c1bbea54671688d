"""Signed links: sixteen random characters that take a case over, kept only as their hash."""

import hashlib
import secrets
import string
from dataclasses import dataclass

_ALPHABET = string.ascii_letters + string.digits
_LENGTH = 16  # 95 bits: not to be guessed within the hours that a link is valid


@dataclass(frozen=True, slots=True)
class LinkBase:
    """Where the pages are that messages lead to, without a slash at the end; `demo`: everything is marked DEMO."""

    staff_url: str
    public_url: str
    demo: bool = False

    def take(self, token: str) -> str:
        """Return the address at which the holder of `token` takes a case over."""
        return f"{self.staff_url}/a/{token}"

    def station(self, station: str, lang: str) -> str:
        """Return the address of a station's public page in `lang`."""
        return f"{self.public_url}{'/en' if lang == 'en' else ''}/stations/{station}"


def new_token() -> str:
    """Return a token that nobody has had before."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def hash_of(token: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
