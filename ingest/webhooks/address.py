"""Where a webhook may be sent.

Earshot is self-hosted, and so may its receivers be: private addresses and this machine's own are
allowed. What is never meant is refused: link-local addresses, where clouds answer any process with
its machine's credentials, their few such addresses elsewhere, and what is no single host's.
"""

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpx

from ingest.base.errors import Refused

LONGEST_URL = 2000
LAST_PORT = 65535
PORTS = {"http": 80, "https": 443}

METADATA = frozenset(
    ip_address(text)
    for text in (
        "100.100.100.200",  # Alibaba Cloud
        "168.63.129.16",  # Azure's host
        "192.0.0.192",  # Oracle Cloud
        "fd00:ec2::254",  # Amazon, also outside link-local
        "fd20:ce::254",  # Google, likewise
    )
)

NAT64 = IPv6Network("64:ff9b::/96")
"""IPv6 addresses that a network turns into the IPv4 address in their last four bytes."""

Address = IPv4Address | IPv6Address


class BadAddress(Refused):
    """A URL that no webhook is sent to."""

    code = "bad-webhook-url"


def check_url(text: str) -> httpx.URL:
    """A URL that a webhook can be sent to, as far as can be told without looking its name up.
    Raises BadAddress."""
    if len(text) > LONGEST_URL or not text.isprintable() or " " in text:
        raise BadAddress(f"Give the URL in at most {LONGEST_URL} characters, without blanks.")
    try:
        url = httpx.URL(text)  # the library that connects also reads: two could disagree
    except httpx.InvalidURL as error:
        raise BadAddress(f"“{text[:80]}” is not a URL ({error}): correct it.") from None
    if url.scheme not in PORTS or not url.host:
        raise BadAddress("Give a URL that begins with https:// or http:// and names a host.")
    if url.port is not None and not 0 < url.port <= LAST_PORT:
        raise BadAddress(f"There is no port {url.port}: the last one is {LAST_PORT}.")
    if url.userinfo:
        raise BadAddress("Leave user and password out of the URL: messages are signed instead.")
    if url.fragment:
        raise BadAddress("Leave out what follows the #: it is never sent.")
    if literal := _literal(url.host):
        _check(literal, url.host)
    return url


async def resolve(url: httpx.URL) -> list[str]:
    """The addresses of its host, all of them checked: connect to these, and what was checked is
    what is reached, whatever the name says a moment later. Raises BadAddress, and OSError where
    the name is unknown."""
    host, port = url.raw_host.decode(), url.port or PORTS[url.scheme]
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        _check(ip_address(address), url.host)
    return addresses


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _check(address: Address, host: str) -> None:
    for each in (address, *_within(address)):
        if each in METADATA or each.is_link_local or each.is_multicast or each.is_unspecified:
            raise BadAddress(f"{host} is at {address}, where no webhook is sent: use another host.")


def _within(address: Address) -> list[Address]:
    """The IPv4 addresses that an IPv6 address may stand for."""
    if isinstance(address, IPv4Address):
        return []
    last_bytes = IPv4Address(address.packed[-4:]) if address in NAT64 else None
    teredo = address.teredo[1] if address.teredo else None
    return [a for a in (address.ipv4_mapped, address.sixtofour, teredo, last_bytes) if a]
