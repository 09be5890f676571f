"""How well answers are proved: quotes that hold the fact, what is flagged, what is extracted.

`python -m benchmarks.evidence [SETS]`: without a server, on the passages, questions and answers of
`benchmarks/sets/evidence*.json`. Each item has a sentence that its passage supports, one in which a
fact is altered and one that the passage does not have; `fact` is what the quote has to hold.
`evidence.json` is what the rules were made with, `evidence-check.json` was written afterwards, and
so was `answers.json`, which has longer sentences and no questions of quotes.
"""

import json
import sys
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

from assistant.adapters.provided import Adapters
from assistant.config import read_settings
from assistant.pieces import Span
from assistant.ports import EmbeddingModel
from assistant.services.evidence.extractive import extracts
from assistant.services.evidence.particulars import Particulars
from assistant.services.evidence.quotes import LONGEST, Asked, quotes_of
from assistant.services.evidence.statements import Statements
from assistant.services.evidence.support import find_support
from assistant.services.evidence.units import units_of
from assistant.services.evidence.wording import Words
from assistant.services.retrieval.retrieval import Hit

SETS = Path(__file__).parent / "sets"
# As many passages as a reply is given, the right one among them.
PASSAGES = 6
KINDS = {"a": "supported", "altered": "altered fact", "absent": "invented"}


@dataclass(frozen=True)
class Case:
    """An item of a set, with its passage first among others of its language."""

    language: str
    passages: Sequence[str]
    item: dict[str, str]

    def holds(self, span: Span, passage: int = 0) -> bool:
        """Return whether a slice of a passage holds the fact."""
        text = self.passages[passage]
        return passage == 0 and self.item["fact"] in text[span.start : span.end]


def cases(path: Path) -> Iterator[Case]:
    """Yield the items of a set."""
    entries = json.loads(path.read_text())
    for entry in entries:
        others = [e["text"] for e in entries if e["language"] == entry["language"] and e != entry]
        passages = [entry["text"], *others[: PASSAGES - 1]]
        for item in entry["items"]:
            yield Case(entry["language"], passages, item)


def statements_of(passages: Sequence[str], model: EmbeddingModel) -> Statements:
    """Return what passages state, as if they had been found in this order."""
    hits = [
        Hit(uuid.uuid4(), 1, number, f"{number}.md", 1, 0, len(text), text, 0.5)
        for number, text in enumerate(passages)
    ]
    return Statements(hits, model.embed)


def nearest_to_question(case: Case, model: EmbeddingModel) -> Span:
    """Return what was quoted before: the sentences of the passage nearest to the question."""
    units = units_of(case.passages[0])
    windows = []
    for first in units:
        fitting = [unit.end for unit in units if 0 < unit.end - first.start <= LONGEST]
        windows.append(Span(first.start, max(fitting)))
    texts = [case.passages[0][window.start : window.end] for window in windows]
    [question] = model.embed([case.item["q"]])
    return windows[int(np.argmax(model.embed(texts) @ question))]


def judge(path: Path, model: EmbeddingModel) -> None:
    """Print all figures of a set."""
    counts: Counter[str] = Counter()
    flagged: Counter[tuple[str, str]] = Counter()
    languages: Counter[str] = Counter()
    lengths, times = [], []
    for case in cases(path):
        item, statements = case.item, statements_of(case.passages, model)
        [vector] = model.embed([item["q"]])
        asked = Asked(Words(item["q"]), vector)
        languages[case.language] += 1
        counts["quote, by the question"] += case.holds(nearest_to_question(case, model))
        [quote] = quotes_of(0, [Particulars(item["a"])], statements, asked)
        counts["quote, by what was said"] += case.holds(quote)
        lengths.append(quote.end - quote.start)
        for kind in KINDS:
            found = find_support(Particulars(item[kind]), statements, statements.all, asked.words)
            flagged[kind, case.language] += found is None
        alone = statements_of(case.passages[:1], model)
        counts["extracted, passage given"] += any(extracted(case, alone, asked))
        began = perf_counter()
        found_in = extracted(case, statements_of(case.passages, model), asked)
        times.append(1000 * (perf_counter() - began))
        counts["extracted, among six passages"] += any(found_in)
        counts["  the first of them"] += found_in[0]
    show(path.stem, counts, flagged, languages)
    print(f"  quotes have {median(lengths):.0f} characters at the median, {max(lengths)} at most")
    print(f"  an extract takes {median(times):.0f} ms at the median ({max(times):.0f})")


def extracted(case: Case, statements: Statements, asked: Asked) -> list[bool]:
    """Return for each extract whether it holds the fact, the best one first."""
    found = extracts(case.item["q"], asked, statements)
    spans = [Span(one.statements[0].unit.start, one.statements[-1].unit.end) for one in found]
    return [case.holds(span, one.passage) for span, one in zip(spans, found, strict=True)]


def show(
    name: str,
    counts: Counter[str],
    flagged: Counter[tuple[str, str]],
    languages: Counter[str],
) -> None:
    """Print the shares of a set, and what is flagged in each language."""
    whole = languages.total()
    print(f"{name}: {whole} items")
    for what, count in counts.items():
        print(f"  {what:<32} {count:3} of {whole}  {100 * count / whole:5.1f} %")
    for kind, words in KINDS.items():
        count = sum(flagged[kind, language] for language in languages)
        each = ", ".join(f"{lang} {flagged[kind, lang]}/{n}" for lang, n in languages.items())
        print(
            f"  flagged: {words:<23} {count:3} of {whole}  {100 * count / whole:5.1f} %  ({each})"
        )


def judge_answers(path: Path) -> None:
    """Print what is flagged of longer sentences, such as models write, about a few passages."""
    read = json.loads(path.read_text())
    hits = [
        Hit(uuid.uuid4(), 1, number, f"{number}.md", 1, 0, len(text), text, 0.5)
        for number, text in enumerate(read["passages"])
    ]
    statements = Statements(hits, lambda texts: np.zeros((len(texts), 1), np.float32))
    flagged: Counter[bool] = Counter()
    counts: Counter[bool] = Counter()
    for one in read["said"]:
        said, asked = Particulars(one["text"]), Words(one["question"])
        counts[one["supported"]] += 1
        flagged[one["supported"]] += find_support(said, statements, statements.all, asked) is None
    print(f"{path.stem}: {counts.total()} sentences")
    print(f"  flagged: supported {flagged[True]} of {counts[True]}")
    print(f"  flagged: invented or altered {flagged[False]} of {counts[False]}")


def main() -> None:
    """Judge the sets that are named, or all."""
    model = Adapters(read_settings()).embedding_model
    paths = [Path(name) for name in sys.argv[1:]] or sorted(SETS.glob("evidence*.json"))
    for path in paths:
        judge(path, model)
    judge_answers(SETS / "answers.json")


if __name__ == "__main__":
    main()
