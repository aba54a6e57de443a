"""Who speaks on a call, in words, and what one click can set right: pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from transcribe.sides import look_swapped
from transcribe.transcript import Speaker, Transcript, Voice

SIDES = {Speaker.SELLER: "Seller", Speaker.BUYER: "Buyer", Speaker.UNKNOWN: "Speaker"}
OTHER = {Speaker.SELLER: Speaker.BUYER, Speaker.BUYER: Speaker.SELLER}


@dataclass(frozen=True, slots=True)
class Choice:
    """A button: what it says, and whose it makes which voices."""

    words: str
    speakers: Mapping[int, Speaker]

    @property
    def fields(self) -> list[str]:
        """As a form sends it: "0=seller"."""
        return [f"{number}={speaker.value}" for number, speaker in self.speakers.items()]


@dataclass(frozen=True, slots=True)
class Speaking:
    """How it is known who speaks, and what can be set right."""

    told: str
    wrong: bool  # the sides look swapped
    choices: tuple[Choice, ...]


def speaking(transcript: Transcript) -> Speaking | None:
    """What to say of the call's voices; None where it was brought without sound."""
    voices = transcript.voices
    if not voices:
        return None
    wrong = look_swapped(voices)
    told = _swapped(voices) if wrong else _told(voices, _by_channel(transcript))
    return Speaking(told, wrong, tuple(_choices(voices)))


def _by_channel(transcript: Transcript) -> bool:
    return len({turn.channel for turn in transcript.turns}) > 1


def _swapped(voices: Sequence[Voice]) -> str:
    unlikely = max(voice.confidence or 0.0 for voice in voices)
    return (
        "The sides look swapped: who is taken for the seller speaks like a buyer "
        f"({_sure(1 - unlikely)})."
    )


def _told(voices: Sequence[Voice], by_channel: bool) -> str:
    if any(voice.by_person for voice in voices):
        return "Somebody set who sells and who buys."
    if by_channel:
        return "Seller and buyer are told by their channel."
    if len(voices) == 1:
        return "Only one voice was heard: whose it is, is not known."
    count = "Two" if len(voices) == 2 else f"{len(voices)}"
    least = min((v.confidence for v in voices if v.confidence is not None), default=0.5)
    if any(voice.speaker is Speaker.UNKNOWN for voice in voices):
        return f"{count} voices were told apart by their sound. Who sells is not clear."
    return (
        f"{count} voices were told apart by their sound, seller and buyer by what they say "
        f"({_sure(least)})."
    )


def _sure(confidence: float) -> str:
    return f"{min(confidence * 100, 99):.0f} % sure"


def _choices(voices: Sequence[Voice]) -> Iterator[Choice]:
    sides = {voice.speaker for voice in voices}
    if len(voices) == 2 and sides == set(OTHER):
        swapped = {voice.number: OTHER[voice.speaker] for voice in voices}
        yield Choice("Swap seller and buyer", swapped)
    elif len(voices) == 2:
        for voice, other in (voices, reversed(voices)):
            sides_set = {voice.number: Speaker.SELLER, other.number: Speaker.BUYER}
            yield Choice(f"{label(voice, voices)} is the seller", sides_set)
    else:
        for voice in voices:
            for side in OTHER:
                if side is not voice.speaker:
                    words = f"Make {label(voice, voices)} a {side.value}"
                    alone = f"It is the {side.value}"
                    yield Choice(alone if len(voices) == 1 else words, {voice.number: side})


def label(voice: Voice, voices: Sequence[Voice]) -> str:
    """What a voice is called: by its side, and by a number where several share that."""
    alike = [other.number for other in voices if other.speaker is voice.speaker]
    name = SIDES[voice.speaker]
    return f"{name} {alike.index(voice.number) + 1}" if len(alike) > 1 else name


def labels(transcript: Transcript) -> dict[int, str]:
    """What each of the call's voices is called."""
    return {voice.number: label(voice, transcript.voices) for voice in transcript.voices}
