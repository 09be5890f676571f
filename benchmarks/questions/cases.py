"""The sets of questions: a line each, whose parts are separated by bars."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
# Lines were drawn on the first; the second was written afterwards, and nothing was drawn on it.
FOLDERS = ("sets", "checks")

Turn = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Case:
    """A question after what was said, and words of the passage that answers it, if any does.

    `kind` is `answer`, `refuse`, `follow` (leans on what was said), `change` (does not), `leave`
    (does not, and nothing answers it) or `whole` (`evidence` is the name of the document meant).
    """

    language: str
    kind: str
    question: str
    evidence: str = ""
    history: Sequence[Turn] = ()


def languages(folder: str) -> list[str]:
    """Return the languages that a folder has questions in."""
    return sorted(path.stem for path in (HERE / folder).glob("*.txt"))


def read(folder: str, language: str) -> list[Case]:
    """Read the questions of a language."""
    lines = (HERE / folder / f"{language}.txt").read_text(encoding="utf-8").splitlines()
    return [_case(language, line) for line in lines if line.strip()]


def documents(folder: str, language: str) -> dict[str, str]:
    """Return the documents of a language by their names."""
    paths = sorted((HERE / folder / language).iterdir())
    return {path.name: path.read_text(encoding="utf-8") for path in paths}


def _case(language: str, line: str) -> Case:
    kind, *parts = (part.strip() for part in line.split("|"))
    if kind in ("follow", "change", "leave"):
        first, answer, question, *rest = parts
        history = (("user", first), ("assistant", answer))
        return Case(language, kind, question, rest[0] if rest else "", history)
    question, *rest = parts
    return Case(language, kind, question, rest[0] if rest else "")
