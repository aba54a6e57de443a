"""The links that unsubscribe without a log-in: signed, for mail programs press them by themselves.

A token is a subscription's number and a keyed hash of it (HMAC-SHA-256, RFC 2104), so none can be
guessed, and nothing has to be kept of those given out.
"""

import hmac
from hashlib import sha256

DIGITS = 32
"""Hexadecimal, of the hash: 128 bits."""


def token(key: bytes, subscription_id: int) -> str:
    """The token that ends a subscription."""
    return f"{subscription_id}-{_signature(key, subscription_id)}"


def subscription_of(key: bytes, token: str) -> int | None:
    """The subscription that a token ends; None for a token that is not ours."""
    number, _, signature = token.partition("-")
    if not (number.isascii() and number.isdecimal() and len(number) <= 19):
        return None
    ours = _signature(key, int(number))
    genuine = hmac.compare_digest(ours.encode(), signature.encode(errors="replace"))
    return int(number) if genuine and str(int(number)) == number else None


def _signature(key: bytes, subscription_id: int) -> str:
    message = f"unsubscribe {subscription_id}".encode()
    return hmac.new(key, message, sha256).hexdigest()[:DIGITS]
