"""Convert an embedding model and try it on this processor: a process of its own, with torch.

`python -m assistant.adapters.converted.convert FOLDER MODEL`, by whoever holds the folder's lock.
"""

import logging
import os
import shutil
import sys
import tempfile
import threading
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.adapters.converted import store
from assistant.adapters.converted.figures import EXACT, measure
from assistant.adapters.converted.model import GRAPH, TOKENIZER, ConvertedModel, Description
from assistant.adapters.converted.runtime import openvino
from assistant.adapters.converted.texts import varied
from assistant.adapters.embedding import THREADS, SentenceTransformerModel, has_bfloat16
from assistant.ports import EmbeddingModel

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

logger = logging.getLogger(__name__)

REASON, REASON_CHARACTERS = "reason.txt", 500
# What nobody has loaded for so long was made from what is no longer there.
UNUSED_SECONDS = 30 * 24 * 3600.0
# What the graph can be given; other models stay with torch.
KNOWN_INPUTS = {"input_ids", "attention_mask", "token_type_ids"}


def convert(models: Path, name: str) -> None:
    """Leave a folder with the converted model, or without it if it does not convert, and figures.

    Raises `OSError` or `RuntimeError` if it cannot be written.
    """
    exact = SentenceTransformerModel(name, bfloat16=False)
    # Before anything else: the model may have to be fetched, and only then its folder is known.
    window = exact.window
    target = store.folder_of(models, name)
    if target is None:
        raise FileNotFoundError(f"the files of {name} are not where they should be")
    if target.is_dir():
        _measure(name, exact, target)
        return
    part = Path(tempfile.mkdtemp(prefix=store.PARTIAL, dir=models))
    write(exact.loaded(), window, part)
    _measure(name, exact, part)
    # A folder for temporary files is closed to other users of the machine.
    part.chmod(0o755)
    _sync(part)
    part.rename(target)
    _sync(models)
    _remove_unused(models)


def write(transformer: "SentenceTransformer", window: int, folder: Path) -> None:
    """Write the graph, the tokenizer and the description, or why the model does not convert."""
    try:
        inputs = _inputs(transformer)
        graph = _traced(transformer, inputs)
    except Exception as error:  # torch and OpenVINO raise nearly everything
        _give_up(folder, error)
        return
    openvino().save_model(graph, folder / GRAPH, compress_to_fp16=False)
    transformer.tokenizer.backend_tokenizer.save(str(folder / TOKENIZER))
    Description(
        dimensions=int(transformer.get_embedding_dimension() or 0),
        longest=transformer.max_seq_length,
        window=window,
        prompt=_prompt(transformer),
        inputs=inputs,
    ).write(folder)


def _give_up(folder: Path, error: Exception) -> None:
    """Say why torch remains; some errors come with all the weights in their words."""
    (folder / REASON).write_text(repr(error)[:REASON_CHARACTERS], encoding="utf-8")


def _prompt(transformer: "SentenceTransformer") -> str:
    return transformer.prompts.get(transformer.default_prompt_name or "") or ""


def _inputs(transformer: "SentenceTransformer") -> dict[str, int]:
    """Return the graph's inputs and what pads each; raises `ValueError` if others are needed."""
    tokenizer = transformer.tokenizer
    names = set(tokenizer(["text"]))
    if not tokenizer.is_fast or tokenizer.padding_side != "right" or not names <= KNOWN_INPUTS:
        raise ValueError(f"its tokenizer is not one of those that work alone: {names}")
    if _prompt(transformer) and not getattr(transformer[1], "include_prompt", True):
        raise ValueError("its prompt has to be left out of the pooling")
    padding = {
        "input_ids": int(tokenizer.pad_token_id or 0),
        "token_type_ids": int(tokenizer.pad_token_type_id),
    }
    return {name: padding.get(name, 0) for name in sorted(names)}


def _traced(transformer: "SentenceTransformer", inputs: dict[str, int]) -> Any:
    """Return the whole model as a graph: all its modules, as `modules.json` puts them together."""
    import torch

    class Whole(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.modules_in_order = transformer

        def forward(self, *tensors: Any) -> Any:
            features = dict(zip(inputs, tensors, strict=True))
            for module in self.modules_in_order:
                features = module(features)
            return features["sentence_embedding"]

    # Two texts of different lengths, so that neither number is taken for always the same.
    example = transformer.tokenizer(
        ["two texts, one of them longer", "short"], padding=True, return_tensors="pt"
    )
    runtime = openvino()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graph = runtime.convert_model(
            Whole(), example_input=tuple(example[name] for name in inputs)
        )
    for name, port in zip(inputs, graph.inputs, strict=True):
        port.get_tensor().set_names({name})
    graph.reshape({name: runtime.PartialShape([-1, -1]) for name in inputs})
    return graph


def _measure(name: str, exact: EmbeddingModel, folder: Path) -> None:
    precisions = ["f32", "bf16"] if has_bfloat16() else ["f32"]
    tried: dict[str, EmbeddingModel] = {EXACT: exact}
    if "bf16" in precisions:
        tried["torch bf16"] = SentenceTransformerModel(name, bfloat16=True)
    if (folder / GRAPH).exists():
        for precision in precisions:
            try:
                model = ConvertedModel(name, folder, precision, threads=THREADS)
                model.embed(["text"])
            except Exception as error:  # OpenVINO raises nearly everything
                _give_up(folder, error)
            else:
                tried[model.backend] = model
    store.write_figures(folder, measure(tried, varied()))


def _sync(folder: Path) -> None:
    """Wait until a folder and the files in it are on the disk."""
    for path in [*folder.iterdir(), folder]:
        if path.is_dir() and path != folder:
            continue
        number = os.open(path, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def _remove_unused(models: Path) -> None:
    for figures in models.glob("*-*/figures-*.json"):
        with suppress(OSError):
            if time.time() - figures.parent.stat().st_mtime > UNUSED_SECONDS:
                shutil.rmtree(figures.parent)


def _leave_with_parent() -> None:
    # Not by way of `sys.stdin`, which Python wants to close at its own end.
    os.read(0, 1)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    # If memory runs out, then rather this process ends than one that somebody waits for.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    convert(Path(sys.argv[1]), sys.argv[2])
    # Libraries that were loaded may hang at the end.
    os._exit(0)
