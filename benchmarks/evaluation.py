"""Passages that are files, asked by an evaluation of the product: the table that a person sees.

`QUESTIONS=FILE python -m benchmarks.evaluation [PICTURE]`. The file is as for
`benchmarks.retrieval`, whose figures an evaluation of the same questions has to come to. What is
drawn goes to PICTURE.
"""

import json
import os
import sys
import time
import uuid
from pathlib import Path

from flask import Flask

from assistant.services import jobs
from assistant.services.evaluation import evaluations, question_sets
from assistant.services.retrieval.retrieval import Scope
from benchmarks import retrieval_library
from benchmarks.accept import cpu_name
from benchmarks.retrieval import filled

SETTINGS = ({}, {"search": "dense"})


def show(app: Flask, owner_id: uuid.UUID, raw: bytes, picture: str | None) -> None:
    """Ask the questions, and print what `flask eval` prints."""
    cases = question_sets.read(raw)
    job = evaluations.create(owner_id, cases, SETTINGS, "Passages", Scope(owner_id))
    begun = time.monotonic()
    jobs.run(str(job.id))
    print(f"{len(cases)} questions, {len(SETTINGS)} settings: {time.monotonic() - begun:.0f} s")
    words = ["eval", "--owner", str(owner_id), "--id", str(job.id)]
    words += ["--plot", picture] if picture else []
    print(app.test_cli_runner().invoke(args=words).stdout)


def main() -> None:
    """Fill the servers and ask."""
    raw = Path(os.environ["QUESTIONS"]).read_bytes()
    with retrieval_library.servers() as app:
        owner_id = filled(json.loads(raw)["docs"])
        show(app, owner_id, raw, next(iter(sys.argv[1:]), None))
    print(cpu_name())


if __name__ == "__main__":
    main()
