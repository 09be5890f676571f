"""English questions about real manuals, asked by an evaluation, and the pages of their quotes.

`CORPUS=FOLDER python -m benchmarks.manuals`. The folder holds Debian Policy 4.6.2.0 in HTML, the
Filesystem Hierarchy Standard 3.0 and the history of Debian in PDF, and pages of the documentation
of Python 3.11 in HTML; the questions are the project's own, in other words than the manuals'. The
answer of a question about a PDF counts wherever it stands, since the standard is there in HTML,
too; for the pages each PDF is asked alone, and what is quoted has to stand on the page that the
citation names, in the text of another reader. Last come the questions of `retrieval_languages`.
"""

import io
import json
import os
import re
import time
import uuid
from pathlib import Path
from typing import Any

import pypdfium2
from flask import Flask

from assistant.models import Job
from assistant.services import jobs
from assistant.services.documents import documents
from assistant.services.evaluation import evaluations, question_sets
from assistant.services.evaluation.judging import holds
from assistant.services.generation import extraction, passages
from assistant.services.retrieval.retrieval import Scope
from benchmarks import retrieval_languages, retrieval_library
from benchmarks.accept import cpu_name
from benchmarks.evaluation import SETTINGS
from benchmarks.retrieval import filled

QUESTIONS = Path(__file__).with_name("sets") / "corpus.json"
# Blanks, what may stand at the end of a line, and what Markdown adds.
_LOOKS = re.compile(r"[\s\u00ad\ufffe*|^`\\-]+")


def index(owner_id: uuid.UUID, folder: Path) -> dict[str, uuid.UUID]:
    """Index the folder's documents, and return their ids by name."""
    ids = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in (".html", ".pdf"):
            job = documents.create(owner_id, io.BytesIO(path.read_bytes()), path.name, None)
            jobs.run(str(job.id))
            assert job.document_id is not None
            ids[path.name] = job.document_id
    return ids


def evaluate(app: Flask, owner_id: uuid.UUID, raw: bytes) -> None:
    """Print what `flask eval` prints."""
    job: Job = evaluations.create(
        owner_id, question_sets.read(raw), SETTINGS, "Manuals", Scope(owner_id)
    )
    jobs.run(str(job.id))
    words = ["eval", "--owner", str(owner_id), "--id", str(job.id)]
    print(app.test_cli_runner().invoke(args=words).stdout, flush=True)


def quotes_of(owner_id: uuid.UUID, document_id: uuid.UUID, question: str) -> list[Any]:
    """Return what is quoted of one document to answer a question."""
    found = passages.gather(Scope(owner_id, document_ids=[document_id]), question, (), 3000)
    if not found.hits:
        return []
    return extraction.extract(owner_id, question, found.question, found.hits)[1]


def pages(owner_id: uuid.UUID, folder: Path, ids: dict[str, uuid.UUID], raw: bytes) -> None:
    """Print how many quotes stand on the page that is said, and how many on the answer's."""
    texts = {
        name: [_bare(page.get_textpage().get_text_range()) for page in pypdfium2.PdfDocument(file)]
        for name in ids
        if (file := folder / name).suffix == ".pdf"
    }
    quotes = right = answered = on_its_page = 0
    asked = [one for one in json.loads(raw) if "page" in one]
    for one in asked:
        name = one["filename"]
        cited = quotes_of(owner_id, ids[name], one["question"])
        for quote in cited:
            quotes += 1
            stands = all(
                _bare(line) in texts[name][quote["page"] - 1]
                for line in quote["quote"].splitlines()
            )
            right += stands
            if not stands:
                print(f"  not on page {quote['page']} of {name}: {quote['quote']!r}")
        answered += any(holds(quote["quote"], one["answer"]) for quote in cited)
        on_its_page += any(one["page"] == quote["page"] for quote in cited)
    print(
        f"{len(asked)} questions to a PDF alone: {right} of {quotes} quotes stand on the page that "
        f"they name; the answer is in a quote for {answered}, its page cited for {on_its_page}"
    )


def _bare(text: str) -> str:
    return _LOOKS.sub("", text).lower()


def main() -> None:
    """Index the manuals and ask."""
    if not os.environ.get("CORPUS"):
        print("Skipped: CORPUS names no folder. Set it: make bench CORPUS=FOLDER")
        return
    folder, raw = Path(os.environ["CORPUS"]), QUESTIONS.read_bytes()
    with retrieval_library.servers() as app:
        owner_id = retrieval_library.owner()
        begun = time.monotonic()
        ids = index(owner_id, folder)
        print(f"{len(ids)} documents indexed: {time.monotonic() - begun:.0f} s", flush=True)
        evaluate(app, owner_id, raw)
        pages(owner_id, folder, ids, raw)
        for language, asked in retrieval_languages.questions().items():
            print(language)
            cases = [{"question": question, "answer": answer} for question, answer in asked]
            # Beside the notices of the other languages.
            evaluate(app, filled(retrieval_languages.texts()), json.dumps(cases).encode())
    print(cpu_name())


if __name__ == "__main__":
    main()
