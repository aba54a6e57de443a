"""The shapes of the API's answers and bodies. Times are ISO 8601, in UTC; sounds in seconds."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    computed_field,
    model_validator,
)

from api.hearing_schemas import HearingOut
from api.users import Role
from ingest.calls import CallState
from ingest.details import EARLIEST, MOST_DOLLARS
from insights.insight import Kind, Review, Stance
from transcribe.hearing import Hearing
from transcribe.transcript import Speaker
from transcribe.voices import MOST_VOICES

LONGEST_TEXT = 300
BIGINT = 2**63 - 1
INTEGER = 2**31 - 1

Item = TypeVar("Item")


def plain(text: str) -> str:
    """The text; a NUL in it is refused, which PostgreSQL does not keep."""
    if "\x00" in text:
        raise ValueError("holds a NUL character: take it out")
    return text


Text = Annotated[str, Field(max_length=LONGEST_TEXT), AfterValidator(plain)]
Name = Annotated[Text, Field(min_length=1)]
Sum = Annotated[Decimal, Field(ge=0, lt=MOST_DOLLARS, decimal_places=2)]
Moment = Annotated[AwareDatetime, Field(ge=EARLIEST)]
Money = Annotated[Decimal, PlainSerializer(float, return_type=float)]


class Answer(BaseModel):
    """An answer, read from a value's attributes."""

    model_config = ConfigDict(from_attributes=True)


class Body(BaseModel):
    """A body: a field that nobody knows is a mistake, not a wish to be forgotten."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Page(BaseModel, Generic[Item]):
    """A stretch of a list."""

    items: list[Item]
    next: str | None = Field(
        description="The cursor of the next page, also in the Link header; null on the last.",
        examples=["eyJpZCI6NDJ9"],
    )


class CallLine(Answer):
    """A call as listed."""

    id: int = Field(examples=[42])
    state: CallState
    title: str = Field(examples=["Renewal with Hartsoe Home"])
    filename: str = Field(examples=["hartsoe-renewal.mp3"])
    uploaded_at: datetime
    held_at: datetime
    seconds: float = Field(description="Length of the sound.", examples=[1264.5])
    heard_seconds: float = Field(description="How far hearing has come.", examples=[312.0])
    missing_seconds: float = Field(description="Sound that was damaged beyond hearing.")
    channels: int
    audio_sha256: str | None = Field(
        description="Null for a transcript without its sound, and where the recording is gone."
    )
    recording_gone_at: datetime | None = Field(
        description="When the retention rule let the recording go; the transcript stays."
    )
    hold_since: datetime | None = Field(description="Since when it is kept, whatever the rule.")
    hold_by: str | None = Field(description="Who said so.")
    company_id: int
    company: str = Field(description="The seller's company, whose catalogue of rivals counts.")
    account_id: int | None
    account: str | None = Field(examples=["Hartsoe Home"])
    account_value_usd: Money | None
    segment: str | None = Field(examples=["mid-market"])
    rep: str | None = Field(examples=["Dana Whitlock"])
    deal_value_usd: Money | None = Field(examples=[48000])
    stage: str | None = Field(examples=["negotiation"])
    outcome: str | None = Field(examples=["won"])
    lead_source: str | None = Field(examples=["webinar"])
    campaign: str | None
    lead_created_at: datetime | None
    consent: str | None
    language: str | None = Field(examples=["en"])
    seller_channel: int = Field(description="Which channel is the seller, from 0.")
    attempts: int = Field(description="Tries of the present step since it came further.")
    failure: str | None = Field(description="Why the call failed, and what to do.")
    waiting_reason: str | None = Field(
        description="Why it was put back to wait, and what to do; Earshot tries again by itself. "
        "Null while a worker has it, and where it only waits for its turn.",
        examples=["The disk for recordings is full: free some of it."],
    )


class InsightOut(Answer):
    """One mention, with who said it, where and when."""

    id: int = Field(examples=[7])
    call_id: int = Field(examples=[42])
    turn: int = Field(description="Position in the transcript, from 0.", examples=[12])
    kind: Kind
    label: str = Field(
        description="An objection's category, a rival's name, or a request's theme.",
        examples=["price"],
    )
    stance: Stance | None = Field(description="Of rivals only.")
    unlisted: bool = Field(description="A rival that is not in the catalogue.")
    quote: str = Field(examples=["that's twice what we pay today"])
    char_start: int = Field(description="Where the quote begins in its turn's text.")
    char_end: int
    start: float | None = Field(
        description="Seconds into the call; null where they are not known.", examples=[312.4]
    )
    end: float | None
    confidence: float = Field(examples=[0.87])
    detector: str = Field(examples=["objection"])
    version: str
    review: Review
    found_label: str | None = Field(
        description="The label it was found under, where a person set another."
    )
    found_stance: Stance | None
    competitor_id: int | None
    theme_id: int | None
    mined_label: str | None = Field(
        description="A request's theme as it was found; `label` is what it is called now."
    )
    call_title: str
    held_at: datetime
    account: str | None
    segment: str | None
    rep: str | None
    speaker: Speaker
    speaker_name: str | None


class WordOut(Answer):
    """A word as heard."""

    text: str = Field(examples=["twice"])
    start: float
    end: float
    probability: float


class TurnOut(Answer):
    """What one speaker says without a break."""

    speaker: Speaker
    name: str | None
    channel: int
    voice: int = Field(description="Whose of the transcript's `voices`; below 0: nobody knows.")
    start: float | None = Field(description="Null for a transcript without times.")
    end: float | None
    text: str = Field(examples=["Honestly, that's twice what we pay today."])
    words: list[WordOut]


class MisheardOut(Answer):
    """A name that Earshot put where it was nearly heard."""

    start: int = Field(description="Where it stands in the turn's text: the first character …")
    end: int = Field(description="… and the one behind the last.")
    heard: str = Field(description="What was heard there.", examples=["Masake"])


class EditOut(Answer):
    """What was made of a turn's words, as they stand now."""

    turn: int = Field(description="Position in the transcript, from 0.", examples=[12])
    by: str | None = Field(
        description="Null where Earshot alone put names right.", examples=["Dana"]
    )
    at: datetime
    original: str = Field(
        description="As heard, or as brought.", examples=["Honestly, that's twice what we play."]
    )
    misheard: list[MisheardOut] = Field(description="Names that Earshot put right.")


