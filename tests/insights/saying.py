"""Short ways to write turns."""

from transcribe.transcript import Speaker, Transcript, Turn, Word


def buyer(text: str) -> Turn:
    return Turn(Speaker.BUYER, text)


def seller(text: str) -> Turn:
    return Turn(Speaker.SELLER, text)


def heard(text: str, start: float = 0.0, speaker: Speaker = Speaker.BUYER) -> Turn:
    """A turn as heard: one word every half second."""
    words = tuple(
        Word(word, start + n / 2, start + n / 2 + 0.4) for n, word in enumerate(text.split())
    )
    return Turn(speaker, " ".join(text.split()), words[0].start, words[-1].end, words)


def transcript(*turns: Turn) -> Transcript:
    return Transcript(turns, seconds=0.0, engine="imported")
