"""How many requests one token, or one log-in, may make in a minute.

Counted in this process's memory: there is one, and what is counted is forgotten within a minute.
The headers are those of the IETF's draft "RateLimit header fields for HTTP"
(draft-ietf-httpapi-ratelimit-headers-10).
"""

import math
import time

from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from ingest.base.errors import EarshotError

EXTRA_HEADERS = "extra_headers"
"""Where in a request's state the headers lie that its answer gets, whatever it is."""

WINDOW_SECONDS = 60


class TooMany(EarshotError):
    """More requests than the settings allow."""

    code = "too-many-requests"
    permanent = False
    status = 429


class Limiter:
    """Counts, and refuses what is too much."""

    def __init__(self, requests_a_minute: int) -> None:
        self._limit = RateLimitItemPerMinute(requests_a_minute)
        self._counts = FixedWindowRateLimiter(MemoryStorage())
        self._policy = f'"token";q={requests_a_minute};w={WINDOW_SECONDS}'

    def count(self, request: Request, who: bytes) -> None:
        """Count a request, and have its answer say how many are left. Raises TooMany."""
        allowed = self._counts.hit(self._limit, who.hex())
        window = self._counts.get_window_stats(self._limit, who.hex())
        seconds = max(1, math.ceil(window.reset_time - time.time()))
        headers = {
            "ratelimit-policy": self._policy,
            "ratelimit": f'"token";r={window.remaining};t={seconds}',
        }
        if not allowed:
            headers["retry-after"] = str(seconds)
        setattr(request.state, EXTRA_HEADERS, getattr(request.state, EXTRA_HEADERS, {}) | headers)
        if not allowed:
            raise TooMany(
                f"This token made {self._limit.amount} requests within a minute, as many as are "
                f"taken: go on in {seconds} seconds, or have EARSHOT_REQUESTS_A_MINUTE raised."
            )
