"""How often one may try to log in: by name, and by address.

Counted in this process's memory, as requests are (`api.limiter`): whoever is locked out of a name
by somebody else's guesses still logs in by a link.
"""

import hashlib
import math
import time

from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from api.limiter import EXTRA_HEADERS, TooMany
from insights.digest import count_words

MINUTES = 15
OF_A_NAME = RateLimitItemPerMinute(10, MINUTES)
OF_AN_ADDRESS = RateLimitItemPerMinute(100, MINUTES)  # a whole office may share one


class TooManyAttempts(TooMany):
    """More passwords tried than anybody mistypes."""

    code = "too-many-attempts"


class Attempts:
    """Counts tries, and refuses what is too much."""

    def __init__(self) -> None:
        self._counts = FixedWindowRateLimiter(MemoryStorage())

    def count(self, request: Request, name: str) -> None:
        """Count a try before it is looked at, so that many at once gain nothing by it. Raises
        TooManyAttempts."""
        address = request.client.host if request.client else ""
        for limit, who in ((OF_AN_ADDRESS, f"address {address}"), (OF_A_NAME, _key(name))):
            if not self._counts.hit(limit, who):
                self._refuse(request, limit, who)

    def forget(self, name: str) -> None:
        """Whoever knew the password did not guess it."""
        self._counts.clear(OF_A_NAME, _key(name))

    def _refuse(self, request: Request, limit: RateLimitItemPerMinute, who: str) -> None:
        ends = self._counts.get_window_stats(limit, who).reset_time
        seconds = max(1, math.ceil(ends - time.time()))
        setattr(request.state, EXTRA_HEADERS, {"retry-after": str(seconds)})
        minutes = count_words(math.ceil(seconds / 60), "minute")
        raise TooManyAttempts(
            f"Too many passwords were tried. Try again in {minutes}, or ask an admin for a link."
        )


def _key(name: str) -> str:
    """Of one length, however long a name was sent."""
    return hashlib.sha256(name.casefold().encode("utf-8", "surrogatepass")).hexdigest()
