"""How long a folder of real documents takes until all of it is searchable.

`CORPUS=FOLDER python -m benchmarks.ingestion`: uploads every file of the folder but notices, one
after the other, and prints the time from the first upload to the last end, the processor's time
of each process of ours, and what the workers hold. Then a process of its own embeds the same
texts, in the same batches: what the workers took beyond that went into reading, cutting and
writing. Without the folder it says so and leaves.
"""

import multiprocessing
import os
import platform
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psutil
from sqlalchemy import NullPool, create_engine, text

from assistant.adapters.provided import Adapters
from assistant.config import Settings
from assistant.pieces import with_header
from assistant.services.documents.chunks import BATCH
from benchmarks.accept import cpu_name
from benchmarks.stack import Whole, whole_stack
from benchmarks.uploads import ended, memory, upload

PROCESSES = ("web", "indexing", "long_indexing", "postgres", "chroma")


def files_of(folder: Path) -> list[Path]:
    """Return the files of a folder but notices."""
    return sorted(path for path in folder.iterdir() if path.is_file() and path.stem != "NOTICE")


def processes(whole: Whole) -> dict[str, list[psutil.Process]]:
    """Return the processes of each program, with their children."""
    found: dict[str, list[psutil.Process]] = {name: [] for name in PROCESSES}
    states = whole.stack.require_supervisor().states()
    for name in PROCESSES:
        if name in states:
            parent = psutil.Process(states[name]["pid"])
            found[name] = [parent, *parent.children(recursive=True)]
    return {name: group for name, group in found.items() if group}


def seconds_of(group: list[psutil.Process]) -> float:
    """Return the processor's time that these and their ended children have taken."""
    times = [process.cpu_times() for process in group if process.is_running()]
    return sum(t.user + t.system + t.children_user + t.children_system for t in times)


def ingest(client: httpx.Client, files: list[Path]) -> tuple[float, list[str]]:
    """Upload all, wait for all, and return the seconds, and what became of the files."""
    began = time.perf_counter()
    job_ids = [upload(client, path.name, path.read_bytes()) for path in files]
    jobs = [ended(client, job_id) for job_id in job_ids]
    return time.perf_counter() - began, [job["state"] for job in jobs]


def encoder_alone(settings: Settings) -> tuple[float, int]:
    """Return the processor's seconds to embed every text that was indexed, and their number."""
    engine = create_engine(settings.admin_url, poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text("SELECT set_config('assistant.owner', 'system', false)"))
        rows = connection.execute(text("SELECT document_id, table_header, text FROM chunks"))
        documents: dict[Any, set[str]] = {}
        for document_id, header, said in rows:
            documents.setdefault(document_id, set()).add(with_header(header, said))
    batches, seen = [], set[str]()
    for texts in documents.values():
        new = sorted(texts - seen, key=len)
        seen |= texts
        batches += [new[first : first + BATCH] for first in range(0, len(new), BATCH)]
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(_embed, settings, batches).result(), len(seen)


def _embed(settings: Settings, batches: list[list[str]]) -> float:
    model = Adapters(settings).embedding_model
    model.embed([""])
    before = time.process_time()
    for batch in batches:
        model.embed(batch)
    return time.process_time() - before


def run(whole: Whole, files: list[Path]) -> bool:
    """Print the figures; return whether every file was read."""
    groups = processes(whole)
    before = {name: seconds_of(group) for name, group in groups.items()}
    with whole.client() as client:
        seconds, states = ingest(client, files)
        documents = client.get("/documents").json()
    size = sum(path.stat().st_size for path in files)
    chunks = sum(document["chunk_count"] or 0 for document in documents)
    print(f"{len(files)} files, {size / 1e6:.1f} MB, {chunks} chunks: {seconds:.1f} s")
    taken = {name: seconds_of(group) - before[name] for name, group in groups.items()}
    for name, used in taken.items():
        print(f"  {name:<14} {used:6.1f} s of the processor")
    memory(whole)
    alone, texts = encoder_alone(whole.stack.settings)
    rest = sum(used for name, used in taken.items() if name.endswith("indexing")) - alone
    print(f"  the encoder alone, {texts} texts: {alone:.1f} s of the processor; ", end="")
    print(f"so the indexing workers and their parsers took {rest:.1f} s beside it")
    print(f"  {states.count('succeeded')} of {len(states)} were read")
    return states.count("succeeded") == len(states)


def main() -> None:
    """Start everything, and print the figures."""
    folder = os.environ.get("CORPUS")
    if not folder:
        print("Skipped: CORPUS names no folder of documents. Set it: make bench CORPUS=FOLDER")
        return
    with whole_stack() as whole:
        complete = run(whole, files_of(Path(folder)))
    print(f"{os.cpu_count()} cores, {cpu_name()}, Python {platform.python_version()}")
    sys.exit(not complete)


if __name__ == "__main__":
    main()
