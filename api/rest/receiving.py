"""A request's body as it comes in: as it is, or the file and fields of a multipart form."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from anyio import from_thread
from fastapi import Request
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.types import Message

from ingest.base.errors import Incomplete, Refused, TooLarge
from ingest.base.settings import Settings

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

FILE = "file"
"""The form's field that holds the recording."""

FORM_BYTES = 1 << 20
"""What a form may hold beside its file: its fields and what stands between them."""

MOST_FIELDS = 50
LONGEST_FIELD = 4096
"""Bytes of one field beside the file: these are kept in memory."""


class BadForm(Refused):
    """A form that is not one, or holds something else than one file and its details."""

    code = "bad-form"
    status = 400


def body(request: Request) -> Iterator[bytes]:
    """A request's body piece by piece, read from a worker thread; nothing is read before it is
    asked for, so that a slow disk slows the sender. Raises Incomplete where it breaks off."""

    async def receive() -> Message:
        return await request.receive()

    more = True
    while more:
        message = from_thread.run(receive)
        if message["type"] == "http.disconnect":
            raise Incomplete("The upload broke off and nothing was kept: send it again.")
        yield message.get("body", b"")
        more = message.get("more_body", False)


def check_length(request: Request, settings: Settings) -> None:
    """Refuse what is announced as too large before any of it is read. Raises TooLarge."""
    length = request.headers.get("content-length", "")
    most = settings.max_upload_mb
    if length.isdecimal() and int(length) > most * 1_000_000 + FORM_BYTES:
        raise TooLarge(
            f"The upload has {int(length):,} bytes where at most {most:,} MB are taken: compress"
            " it, or have EARSHOT_MAX_UPLOAD_MB raised."
        )


class Form:
    """A multipart form read as a stream: nothing but its short fields is held in memory."""

    def __init__(self, content_type: str, chunks: Iterable[bytes]) -> None:
        """Raises BadForm where the header names no boundary."""
        _, options = parse_options_header(content_type)
        self.fields: dict[str, str] = {}
        self.lists: dict[str, list[str]] = {}  # fields whose name ends in “[]” may come again
        self.filename: str | None = None  # known once the file begins
        self._chunks = iter(chunks)
        self._sound: list[bytes] = []
        self._headers: list[tuple[bytearray, bytearray]] = []
        self._name = ""
        self._parts = 0
        self._field: bytearray | None = None  # of the part being read; None while it is the file
        self._ended = False
        try:
            self._parser = MultipartParser(options.get(b"boundary", b""), self._callbacks())
        except FormParserError as error:
            raise BadForm(f"The form's boundary cannot be used ({error}).") from error

    def read_to_file(self) -> None:
        """Read the fields that come before the file."""
        while self.filename is None and self._read():
            pass
        if self.filename is None:
            raise BadForm(f"The form holds no file: put the recording into a part named “{FILE}”.")

    def file(self) -> Iterator[bytes]:
        """The file's bytes; then the fields behind it are read as well.
        Raises Incomplete where the form has no end."""
        more = True
        while more:
            yield from self._sound
            self._sound.clear()
            more = self._read()
        if not self._ended:
            raise Incomplete("The form has no end, and nothing was kept: send it again.")

    def _read(self) -> bool:
        chunk = next(self._chunks, None)
        if chunk is None:
            return False
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise BadForm(
                f"The form cannot be read ({error}): send multipart/form-data."
            ) from error
        return True

    def _callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._on_part_begin,
            "on_header_begin": lambda: self._headers.append((bytearray(), bytearray())),
            "on_header_field": lambda data, at, to: self._headers[-1][0].extend(data[at:to]),
            "on_header_value": lambda data, at, to: self._headers[-1][1].extend(data[at:to]),
            "on_headers_finished": self._on_headers_finished,
            "on_part_data": self._on_part_data,
            "on_part_end": self._on_part_end,
            "on_end": self._on_end,
        }

    def _on_part_begin(self) -> None:
        self._headers = []

    def _on_headers_finished(self) -> None:
        headers = {bytes(name).lower(): bytes(value) for name, value in self._headers}
        _, options = parse_options_header(headers.get(b"content-disposition", b""))
        self._name = options.get(b"name", b"").decode(errors="replace")
        is_file = self._name == FILE
        self._field = None if is_file else bytearray()
        if is_file and self.filename is not None:
            raise BadForm("The form holds two files: send one recording a request.")
        if is_file:
            filename = options.get(b"filename", b"").decode(errors="replace")
            self.filename = filename.replace("%22", '"')  # as browsers send it

    def _on_part_data(self, data: bytes, at: int, to: int) -> None:
        if self._field is None:
            self._sound.append(data[at:to])
        elif len(self._field) + to - at > LONGEST_FIELD:
            raise BadForm(f"The field “{self._name}” is longer than {LONGEST_FIELD} bytes.")
        else:
            self._field += data[at:to]

    def _on_part_end(self) -> None:
        if self._field is None:
            return
        self._parts += 1
        if self._name in self.fields or self._parts > MOST_FIELDS:
            raise BadForm(f"The field “{self._name}” comes twice, or there are too many.")
        try:
            value = self._field.decode()
        except UnicodeDecodeError as error:
            raise BadForm(f"The field “{self._name}” is not UTF-8.") from error
        if self._name.endswith("[]"):
            self.lists.setdefault(self._name, []).append(value)
        else:
            self.fields[self._name] = value

    def _on_end(self) -> None:
        self._ended = True
