"""Training, weighing and promoting, with the shipped reader as both; and one tiny real training."""

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import pytest

from ingest.base.errors import BadSetup, NotFound, Refused
from insights.insight import Kind
from insights.labels import LabelledCall, read_folder
from insights.model.promote import Busy, making, promoted
from insights.model.reader import HERE, Reader
from insights.retrain import training
from insights.retrain.gate import Refusal, Sample
from insights.retrain.material import SHIPPED, Folders
from insights.retrain.training import Say, Train, Training, TrainingFailed, check_installed
from insights.retrain.work import (
    Retraining,
    TooFewReviews,
    check_enough,
    validation_calls,
)

SIX = Path(__file__).parents[3] / "samples" / "calls"
GENERATION = Reader.load(HERE).version.partition("-")[0]
NEW = f"{GENERATION}-abcdef01"
FEW = 20  # shipped calls laid out: what they are does not matter here


def given(objection: float | None = None) -> Train:
    """Gives the shipped reader, under a version of its own, for one just trained: with another
    threshold of objections it is a worse one."""

    def train(folders: Folders, out: Path, lock: IO[bytes], say: Say) -> None:
        out.mkdir()
        for name in ("reader.onnx.gz", "tokenizer.json"):
            os.link(HERE / name, out / name) if _one_disk(out) else shutil.copy(HERE / name, out)
        card = json.loads((HERE / "card.json").read_text())
        if objection is not None:
            card["thresholds"]["objection"] = objection
        (out / "card.json").write_text(json.dumps({**card, "version": NEW}))
        say("epoch 1 of 1")

    return train


def _one_disk(folder: Path) -> bool:
    return folder.stat().st_dev == HERE.stat().st_dev


@pytest.fixture(scope="module")
def six() -> Sequence[LabelledCall]:
    return list(read_folder(SIX))


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    folder = tmp_path / "shipped"
    folder.mkdir()
    for path in sorted(SHIPPED.glob("*.json"))[:FEW]:
        (folder / path.name).symlink_to(path)
    return folder


def own(six: Sequence[LabelledCall]) -> list[LabelledCall]:
    """Reviewed calls as they are held out: objections known wherever the buyer speaks."""
    return [
        LabelledCall(
            *(call.source, call.id, call.company, call.date, call.product),
            *(call.competitors, call.transcript, call.labels),
            reviewed=[
                {"turn": turn, "kind": "objection"} for turn in range(len(call.transcript.turns))
            ],
        )
        for call in six[:2]
    ]


def retraining(
    home: Path, six: Sequence[LabelledCall], shipped: Path, train: Train, dry_run: bool = False
) -> tuple[Retraining, list[str]]:
    said: list[str] = []
    samples = {Sample.VALIDATION: six, Sample.OWN: own(six)}
    return Retraining(home, samples, train, said.append, dry_run, shipped), said


def test_one_as_good_is_promoted(
    tmp_path: Path, six: Sequence[LabelledCall], shipped: Path
) -> None:
    work, said = retraining(tmp_path, six, shipped, given())
    outcome = work.run(lambda: [])
    assert (outcome.promoted, outcome.new, promoted(tmp_path)) == (True, NEW, NEW)
    assert "epoch 1 of 1" in said
    assert all(c.present == c.new for c in outcome.compared)
    objections = next(c for c in outcome.compared if c.sample is Sample.VALIDATION)
    assert (objections.kind, objections.judgements) == (Kind.OBJECTION, 19)
    assert objections.present.hits > 5


def test_a_worse_one_is_not(tmp_path: Path, six: Sequence[LabelledCall], shipped: Path) -> None:
    work, _ = retraining(tmp_path, six, shipped, given(objection=0.9999))
    outcome = work.run(lambda: [])
    assert not outcome.promoted
    assert (Refusal.WORSE, Kind.OBJECTION) in {(r.why, r.kind) for r in outcome.against}
    assert promoted(tmp_path) is None
    assert not (tmp_path / "model" / "making").exists()