class VoiceOut(Answer):
    """One of a call's voices, told apart by its channel or by its sound."""

    number: int = Field(ge=0)
    speaker: Speaker
    confidence: float | None = Field(
        ge=0, le=1, description="That the side is right, by what the voice says; null: not judged."
    )
    by_person: bool = Field(description="Somebody set the side.")


class VoiceSide(Body):
    """Whose a voice is."""

    number: int = Field(ge=0, le=INTEGER)
    speaker: Speaker


class VoiceSides(Body):
    """Whose some of a call's voices are; one left out stays as it is."""

    voices: list[VoiceSide] = Field(min_length=1, max_length=MOST_VOICES)


class TranscriptOut(Answer):
    """A call's words and what heard them."""

    turns: list[TurnOut]
    voices: list[VoiceOut] = Field(description="None in a transcript brought without its sound.")
    seconds: float
    missing_seconds: float
    engine: str = Field(examples=["faster-whisper 1.2.1"])
    model: str = Field(examples=["base int8"])
    language: str | None = Field(description="The buyer's, or of most speech.")
    vocabulary: list[str] = Field(description="Names that hearing was told to expect.")
    parameters: dict[str, Any] = Field(
        description="Of hearing; `languages`: by channel; `foreign_seconds`: speech left out as "
        "it is in that other language."
    )

    @computed_field
    def hearing(self) -> HearingOut:
        """What the ear did besides writing down words; nought in one brought as text."""
        return HearingOut.model_validate(Hearing.of(self.parameters))


