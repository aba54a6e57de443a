"""Handing a digest over: by SMTP, or by posting to a webhook.

`leave` is called when all is ready and the next step may make the digest arrive; what it raises
goes through, and nothing has left then. Both ways end with one of three answers: it was taken (no
error), it was not (NotTaken), or nobody can know (Doubtful).
"""

import contextlib
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 60.0
"""A mail server may look at a message for a while before it answers."""

PASSING = frozenset({408, 425, 429, 503})
"""What a webhook answers when it did not look at what was posted, and may the next time."""

Leave = Callable[[], None]


class NotTaken(Exception):
    """The other side does not have it; `permanent` where trying again cannot help."""

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent


class Doubtful(Exception):
    """The connection broke where nobody can know whether it was taken."""


def by_mail(smtp_url: str, message: EmailMessage, leave: Leave) -> None:
    """Give a message to the mail server of the settings."""
    content = message.as_bytes(policy=SMTP)
    sender, recipient = (parseaddr(str(message[name]))[1] for name in ("From", "To"))
    with _server(smtp_url) as server:
        _accepted(*server.mail(sender))
        _accepted(*server.rcpt(recipient))
        leave()
        try:
            code, said = server.data(content)
        except smtplib.SMTPDataError as error:
            _accepted(error.smtp_code, error.smtp_error)
            return
        except (smtplib.SMTPException, OSError) as error:
            raise Doubtful(f"The mail server broke off: {_said(error)}.") from None
        _accepted(code, said)


@contextlib.contextmanager
def _server(url: str) -> Iterator[smtplib.SMTP]:
    """A connection over which mail can be given. Raises NotTaken."""
    try:
        server = _connected(url)
    except smtplib.SMTPAuthenticationError:
        raise NotTaken(
            "The mail server refuses the user or password of EARSHOT_SMTP_URL."
        ) from None
    except (smtplib.SMTPException, OSError) as error:
        raise NotTaken(f"The mail server cannot be reached: {_said(error)}.") from None
    try:
        yield server
    except (smtplib.SMTPException, OSError) as error:  # before anything left
        raise NotTaken(f"The mail server broke off: {_said(error)}.") from None
    finally:
        with contextlib.suppress(smtplib.SMTPException, OSError):
            server.quit()
        server.close()


def _connected(url: str) -> smtplib.SMTP:
    parts = urlsplit(url)
    host, context = parts.hostname or "", ssl.create_default_context()
    name = socket.gethostname()
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            host, parts.port or 465, name, timeout=CONNECT_SECONDS, context=context
        )
    else:
        server = smtplib.SMTP(host, parts.port or 587, name, timeout=CONNECT_SECONDS)
    try:
        _prepare(server, parts.username, parts.password, context, safe=_safe(parts.scheme, host))
    except BaseException:
        server.close()
        raise
    return server


def _prepare(
    server: smtplib.SMTP,
    user: str | None,
    password: str | None,
    context: ssl.SSLContext,
    *,
    safe: bool,
) -> None:
    """Greet, have the connection encrypted where it can be, and log in."""
    server.ehlo_or_helo_if_needed()
    if not isinstance(server, smtplib.SMTP_SSL) and server.has_extn("starttls"):
        server.starttls(context=context)
        server.ehlo()
        safe = True
    if user:
        if not safe:
            raise NotTaken("The mail server offers no TLS, and a password is not sent without it.")
        server.login(unquote(user), unquote(password or ""))
    if server.sock:
        server.sock.settimeout(ANSWER_SECONDS)


def _safe(scheme: str, host: str) -> bool:
    """Whether nobody can listen: TLS, or this machine itself."""
    if scheme == "smtps" or host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ip_address(host).is_loopback
    return False


def _accepted(code: int, said: bytes | str) -> None:
    if code not in (250, 251):
        text = (said if isinstance(said, str) else said.decode(errors="replace"))[:200]
        raise NotTaken(f"The mail server answered {code}: {text}", permanent=code >= 500)


def _said(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:200]


def by_webhook(address: str, body: dict[str, Any], leave: Leave) -> None:
    """Post a message to an incoming webhook. Redirects are not followed: they could lead
    anywhere."""
    tls = address.startswith("https")
    leave()
    try:
        with (
            httpx.Client(
                timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
                trust_env=tls,  # no proxy for this machine itself
                verify=tls,
            ) as client,
            client.stream("POST", address, json=body) as answer,
        ):
            status = answer.status_code
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.InvalidURL, httpx.ProxyError) as error:
        raise NotTaken(f"The webhook cannot be reached: {_said(error)}.") from None
    except httpx.HTTPError as error:
        raise Doubtful(f"The webhook did not answer: {_said(error)}.") from None
    if httpx.codes.is_success(status):
        return
    if httpx.codes.is_server_error(status) and status not in PASSING:
        raise Doubtful(f"The webhook answered {status}, which does not say what became of it.")
    raise NotTaken(f"The webhook answered {status}.", permanent=status not in PASSING)
