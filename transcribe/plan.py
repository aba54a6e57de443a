"""How the model is run on a machine: the rules, pure. `tuning` measures and remembers."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import TypeVar

from pydantic import NonNegativeFloat, PositiveInt

MOST_LANES = 8  # of one process: its sound is read, and speech found, by one thread
FIRST = 2  # windows of a call's first batch
MOST_AHEAD = 4  # lanes' batches: a call's first words must not wait for half an hour of it
MOST_MIB = 1200  # of a process that hears a few windows: a long call's words come on top
CLEARLY = 0.9  # of what the default costs: a rival that saves less is chosen by chance as often
BATCHES = (2,)  # beside the default's

MIB = 2**20
POSITIONS = 1500  # of a window in Whisper's encoder
TEXT = 448  # tokens in its decoder
FLOAT16 = 2  # bytes
BATCH_CUDA = 16  # where the free memory is not told
MOST_CUDA = 32  # from here on a large GPU is busy, and a call's last batch is mostly empty
SPARE = 0.8  # of the free memory is used: the allocator's gaps, and a window decoded by beams

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Plan:
    """How the model is run."""

    compute_type: str  # CTranslate2's name; "int8" lets it choose what goes with its int8
    lanes: PositiveInt  # batches decoded at once
    threads: PositiveInt  # of each lane
    batch: PositiveInt  # windows decoded together

    @property
    def round(self) -> int:
        """Windows that all lanes decode at a time."""
        return self.lanes * self.batch

    @property
    def ahead(self) -> int:
        """Windows that must wait behind a round, while more may come, so that enough are left for
        all lanes to end together; of many lanes, for some. One lane waits for nobody."""
        return min(self.lanes, MOST_AHEAD) * self.batch if self.lanes > 1 else 0

    def last_rounds(self, windows: int) -> list[int]:
        """The last windows, no more of them to come, as rounds of one size; rather one of
        batches half as large again than two of small ones."""
        rounds = max(1, ceil(windows / (self.lanes * (self.batch + self.batch // 2))))
        return [windows // rounds + (n < windows % rounds) for n in range(rounds)]

    def due(self, waiting: Sequence[Item], *, first: bool) -> list[Sequence[Item]]:
        """The batches that are decoded now, while more windows may come: `first` of all a small
        one, so that a call's first words are there soon, then whole rounds."""
        if first:
            size = min(FIRST, self.batch)
            return [waiting[:size]] if len(waiting) >= size else []
        ready = len(waiting) >= self.round + self.ahead
        return self.dealt(waiting[: self.round]) if ready else []

    def dealt(self, windows: Sequence[Item]) -> list[Sequence[Item]]:
        """A round's windows as batches: each lane's are found at once with the others'."""
        return [windows[lane :: self.lanes] for lane in range(min(self.lanes, len(windows)))]


@dataclass(frozen=True, slots=True)
class Figure:
    """What a plan came to when it was measured."""

    plan: Plan
    cpu_seconds: NonNegativeFloat  # of all threads, for one window of the sample
    peak_mib: NonNegativeFloat  # of a process that does nothing else


@dataclass(frozen=True, slots=True)
class Architecture:
    """What of a Whisper model decides how much memory a window takes."""

    width: int
    heads: int
    decoder_layers: int
    mib: int  # its weights in float16

    @property
    def window_mib(self) -> float:
        """What one window takes while it is heard in float16: the decoder's caches, which stay,
        and the larger of the encoder's steps, its attention (scores twice: before and after the
        softmax) with the layer's own values."""
        cross = self.decoder_layers * 2 * POSITIONS * self.width
        itself = self.decoder_layers * 2 * TEXT * self.width
        scores = 2 * self.heads * POSITIONS**2
        values = 8 * POSITIONS * self.width
        return (cross + itself + scores + values) * FLOAT16 / MIB


LARGE = Architecture(1280, 20, 32, 2950)
ARCHITECTURES = {  # by what a model's name holds, the first that fits (openai/whisper, model cards)
    "turbo": Architecture(1280, 20, 4, 1550),
    "large": LARGE,
    "medium": Architecture(1024, 16, 24, 1460),
    "small": Architecture(768, 12, 12, 466),
    "base": Architecture(512, 8, 6, 141),
    "tiny": Architecture(384, 6, 4, 73),
}


def default(threads: int) -> Plan:
    """What is good on most processors: each thread decodes some windows of its own. Threads that
    share a batch wait for each other at every step; larger batches hardly gain."""
    lanes = min(threads, MOST_LANES)
    return Plan("int8", lanes, max(1, threads // lanes), batch=4)


def splits(threads: int) -> Iterator[Plan]:
    """The default with fewer lanes of more threads each, and with other batches."""
    usual = default(threads)
    lanes = usual.lanes // 2
    while lanes:
        yield replace(usual, lanes=lanes, threads=threads // lanes)
        lanes //= 2
    for batch in BATCHES:
        yield replace(usual, batch=batch)


def exact(plan: Plan, offered: Collection[str]) -> Iterator[Plan]:
    """The plan without the rounding to eight bits, where the processor offers that. What int8
    costs to convert, an old processor may not win back."""
    if "float32" in offered:
        yield replace(plan, compute_type="float32")


def best(figures: Sequence[Figure]) -> Plan:
    """The cheapest plan that fits into MOST_MIB, if it is clearly cheaper than the first.

    The first figure is the default's; a rival may take as much memory as that one in any case.
    """
    usual = figures[0]
    bound = max(MOST_MIB, usual.peak_mib)
    fitting = [figure for figure in figures if figure.peak_mib <= bound]
    cheapest = min(fitting, key=lambda figure: figure.cpu_seconds)
    return cheapest.plan if cheapest.cpu_seconds <= CLEARLY * usual.cpu_seconds else usual.plan


def architecture(model: str) -> Architecture:
    """That of a model by its name; of a name that tells nothing, the largest there is."""
    name = model.lower()
    return next((found for word, found in ARCHITECTURES.items() if word in name), LARGE)


def on_cuda(threads: int, model: str, free_mib: float | None) -> Plan:
    """One lane in float16, with as many windows at once as the free memory holds beside the
    weights; `free_mib` is None where nothing tells it."""
    batch = BATCH_CUDA
    if free_mib is not None:
        form = architecture(model)
        room = SPARE * free_mib - form.mib
        batch = min(MOST_CUDA, max(1, int(room / form.window_mib)))
    return Plan("float16", 1, threads, batch)
