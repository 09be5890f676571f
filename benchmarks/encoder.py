"""What embeds fastest: torch and OpenVINO, in float32 and in bfloat16, on this processor.

`python -m benchmarks.encoder [ROUNDS] [FILE]`: each reading is a process of its own, and backends
take turns. Passages are chunks of the project's own documents, or the values of `docs` in a JSON
file. Leaves with an error if the backend that the product chooses is not exact enough.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import numpy as np

from assistant.adapters.converted import store
from assistant.adapters.converted.choice import foresee
from assistant.adapters.converted.figures import LEAST_COSINE
from assistant.adapters.converted.model import ConvertedModel
from assistant.adapters.embedding import THREADS, SentenceTransformerModel, has_bfloat16
from assistant.adapters.splitting import StructuredSplitter
from assistant.config import read_settings
from assistant.ports import EmbeddingModel, Vectors
from benchmarks.accept import cpu_name

PROJECT = Path(__file__).parents[1]
ROUNDS = 3
PASSAGES = 400
QUESTIONS = 150
# As many as a job embeds at once.
TOGETHER = 64
EXACT = "torch f32"

Reading = dict[str, float]


def own_passages() -> Iterator[str]:
    """Yield chunks of the project's own documents, as the product cuts them."""
    splitter = StructuredSplitter(size=1000, overlap=150)
    for path in sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md")]):
        text = path.read_text(encoding="utf-8")
        yield from (text[span.start : span.end] for span in splitter.split(text))


def passages(file: str | None) -> list[str]:
    """Return the texts that are embedded."""
    if file is None:
        return list(own_passages())[:PASSAGES]
    documents: dict[str, str] = json.loads(Path(file).read_text(encoding="utf-8"))["docs"]
    return list(documents.values())[:PASSAGES]


def made(backend: str, models: Path, name: str) -> EmbeddingModel:
    """Return a model on one of the backends."""
    library, precision = backend.split()
    if library == "torch":
        return SentenceTransformerModel(name, bfloat16=precision == "bf16")
    return ConvertedModel(name, store.prepare(models, name), precision, threads=THREADS)


def memory(label: str) -> float:
    """Return a line of this process's status in MiB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(label))


def questions(texts: Sequence[str]) -> list[str]:
    """Return beginnings of passages, as long as questions are."""
    return [" ".join(text.split()[: 6 + number % 9]) for number, text in enumerate(texts)]


def read(backend: str, texts: list[str]) -> tuple[Reading, Vectors]:
    """Load a model and use it as the product does."""
    settings = read_settings()
    began = time.perf_counter()
    model = made(backend, settings.models, settings.embedding_model)
    model.embed(["hello"])
    reading = {"load": time.perf_counter() - began, "loaded": memory("VmRSS")}
    began, processor = time.perf_counter(), time.process_time()
    parts = [texts[first : first + TOGETHER] for first in range(0, len(texts), TOGETHER)]
    vectors = np.concatenate([model.embed(part) for part in parts])
    reading["rate"] = len(texts) / (time.perf_counter() - began)
    reading["processor"] = 1000 * (time.process_time() - processor) / len(texts)
    reading["peak"] = memory("VmHWM")
    times = []
    for question in questions(texts[:QUESTIONS]):
        began = time.perf_counter()
        model.embed([question])
        times.append(1000 * (time.perf_counter() - began))
    reading["p50"], reading["p95"] = median(times), quantiles(times, n=20)[-1]
    return reading, vectors


def in_a_process(backend: str, file: str | None, folder: Path) -> tuple[Reading, Vectors]:
    """Take a reading in a process of its own."""
    target = folder / "vectors.npy"
    command = [sys.executable, "-m", "benchmarks.encoder", "read", backend, str(target)]
    done = subprocess.run(
        [*command, *([file] if file else [])], capture_output=True, check=True, timeout=600
    )
    return json.loads(done.stdout.splitlines()[-1]), np.load(target)


def span(values: Sequence[float], form: str) -> str:
    """Return the median and the range."""
    return f"{median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def show(backend: str, readings: Sequence[Reading], cosine: float) -> None:
    """Print what was read of a backend."""

    def of(what: str, form: str) -> str:
        return span([reading[what] for reading in readings], form)

    print(
        f"  {backend:<14} {of('rate', '.0f')} passages/s, {of('processor', '.1f')} ms of the "
        f"processor each, least cosine {cosine:.6f}\n"
        f"  {'':<14} a question p50 {of('p50', '.1f')} ms, p95 {of('p95', '.1f')} ms; loads in "
        f"{of('load', '.1f')} s; {of('loaded', '.0f')} MiB loaded, {of('peak', '.0f')} at most",
        flush=True,
    )


def main(rounds: int, file: str | None) -> bool:
    """Take all readings, print them, and return whether what the product chooses is exact."""
    settings = read_settings()
    store.prepare(settings.models, settings.embedding_model)
    chosen = foresee(settings.embedding_model, settings.models)
    precisions = ["f32", "bf16"] if has_bfloat16() else ["f32"]
    backends = [f"{library} {it}" for library in ("torch", "OpenVINO") for it in precisions]
    found: dict[str, list[tuple[Reading, Any]]] = {backend: [] for backend in backends}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            for backend in backends:
                found[backend].append(in_a_process(backend, file, Path(folder)))
    exact = found[EXACT][0][1]
    count = len(exact)
    print(f"{settings.embedding_model}, {count} passages, {THREADS} threads, {rounds} rounds")
    cosines = {it: float((taken[0][1] * exact).sum(axis=1).min()) for it, taken in found.items()}
    for backend, taken in found.items():
        show(backend, [reading for reading, _ in taken], cosines[backend])
    print(f"  the product chooses {chosen} here")
    print(f"{os.cpu_count()} cores, {cpu_name()}, Python {platform.python_version()}")
    return chosen is not None and cosines[chosen] >= LEAST_COSINE


if __name__ == "__main__":
    if sys.argv[1:2] == ["read"]:
        taken, embedded = read(sys.argv[2], passages(sys.argv[4] if len(sys.argv) > 4 else None))
        np.save(sys.argv[3], embedded)
        print(json.dumps(taken))
    else:
        count = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
        sys.exit(not main(count, sys.argv[2] if len(sys.argv) > 2 else None))
