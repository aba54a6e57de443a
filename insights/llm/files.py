"""Requests written down and answers read back, so that any model can be measured offline.

One JSON object a line: `{"id": "haulwright-05/0", "request": {…}}`, the body as it would be sent;
and `{"id": "haulwright-05/0", "content": "…"}`, what the model's message said.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ingest.base.errors import NotFound, Refused
from insights.insight import Mined, MiningNote
from insights.labels import LabelledCall
from insights.llm.answers import Checked, Unreadable, check, parse
from insights.llm.prompt import Told, request, version, windows

Answers = Mapping[str, str]
"""What the model's message said, by the request's id."""

UNREADABLE = "unreadable answer"


def requests(call: LabelledCall, model: str) -> Iterator[str]:
    """The lines of a call's requests, one a window."""
    told = _told(call)
    for number, window in enumerate(windows(told.turns)):
        body = request(model, told, window)
        yield json.dumps({"id": f"{call.id}/{number}", "request": body})


def read_answers(file: Path) -> Answers:
    """The answers of a file. Raises Refused for a line that is none, or that comes twice."""
    found: dict[str, str] = {}
    for number, line in enumerate(_lines(file), 1):
        if not line.strip():
            continue
        key, content = _answer(f"{file}: line {number}", line)
        if key in found:
            raise Refused(f"{file}: line {number} answers {key} a second time.")
        found[key] = content
    return found


def mine_answers(call: LabelledCall, answers: Answers, model: str) -> Mined:
    """What the answers to a call's requests come to: an unreadable one is counted and finds
    nothing. Raises NotFound where one is missing."""
    told, checked = _told(call), Checked()
    for number, window in enumerate(windows(told.turns)):
        key = f"{call.id}/{number}"
        if key not in answers:
            raise NotFound(f"{call.source}: there is no answer {key}.")
        try:
            check(told, window, parse(answers[key]), version(model), checked)
        except Unreadable:
            checked.dropped[UNREADABLE] += 1
    return Mined(tuple(checked.insights), MiningNote(dropped=dict(checked.dropped)))


def _told(call: LabelledCall) -> Told:
    return Told(call.transcript, call.competitors, call.own_names)


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise NotFound(f"{file}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise Refused(f"{file}: is not UTF-8 text; answers are one JSON object a line.") from error


def _answer(at: str, line: str) -> tuple[str, str]:
    try:
        answer: Any = json.loads(line)
        key, content = answer["id"], answer["content"]
    except (ValueError, LookupError, TypeError, RecursionError):
        key = content = None
    if not isinstance(key, str) or not isinstance(content, str):
        raise Refused(f'{at} is no answer: it must be {{"id": "…", "content": "…"}}.')
    return key, content
