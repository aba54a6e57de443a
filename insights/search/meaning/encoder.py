"""What a text means as a vector: near those of texts that say the same in other words.

The model is all-MiniLM-L6-v2 (Reimers and Gurevych, "Sentence-BERT", 2019; Wang et al., "MiniLM",
2020), run by onnxruntime; `card.md` says where it is from.
"""

import hashlib
from collections.abc import Iterable
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ingest.base.errors import BadSetup
from transcribe.packed import session

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Vectors = NDArray[np.float32]

HERE = Path(__file__).parent
MODEL = HERE / "meaning.onnx.gz"
SHA256 = "4958e284b15e3a5cbc0ba8cf86284d7abee906089e5fb3fe6b1aa0bd176c2a11"
TOKENIZER = HERE / "tokenizer.json"
TOKENIZER_SHA256 = "5fd1c882abbd30517dced455a2c9768945ec726b96727927e4959348d9de550b"
VERSION = f"minilm-{SHA256[:8]}"
"""Vectors of two versions cannot be compared."""

SIZE = 384  # of a vector
LONGEST = 256  # word pieces: what comes behind is not read, as the model was trained


class Encoder:
    """The model, loaded with its first use, in the process that uses it; threads may share it."""

    def __init__(self, model: Path = MODEL, tokenizer: Path = TOKENIZER) -> None:
        self._files = model, tokenizer

    def of(self, texts: Iterable[str]) -> Vectors:
        """The meaning of each text, as (texts, SIZE) vectors of length 1.

        Each is read alone: int8 takes its scale from the whole input, so that its neighbours in a
        batch would change it. Raises BadSetup where the model is missing or altered.
        """
        found = [self._one(text) for text in texts]
        return np.array(found, np.float32).reshape(-1, SIZE)

    def _one(self, text: str) -> Any:
        ids = np.array([self._tokenizer.encode(text).ids], np.int64)
        return self._session.run(None, {"ids": ids})[0][0]

    @cached_property
    def _session(self) -> Any:
        return session(self._files[0], SHA256)

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        from tokenizers import Tokenizer

        try:
            raw = self._files[1].read_bytes()
        except OSError as error:
            said = f"{self._files[1]} cannot be read ({error.strerror}): reinstall Earshot."
            raise BadSetup(said) from error
        if hashlib.sha256(raw).hexdigest() != TOKENIZER_SHA256:
            raise BadSetup(f"{self._files[1]} is damaged: reinstall Earshot.")
        tokenizer: Tokenizer = Tokenizer.from_str(raw.decode())
        tokenizer.enable_truncation(LONGEST)
        return tokenizer


@cache
def encoder() -> Encoder:
    """This process's."""
    return Encoder()
