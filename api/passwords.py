"""Passwords: which are taken, how they are kept, and how one is checked.

After NIST SP 800-63B: length counts, composition does not; what looks the same is the same.
"""

import secrets
import threading
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ingest.base.errors import Refused

SHORTEST, LONGEST = 10, 200  # characters

AT_ONCE = threading.BoundedSemaphore(4)
"""Each hash takes 64 MiB: a crowd at the log-in page must not take all memory there is."""

HASHER = PasswordHasher()


class BadPassword(Refused):
    """A password that is not taken."""

    code = "bad-password"


def make_hash(password: str, name: str) -> str:
    """What is kept of a new password of this user. Raises BadPassword."""
    plain = _same(password)
    if not SHORTEST <= len(plain) <= LONGEST:
        raise BadPassword(f"Choose a password of {SHORTEST} to {LONGEST} characters.")
    if plain.casefold() == _same(name).casefold():
        raise BadPassword("Choose a password that is not your name.")
    with AT_ONCE:
        return HASHER.hash(_bytes(plain))


def fits(kept: str | None, password: str) -> bool:
    """Whether this is the password that was kept; takes as long where none was."""
    nobodys = _nobodys()  # made before it is known whether it is needed
    against = nobodys if kept is None else kept
    with AT_ONCE:
        try:
            return HASHER.verify(against, _bytes(_same(password))) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


def outdated(kept: str) -> bool:
    """Whether a password is better kept anew, as the library's parameters changed since."""
    return HASHER.check_needs_rehash(kept)


def _same(text: str) -> str:
    """One form for what keyboards send in several."""
    return unicodedata.normalize("NFKC", text)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


@cache
def _nobodys() -> str:
    """The hash of a password that nobody knows."""
    return HASHER.hash(secrets.token_urlsafe())
