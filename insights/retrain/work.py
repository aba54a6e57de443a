"""A reader trained anew, weighed against the present one, and promoted if nothing is worse."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ingest.base.errors import Refused
from insights.evaluate import score
from insights.insight import Kind
from insights.labels import LabelledCall, read_folder
from insights.miner import Miner, load_pipeline
from insights.model.promote import in_use, making, promote
from insights.model.reader import Reader
from insights.retrain.gate import ENOUGH, Compared, Counts, Reason, Sample, against, too_few
from insights.retrain.material import SHIPPED, lay_out
from insights.retrain.training import Say, Train

Samples = Mapping[Sample, Sequence[LabelledCall]]


class TooFewReviews(Refused):
    """Too little is held out for a new reader to be judged."""

    code = "too-few-reviews"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it."""

    present: str  # the version that was in use
    new: str
    compared: tuple[Compared, ...]
    against: tuple[Reason, ...]
    promoted: bool


@dataclass(frozen=True, slots=True)
class Retraining:
    """What is done with a new reader, and by what it is judged."""

    home: Path
    samples: Samples
    train: Train
    say: Say
    dry_run: bool = False
    shipped: Path = SHIPPED

    def run(self, own: Callable[[], Sequence[LabelledCall]]) -> Outcome:
        """Train on the shipped calls and on one's own, which are asked for once the data folder
        is ours. Whoever stops this has changed nothing."""
        with making(self.home) as (scratch, lock):
            return self._made(scratch, lock, own())

    def _made(self, scratch: Path, lock: IO[bytes], own: Sequence[LabelledCall]) -> Outcome:
        made = scratch / "model"
        self.say(f"Training from scratch on {len(own)} calls of yours beside the shipped ones …")
        self.train(lay_out(scratch, own, self.shipped), made, lock, self.say)
        present, new = Reader.load(in_use(self.home)), Reader.load(made)
        compared = compare(present, new, self.samples, self.say)
        reasons = against(compared)
        promoting = not reasons and not self.dry_run
        if promoting:
            promote(self.home, made)
        return Outcome(present.version, new.version, compared, tuple(reasons), promoting)


def check_enough(samples: Samples) -> None:
    """Raise TooFewReviews, or Refused for the validation calls, where a new reader could not be
    judged: better said before the training than after it."""
    counts = {
        (sample, kind): _judgements(sample, kind, calls)
        for sample, calls in samples.items()
        for kind in Kind
    }
    for reason in too_few(counts):
        enough, of = ENOUGH[reason.sample], reason.sample
        told = ", ".join(f"{kind.replace('_', ' ')} {counts[of, kind]}" for kind in Kind)
        if of is Sample.OWN:
            raise TooFewReviews(
                f"Too few reviews to judge a new reader by ({told}; {enough} of one kind are "
                "needed). They are counted on the one reviewed call in three that is held out: "
                "review more calls, some sixty insights of a kind in all."
            )
        raise Refused(
            f"Too few validation calls to judge a new reader by ({told}; {enough} of each kind "
            "are needed): name a folder of more labelled calls with --validation."
        )


def validation_calls(folder: Path, shipped: Path = SHIPPED) -> list[LabelledCall]:
    """The labelled calls of a folder, every label read. Raises NotFound, or Refused for a broken
    one and for one that the shipped reader has learnt from."""
    learnt = {_words(call) for call in read_folder(shipped)}
    found = list(read_folder(folder))
    for call in found:
        assert call.truth is not None, "reading it checks it"
        if _words(call) in learnt:
            raise Refused(
                f"{call.source}: is a training call, which the shipped reader knows. Judge by "
                "calls that no reader has learnt from."
            )
    return found


def _words(call: LabelledCall) -> tuple[str, ...]:
    return tuple(turn.text for turn in call.transcript.turns)


def compare(present: Reader, new: Reader, samples: Samples, say: Say) -> tuple[Compared, ...]:
    """Both readers on each sample, by kind."""
    parse = load_pipeline()
    compared = []
    for sample, calls in samples.items():
        say(f"Weighing both on {len(calls)} calls: {sample} …")
        before, after = (counts(Miner(reader, parse), calls) for reader in (present, new))
        compared += [
            Compared(sample, kind, _judgements(sample, kind, calls), before[kind], after[kind])
            for kind in Kind
        ]
    return tuple(compared)


def counts(miner: Miner, calls: Sequence[LabelledCall]) -> dict[Kind, Counts]:
    """What the miner finds in labelled calls, as far as their labels speak of it."""
    truth, found = {}, {}
    for number, call in enumerate(calls):
        mined = miner.mine(call.transcript, call.competitors, call.own_names)
        pairs = call.known
        truth[str(number)] = list(call.truth)
        found[str(number)] = [i for i in mined if pairs is None or (i.turn, i.kind) in pairs]
    kinds = score(truth, found).kinds
    return {
        kind: Counts(of.hits, of.recall.total, of.precision.total) for kind, of in kinds.items()
    }


def _judgements(sample: Sample, kind: Kind, calls: Sequence[LabelledCall]) -> int:
    """How many mentions, or, of one's own calls, how many reviewed turns there are."""
    if sample is Sample.OWN:
        return sum(told is kind for call in calls for _, told in call.known or ())
    return sum(insight.kind is kind for call in calls for insight in call.truth)
