"""faster-whisper's model and what comes with it: the only place that loads it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ingest.base.errors import BadMetadata, BadSetup, Unavailable
from ingest.base.settings import Settings
from transcribe.plan import Plan
from transcribe.weights import model_path


def load_model(settings: Settings, plan: Plan) -> Any:
    """faster-whisper's model of the settings' weights, run by the plan: as many batches as it has
    lanes may pass at once. Raises Unavailable or BadSetup."""
    from faster_whisper import WhisperModel

    source = model_path(settings)
    device = device_of(settings)
    try:
        return WhisperModel(
            str(source),
            device=device,
            compute_type=plan.compute_type,
            cpu_threads=plan.threads,
            num_workers=plan.lanes,
        )
    except OSError as error:  # a name that is in no local cache, and no hub to fetch it from
        raise Unavailable(
            f"The Whisper model {source} cannot be had: {error}. "
            "Set EARSHOT_WHISPER_MODEL to a folder of weights, or leave it empty."
        ) from error
    except (RuntimeError, ValueError) as error:
        raise BadSetup(f"The Whisper model {source} does not load on {device}: {error}") from error


def batched_pipeline(model: Any) -> Any:
    """faster-whisper's own batched pipeline over `model`: what the bench compares with."""
    from faster_whisper import BatchedInferencePipeline

    return BatchedInferencePipeline(model)


# The model's steps -------------------------------------------------------------------------

Mel = npt.NDArray[np.float32]
"""A window's log-mel spectrogram, (mels, columns)."""

Encoded = npt.NDArray[Any]
"""What the encoder makes of a window, (positions, width), in the type it is computed in."""

TOGETHER_ON_CUDA = 32
"""Windows encoded and aligned at once on a GPU. On a processor one: it is no quicker with more, its
attention takes most of the memory, and the aligner fills all texts up to the longest."""

Item = TypeVar("Item")


def together(model: Any) -> int:
    """How many windows are best encoded, and aligned, at once."""
    return TOGETHER_ON_CUDA if model.model.device == "cuda" else 1


def grouped(model: Any, items: Sequence[Item]) -> list[Sequence[Item]]:
    """Windows, or what goes with them, as many at once as `together` says."""
    size = together(model)
    return [items[at : at + size] for at in range(0, len(items), size)]


def encoded(model: Any, mels: Sequence[Mel]) -> list[Encoded]:
    """Each window as the decoder takes it."""
    return list(np.array(model.model.encode(_storage(mels), to_cpu=True)))


def generated(
    model: Any, sounds: Sequence[Encoded], prompts: Sequence[list[int]], **how: Any
) -> list[Any]:
    """CTranslate2's results for windows that are decoded together, each after its prompt."""
    results: list[Any] = model.model.generate(_storage(sounds), prompts, **how)
    return results


def language_shares(model: Any, sounds: Sequence[Encoded]) -> list[list[tuple[str, float]]]:
    """How likely each window is in which language, the likeliest first, as ("<|en|>", share)."""
    shares: list[list[tuple[str, float]]] = model.model.detect_language(_storage(sounds))
    return shares


def aligned(
    model: Any, tokenizer: Any, texts: Sequence[tuple[list[int], Encoded, int]]
) -> list[list[dict[str, Any]]]:
    """The pieces of texts (tokens, their window and its columns of the spectrogram) with their
    times."""
    return [
        pieces
        for some in grouped(model, texts)
        for pieces in model.find_alignment(
            tokenizer,
            [tokens for tokens, _, _ in some],
            _storage([sound for _, sound, _ in some]),
            [columns for _, _, columns in some],
        )
    ]


def _storage(arrays: Sequence[npt.NDArray[Any]]) -> Any:
    import ctranslate2

    return ctranslate2.StorageView.from_array(np.stack(arrays))


# What it is --------------------------------------------------------------------------------


def device_of(settings: Settings) -> str:
    import ctranslate2

    if settings.device != "auto":
        return settings.device
    return "cuda" if ctranslate2.get_cuda_device_count() else "cpu"


def offered() -> set[str]:
    """The compute types that this processor has instructions for."""
    import ctranslate2

    types: set[str] = ctranslate2.get_supported_compute_types("cpu")
    return types


def describe(settings: Settings, model: Any) -> str:
    name = Path(settings.whisper_model).name or "base"
    return f"{name} {model.model.compute_type}"


def suppressed(tokenizer: Any) -> list[int]:
    from faster_whisper.transcribe import get_suppressed_tokens

    return list(get_suppressed_tokens(tokenizer, [-1]))


def tokenizer_for(model: Any, language: str) -> Any:
    """Whisper's tokenizer for transcribing `language`, English where the model knows no other.
    Raises BadMetadata for a language that it does not know."""
    from faster_whisper.tokenizer import Tokenizer

    multilingual = model.model.is_multilingual
    language = language if multilingual else "en"
    if language not in model.supported_languages:
        raise BadMetadata(
            f"Whisper knows no language {language!r}: correct the call's language, or "
            "EARSHOT_LANGUAGE."
        )
    return Tokenizer(model.hf_tokenizer, multilingual, task="transcribe", language=language)