class PartialOut(Answer):
    """A call's words as far as they are heard."""

    partial: bool = Field(description="More may come; false once the call is heard.")
    heard_seconds: float = Field(description="Up to where all that was said is in the turns.")
    seconds: float = Field(description="Of sound.")
    turns: list[TurnOut]


class MiningOut(Answer):
    """How the last mining of a call went."""

    note: str | None = Field(
        description="Why another miner than the one chosen found the insights; null if it did not."
    )
    dropped: dict[str, int] = Field(
        description="Parts of the LLM's answer that could not be verified, by reason.",
        examples=[{"quote not found": 2}],
    )
    sentences: list[str] = Field(description="The same in words; empty where all went well.")


class CallOut(CallLine):
    """A call with all that was heard and found in it so far."""

    transcript: TranscriptOut | None = Field(description="Null until the call is heard.")
    insights: list[InsightOut] = Field(description="In the order they were said.")
    mining: MiningOut | None = Field(description="Null until the call is mined.")
    mined: bool = Field(description="Whether it counts: its language may not be mined.")
    not_mined: str | None = Field(
        description="What of it is not mined and why.",
        examples=["Transcribed in German; not mined: Earshot’s detectors know English."],
    )
    edits: list[EditOut] = Field(description="Turns whose words were put right.")
    recording_until: datetime | None = Field(
        description="When the recording goes by the retention rule; null where none goes."
    )
    kept_until: datetime | None = Field(description="The same of the whole call.")


class Uploaded(CallLine):
    """The call of an upload."""

    duplicate: bool = Field(
        description="This sound was here before: the call is the one it belongs to."
    )


class Imported(CallLine):
    """The call of a transcript."""

    duplicate: bool = Field(description="These words were here before: the call is theirs.")
    rivals_added: int = Field(description="To the company's catalogue, which had none.")
    rivals_left_out: list[str] = Field(
        description="Named in the file, and not in the catalogue, which an import never changes."
    )


class CallChange(Body):
    """What is to change; a field left out stays as it is, null takes it away."""

    title: Name | None = None
    account: Name | None = Field(None, examples=["Hartsoe Home"])
    account_value_usd: Sum | None = None
    segment: Name | None = Field(None, examples=["mid-market"])
    rep: Name | None = None
    company: Name | None = None
    held_at: Moment | None = None
    deal_value_usd: Sum | None = None
    stage: Name | None = None
    outcome: Name | None = Field(None, examples=["won"])
    lead_source: Name | None = None
    campaign: Name | None = None
    lead_created_at: Moment | None = None
    consent: Name | None = None

    @model_validator(mode="after")
    def _keeps_what_a_call_needs(self) -> Self:
        for name in ("title", "company", "held_at", "account_value_usd", "segment"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} can be changed and not taken away")
        return self


class TokenOut(Answer):
    """An API token as listed."""

    id: int
    name: str = Field(examples=["CRM export"])
    user: str
    role: Role
    created_at: datetime
    last_used_at: datetime | None = Field(description="To within ten minutes.")


class NewToken(Body):
    """A token to be made."""

    name: Name = Field(description="What it is for.", examples=["CRM export"])
    role: Role = Field(examples=["product"])
    user: Name | None = Field(None, description="Whose it is; the token's name otherwise.")


class TokenMade(TokenOut):
    """A new token with its secret, which is shown this once only."""

    token: str = Field(examples=["esk_…"])


class Me(Answer):
    """Who is asking."""

    id: int
    name: str = Field(examples=["Dana"])
    role: Role
    rep: str | None = Field(None, description="Whose calls you see; null: all.")
    may: list[str] = Field(examples=[["read calls and insights"]])


class Health(BaseModel):
    """Whether Earshot can work."""

    live: bool = Field(description="The server answers.")
    ready: bool = Field(description="Everything it needs answers as well.")
    database: bool
    broker: bool
    store: bool
    schema_: bool = Field(alias="schema", serialization_alias="schema")
