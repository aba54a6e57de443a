"""The command line's way to a running server: HTTP, with every refusal as one plain sentence."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import httpx

from api.local import known_server
from api.pieces import PIECE, Sent, send_in_pieces, untold
from ingest.base.errors import BadSetup, EarshotError, NotFound, TooLarge, Unavailable
from ingest.base.settings import Settings
from insights.imports.transcript import MOST_BYTES

ANSWER_SECONDS = 60.0
WAIT_SECONDS = 5.0  # where a server does not say how long
PAGE = 200  # the most that a list gives at once


class Client:
    """Calls the API under `/v1`. Answers come as parsed JSON. Its connection is open until the
    process ends, or the `with` that it is used in."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.Client(
            base_url=f"{self.url}/v1/",
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=5),
            trust_env=self.url.startswith("https"),  # no proxy for our own machine
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, **query: Any) -> Any:
        """GET; parameters that are None are left out."""
        return self.ask("GET", path, params={k: v for k, v in query.items() if v is not None})

    def page(self, path: str, **query: str | None) -> str:
        """The text of a page outside `/v1`."""
        wanted = {k: v for k, v in query.items() if v is not None}
        return self.send("GET", f"{self.url}/{path}", params=wanted).text

    def ask(self, method: str, path: str, **more: Any) -> Any:
        """Send one request; the answer's JSON, None where it has no body."""
        answer = self.send(method, path, **more)
        return answer.json() if answer.content else None

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request's answer. Raises what the server's problem document says; where it is too
        much at once, waits."""
        try:
            answer = self._http.request(method, path, **more)
        except httpx.TimeoutException:
            raise Unavailable(f"{self.url} did not answer in time; try again.") from None
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise Unavailable(
                f"No server answers at {self.url} ({error}): start one with `earshot up`."
            ) from None
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            time.sleep(float(answer.headers.get("retry-after", WAIT_SECONDS)))
            for _, file, _ in more.get("files", {}).values():
                file.seek(0)  # it was not read to its end, or not at all
            return self.send(method, path, **more)
        if not answer.is_success:
            raise _problem(answer)
        return answer

    def pages(self, path: str, limit: int | None = None, **query: Any) -> Iterator[dict[str, Any]]:
        """Yield a list's items over its pages, at most `limit`."""
        cursor, left = None, limit
        while left is None or left > 0:
            size = PAGE if left is None else min(left, PAGE)
            page = self.get(path, limit=size, cursor=cursor, **query)
            yield from page["items"]
            cursor = page["next"]
            if left is not None:
                left -= len(page["items"])
            if cursor is None:
                return

    def upload(self, file: Path, details: Mapping[str, Any], sent: Sent = untold) -> dict[str, Any]:
        """Send a recording, read from disk as it goes, a large one in pieces; the answer is the
        call. `sent` is told how many bytes of a large one are there."""
        given = {k: str(v) for k, v in details.items() if v is not None}
        try:
            if file.stat().st_size > PIECE:
                return send_in_pieces(self, file, given, sent)
            with file.open("rb") as sound:
                named = {"file": (file.name, sound, "application/octet-stream")}
                answer: dict[str, Any] = self.ask("POST", "calls", files=named, data=given)
        except FileNotFoundError:
            raise NotFound(f"{file}: no such file.") from None
        return answer

    def bring_transcript(self, file: Path) -> dict[str, Any]:
        """Send a transcript's file as it is; the answer is its call. Raises NotFound, TooLarge."""
        try:
            size = file.stat().st_size
            if size > MOST_BYTES:  # sent, it would only break the connection
                raise TooLarge(
                    f"{file}: has {size / 1e6:.1f} MB where {MOST_BYTES >> 20} MiB are taken: "
                    "is it one call? Bring each call as a file of its own."
                )
            words = file.read_bytes()
        except FileNotFoundError:
            raise NotFound(f"{file}: no such file.") from None
        answer: dict[str, Any] = self.ask(
            "POST",
            "transcripts",
            params={"filename": file.name},
            content=words,
            headers={"Content-Type": "application/json"},
        )
        return answer


def _problem(answer: httpx.Response) -> EarshotError:
    try:
        said = answer.json()
        detail = said.get("detail") or said["title"]
    except (ValueError, KeyError, AttributeError):
        detail = f"The server answered {answer.status_code} to {answer.request.url.path}."
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        detail += " The token is EARSHOT_TOKEN, or the one `earshot up` keeps."
    if answer.status_code == httpx.codes.NOT_FOUND:
        return NotFound(detail)
    passing = answer.status_code == httpx.codes.LOCKED or answer.is_server_error
    return Unavailable(detail) if passing else EarshotError(detail)


def connected(settings: Settings) -> Client:
    """A client for the server in the settings, or the one that `earshot up` runs here."""
    if settings.url:
        return Client(settings.url, settings.token)
    known = known_server(settings.home)
    if known is None:
        raise BadSetup(
            f"No server is known in {settings.home}: start one with `earshot up`, "
            "or set EARSHOT_URL and EARSHOT_TOKEN."
        )
    return Client(known.url, settings.token or known.token)
