"""How calls are heard, as JSON."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field

DROPPED_WORDS = Field(
    description="Words that were not believed, by reason: nobody to say them (no_speech), noise "
    "put into words (poor), what the model writes into silence (stock), faster than anybody speaks "
    "(fast), the same again and again (loop), the names it was told to expect (prompt), the other "
    "channel's sound (echo), or not noted (untold).",
    examples=[{"loop": 12, "stock": 2}],
)


class HearingOut(BaseModel):
    """What the ear did besides writing down words."""

    model_config = ConfigDict(from_attributes=True)

    windows: int = Field(description="Stretches of speech of up to 30 seconds.")
    redecoded: int = Field(description="Of them decoded again: the first made no sense.")
    reheard: int = Field(description="Of them heard again in part: speech had got no words.")
    speech_seconds: float | None = Field(
        description="Speech found on all channels together; null where it was not noted."
    )
    dropped: dict[str, int] = DROPPED_WORDS


class HeardWeekOut(BaseModel):
    """What one model did with the calls held in one week."""

    model_config = ConfigDict(from_attributes=True)

    week: date = Field(description="Its Monday, UTC.")
    engine: str = Field(examples=["faster-whisper 1.2.1"])
    model: str = Field(examples=["base int8"])
    calls: int
    seconds: float
    missing_seconds: float = Field(description="Sound that could not be decoded.")
    words: int = Field(description="Heard and believed.")
    windows: int = Field(description="Stretches of speech of up to 30 seconds.")
    redecoded: int = Field(description="Of them decoded again.")
    redecoded_share: float
    dropped: dict[str, int] = DROPPED_WORDS


class HeardWeeks(BaseModel):
    """The last weeks with calls, the oldest first."""

    model_config = ConfigDict(from_attributes=True)

    weeks: list[HeardWeekOut]
