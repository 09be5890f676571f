"""Short notices in French, Chinese and Japanese, and questions that they answer in other words.

Each language has a town of its own, whose notices resemble each other. In the files, a line `? … >
…` is a question and what has to stand in a passage that answers it.
"""

from pathlib import Path

FOLDER = Path(__file__).with_name("questions")


def _blocks() -> list[tuple[str, list[str]]]:
    return [
        (path.stem, block.splitlines())
        for path in sorted(FOLDER.glob("*.txt"))
        for block in path.read_text(encoding="utf-8").strip().split("\n\n")
    ]


def texts() -> dict[str, str]:
    """Return all notices, by names."""
    return {
        f"{language}-{number}.txt": "\n".join(line for line in lines if not line.startswith("? "))
        for number, (language, lines) in enumerate(_blocks())
    }


def questions() -> dict[str, list[tuple[str, str]]]:
    """Return questions and answers, by language."""
    found: dict[str, list[tuple[str, str]]] = {}
    for language, lines in _blocks():
        for line in lines:
            if line.startswith("? "):
                question, answer = line.removeprefix("? ").rsplit(" > ", 1)
                found.setdefault(language.capitalize(), []).append((question, answer))
    return found
