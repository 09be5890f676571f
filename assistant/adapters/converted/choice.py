"""The embedding model on whatever is the fastest here among what is exact enough."""

import logging
import threading
from collections.abc import Sequence
from pathlib import Path

from assistant.adapters.converted import store
from assistant.adapters.converted.figures import fastest
from assistant.adapters.converted.model import ConvertedModel
from assistant.adapters.embedding import THREADS, SentenceTransformerModel
from assistant.errors import PermanentError
from assistant.ports import EmbeddingModel, Offsets, Vectors

logger = logging.getLogger(__name__)

OPENVINO = "OpenVINO"


class FastestModel:
    """An `EmbeddingModel`; it decides and loads on first use, so that forking before that is safe.

    With `converted_only` torch is no choice, and what does not convert cannot be used.
    """

    def __init__(self, name: str, models: Path, *, converted_only: bool = False) -> None:
        self.name = name
        self._models = models
        self._only = OPENVINO if converted_only else ""
        self._lock = threading.Lock()
        self._model: EmbeddingModel | None = None

    @property
    def backend(self) -> str:
        """Return what the model runs on."""
        return self._chosen().backend

    @property
    def dimensions(self) -> int:
        """Return the length of a vector."""
        return self._chosen().dimensions

    @property
    def window(self) -> int:
        """Return how many tokens of a text are read, without those that the model adds itself."""
        return self._chosen().window

    def locate_tokens(self, texts: Sequence[str]) -> Sequence[Offsets]:
        """Return where the tokens of each text begin, however many there are."""
        return self._chosen().locate_tokens(texts)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per text."""
        return self._chosen().embed(texts)

    def _chosen(self) -> EmbeddingModel:
        with self._lock:
            if self._model is None:
                self._model = self._choose()
            return self._model

    def _choose(self) -> EmbeddingModel:
        try:
            folder = store.prepare(self._models, self.name)
            best = fastest(store.read_figures(folder), self._only)
            if best is None:
                raise store.NotConverted(f"it does not convert; {folder} says how it did")
            runs_on, _, precision = best.partition(" ")
            if runs_on != OPENVINO:
                return SentenceTransformerModel(self.name, bfloat16=precision == "bf16")
            model = ConvertedModel(self.name, folder, precision, threads=THREADS)
        except Exception as error:  # OpenVINO raises nearly everything for a damaged file
            if self._only:
                raise PermanentError(
                    f"The embedding model '{self.name}' cannot run on OpenVINO ({error}). Mend "
                    "that, or set EMBEDDING_BACKEND=auto.",
                    code="embedding_model_unavailable",
                ) from error
            logger.warning("torch embeds, which takes more time and memory: %s", error)
            return SentenceTransformerModel(self.name)
        logger.info("embedding model loaded", extra={"model": self.name, "backend": model.backend})
        return model


def foresee(name: str, models: Path, *, converted_only: bool = False) -> str | None:
    """Return what a model will run on; none if whoever loads it first has to find out."""
    folder = store.find(models, name)
    return (
        fastest(store.read_figures(folder), OPENVINO if converted_only else "") if folder else None
    )
