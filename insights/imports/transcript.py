"""A transcript as a person brings it, read into our values: pure.

The label format with the call's details beside it. What it says of insights is never read: they
are found by the miner. Each fault names the file, the place in it and what to do.
"""

import hashlib
import json
import unicodedata
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from ingest.base.errors import BadMetadata, Refused
from ingest.calls import CallDetails
from ingest.details import LONGEST_TEXT, clean_filename, details_from, is_control
from ingest.parties import DEFAULT_COMPANY
from insights.insight import Competitor
from insights.labels import LabelledCall, Place, read_object, short
from transcribe.transcript import Transcript, Turn

MOST_BYTES = 4 << 20
"""Six hours of talk are some 400,000 characters: this leaves room for names, times and escapes."""

MOST_TURNS = 10_000
"""Six hours in which the speaker changes every other second."""

LONGEST_TURN = 20_000
"""Characters: twenty minutes of one voice, for transcripts that do not tell the speakers apart."""

LONGEST_CALL = 24 * 3600.0
"""Seconds: a later time is a date, or in milliseconds."""

MOST_RIVALS = 200
MOST_ALIASES = 50

SUMS = ("account_value_usd", "deal_value_usd")
DETAILS = (
    *("title", "account", "account_value_usd", "segment", "rep", "held_at", "deal_value_usd"),
    *("stage", "outcome", "lead_source", "campaign", "lead_created_at", "consent", "language"),
)
FIELDS = frozenset({"id", "company", "date", "turns", "insights", "known", *DETAILS})
OF_COMPANY = frozenset({"name", "product", "pitch", "competitors"})
OF_TURN = frozenset({"speaker", "name", "text", "start", "end"})


class BadTranscript(Refused):
    """What was brought is not a call in the label format, or holds what no call can."""

    code = "bad-transcript"


@dataclass(frozen=True, slots=True)
class Brought:
    """One call as its file tells it."""

    filename: str
    transcript: Transcript
    details: CallDetails
    product: str | None = None  # what the seller's company sells
    pitch: str | None = None
    rivals: tuple[Competitor, ...] = ()

    @property
    def sha256(self) -> str:
        """The hash, in hex, by which the same words of the same company are known again."""
        company = " ".join((self.details.company or DEFAULT_COMPANY).split()).casefold()
        said = [company, *(turn.text for turn in self.transcript.turns)]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def read_transcript(body: bytes, filename: str = "") -> Brought:
    """Read the JSON of one call. Raises BadTranscript."""
    filename = clean_filename(filename) if filename else ""
    source = filename or "the transcript"
    try:
        raw = _parsed(body, source)
        _check_fields(Place(source), raw)
        return _brought(read_object(raw, source), raw, filename)
    except BadTranscript:
        raise
    except BadMetadata as error:  # of a detail: it names the field
        raise BadTranscript(f"{source}: {error}") from error
    except Refused as error:
        raise BadTranscript(f"{error}.") from error


