"""Signed links: random, kept only as a hash, one purpose, one use."""

import hashlib
import secrets
import string
from dataclasses import dataclass

_LETTERS = string.ascii_letters + string.digits
LENGTH = 16


@dataclass(frozen=True, slots=True)
class LinkBase:
    """Where links lead: the staff's address and the public's, no slash at the end; `demo` marks every message."""

    staff_url: str
    public_url: str
    demo: bool = False

    def take(self, token: str) -> str:
        """Return the link by which an alert is taken over."""
        return f"{self.staff_url}/a/{token}"


def new_token() -> str:
    """Return 16 random characters: 95 bits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(LENGTH))


def hashed(token: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