def test_a_dry_run_promotes_nothing(
    tmp_path: Path, six: Sequence[LabelledCall], shipped: Path
) -> None:
    work, _ = retraining(tmp_path, six, shipped, given(), dry_run=True)
    outcome = work.run(lambda: [])
    assert (outcome.promoted, outcome.against, promoted(tmp_path)) == (False, (), None)


def test_stopped_it_leaves_nothing(
    tmp_path: Path, six: Sequence[LabelledCall], shipped: Path
) -> None:
    def stopped(folders: Folders, out: Path, lock: IO[bytes], say: Say) -> None:
        given()(folders, out, lock, say)
        raise KeyboardInterrupt

    work, _ = retraining(tmp_path, six, shipped, stopped)
    with pytest.raises(KeyboardInterrupt):
        work.run(lambda: [])
    assert promoted(tmp_path) is None
    assert {path.name for path in (tmp_path / "model").iterdir()} == {"lock"}


def test_where_it_cannot_be_judged_nobody_trains(six: Sequence[LabelledCall]) -> None:
    check_enough({Sample.VALIDATION: six, Sample.OWN: own(six)})
    with pytest.raises(TooFewReviews, match=r"objection 0, .*review more calls"):
        check_enough({Sample.VALIDATION: six, Sample.OWN: []})
    with pytest.raises(Refused, match="--validation"):
        check_enough({Sample.VALIDATION: six[:2], Sample.OWN: own(six)})


def test_calls_that_the_reader_knows_judge_nothing(shipped: Path, tmp_path: Path) -> None:
    assert len(validation_calls(SIX, shipped)) == 6
    with pytest.raises(Refused, match="is a training call"):
        validation_calls(shipped, shipped)
    with pytest.raises(NotFound, match="no such folder"):
        validation_calls(tmp_path / "nowhere", shipped)
    (tmp_path / "a.json").write_text('{"turns": [], "insights": [{"turn": 3}]}')
    with pytest.raises(Refused, match="must be a turn of this call"):
        validation_calls(tmp_path, shipped)


def test_without_torch_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "NEEDED", ("onnxruntime", "torch_of_nowhere"))
    with pytest.raises(BadSetup, match=r"needs torch_of_nowhere.*pip install '\.\[train\]'"):
        check_installed()


def test_a_training_that_fails_says_why(tmp_path: Path) -> None:
    nowhere = Folders(tmp_path / "calls", tmp_path / "choosing", tmp_path / "wishes")
    with (
        making(tmp_path) as (scratch, lock),
        pytest.raises(TrainingFailed, match=r"ended with 1: .*Error"),
    ):
        Training()(nowhere, scratch / "model", lock, print)


def test_while_a_training_lives_on_no_other_one_starts(tmp_path: Path) -> None:
    """Who started it was killed; what it started holds the lock that it inherited."""
    with making(tmp_path) as (_, lock):
        kept = os.dup(lock.fileno())
    with pytest.raises(Busy), making(tmp_path):
        pass
    os.close(kept)
    with making(tmp_path):
        pass


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_tiny_real_training_is_weighed(tmp_path: Path, six: Sequence[LabelledCall]) -> None:
    try:
        check_installed()
    except BadSetup:
        pytest.skip("the train extra is not installed")
    tiny = tmp_path / "tiny"
    tiny.mkdir()
    companies = ("adderwatch", "alcovane")  # the first one's calls choose the thresholds
    for company in companies:
        for path in sorted(SHIPPED.glob(f"{company}*.json"))[:2]:
            shutil.copy(path, tiny)
    work, said = retraining(tmp_path, six, tiny, Training(epochs=1), dry_run=True)
    outcome = work.run(lambda: own(six))
    assert any("epoch 1 of 1" in line for line in said)
    assert outcome.new.startswith(f"{GENERATION}-")
    assert outcome.new != outcome.present
    assert outcome.against, "one epoch on three calls makes no reader"
    assert promoted(tmp_path) is None