def _parsed(body: bytes, source: str) -> Any:
    try:
        return json.loads(body.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise BadTranscript(f"{source}: is not UTF-8 text: save it as JSON in UTF-8.") from None
    except RecursionError:
        raise BadTranscript(f"{source}: is nested too deeply to be a call.") from None
    except ValueError as error:
        raise BadTranscript(f"{source}: is not JSON ({error}): correct it there.") from None


def _check_fields(at: Place, raw: Any) -> None:
    """A name that nobody knows is a mistake, and not a wish to be forgotten."""
    _known(at, at.an_object(raw), FIELDS)
    company = at.key("company")
    _known(company, company.an_object(raw.get("company") or {}), OF_COMPANY)
    turns = at.key("turns").a_list(raw.get("turns", []))
    if len(turns) > MOST_TURNS:
        raise BadTranscript(
            f"{at.source}: has {len(turns):,} turns where at most {MOST_TURNS:,} are taken: "
            "is it one call? Bring each call as a file of its own."
        )
    for number, turn in enumerate(turns):
        here = at.key("turns").item(number)
        _known(here, here.an_object(turn), OF_TURN)


def _known(at: Place, given: dict[str, Any], names: frozenset[str]) -> None:
    for name in given:
        if name not in names:
            raise at.fault(f"has a field {short(name)}: use {', '.join(sorted(names))}")


def _brought(call: LabelledCall, raw: dict[str, Any], filename: str) -> Brought:
    at = Place(call.source)
    details = _details(at, raw, call.company)
    turns = tuple(
        _turn(at.key("turns").item(number), turn, raw["turns"][number])
        for number, turn in enumerate(call.transcript.turns)
    )
    if not turns:
        raise at.key("turns").fault("is empty: a call has at least one turn")
    company = at.key("company")
    _check_rivals(company.key("competitors"), call.competitors)
    said = [time for turn in turns for time in (turn.start, turn.end) if time is not None]
    return Brought(
        filename=filename or f"{call.id}.json",
        transcript=replace(
            call.transcript,
            turns=turns,
            seconds=max(said, default=0.0),
            language=details.language,
        ),
        details=details,
        product=_line(company.key("product"), call.product),
        pitch=_line(company.key("pitch"), (raw.get("company") or {}).get("pitch") or ""),
        rivals=call.competitors,
    )


# Details -----------------------------------------------------------------------------------


def _details(at: Place, raw: dict[str, Any], company: str) -> CallDetails:
    given = {
        name: _written(at.key(name), raw[name], name in SUMS)
        for name in DETAILS
        if raw.get(name) is not None
    }
    for name in ("held_at", "lead_created_at"):
        _check_zone(at.key(name), given.get(name, ""))
    day = at.key("date").text(raw.get("date") or "").strip()
    try:
        date.fromisoformat(day or "2026-03-31")
    except ValueError:
        said = f"is {short(day)}: write a day such as 2026-03-31"
        raise at.key("date").fault(said) from None
    if day and not given.get("held_at", "").strip():
        given["held_at"] = day
    return details_from(given | {"company": company})


def _written(at: Place, value: Any, is_sum: bool) -> str:
    """A detail as `details_from` reads it; sums may be numbers."""
    if is_sum and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return at.text(value)


def _check_zone(at: Place, text: str) -> None:
    """A day needs no zone; a time without one could be any of a day's."""
    text = text.strip()
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return  # whoever reads it says what it takes
    if time.tzinfo is None and len(text) > len("2026-03-31"):
        raise at.fault(f"is {short(text)}, without its zone: end it by Z for UTC, or by +02:00")


def _line(at: Place, value: Any) -> str | None:
    """A short text; None where it is blank."""
    text = " ".join(at.text(value).split())
    if len(text) > LONGEST_TEXT:
        raise at.fault(f"has {len(text):,} characters: use at most {LONGEST_TEXT}")
    _check_signs(at, text)
    return text or None


def _check_signs(at: Place, text: str) -> None:
    for sign in text:
        if is_control(sign):
            kind = "half a" if unicodedata.category(sign) == "Cs" else "a control"
            raise at.fault(f"holds {kind} character (U+{ord(sign):04X}): take it out")


def _check_rivals(at: Place, rivals: tuple[Competitor, ...]) -> None:
    if len(rivals) > MOST_RIVALS:
        raise at.fault(f"names {len(rivals):,} rivals: keep the {MOST_RIVALS} that matter")
    for number, rival in enumerate(rivals):
        here = at.item(number)
        _line(here.key("name"), rival.name)
        if len(rival.aliases) > MOST_ALIASES:
            raise here.key("aliases").fault(
                f"has {len(rival.aliases):,} names: use at most {MOST_ALIASES}"
            )
        for place, alias in enumerate(rival.aliases):
            _line(here.key("aliases").item(place), alias)


# Turns -------------------------------------------------------------------------------------


def _turn(at: Place, turn: Turn, raw: dict[str, Any]) -> Turn:
    text = " ".join(turn.text.split())
    if not text:
        raise at.key("text").fault("is empty: write what was said, or leave the turn out")
    if len(text) > LONGEST_TURN:
        raise at.key("text").fault(
            f"has {len(text):,} characters where at most {LONGEST_TURN:,} are taken: "
            "make it several turns"
        )
    _check_signs(at.key("text"), text)
    start, end = _seconds(at, raw, "start"), _seconds(at, raw, "end")
    if end is not None and start is None:
        raise at.fault("has an end and no start: give both, or neither")
    if start is not None and end is not None and end < start:
        raise at.key("end").fault(f"is {end:g}, before its start at {start:g}: correct the times")
    name = _line(at.key("name"), turn.name or "")
    return replace(turn, text=text, name=name, start=start, end=end)


def _seconds(at: Place, raw: dict[str, Any], name: str) -> float | None:
    value = raw.get(name)
    if value is None:
        return None
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 <= value <= LONGEST_CALL:
        raise at.key(name).fault(
            f"is {short(value)}: give the seconds from the call's start, at most {LONGEST_CALL:.0f}"
        )
    return float(value)
