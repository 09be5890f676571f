"""Which files a fuzz sends: the hostile ones, and as many mutated ones as there is room for."""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from benchmarks.fuzz import (
    hostile_archives,
    hostile_office,
    hostile_pdfs,
    hostile_pictures,
    hostile_texts,
)
from benchmarks.fuzz.made import MARK, Made
from benchmarks.fuzz.mutations import mutated
from benchmarks.fuzz.seeds import seeds

HOSTILE: tuple[Callable[[], Iterator[Made]], ...] = (
    *(hostile_archives.archives, hostile_archives.open_documents),
    *(hostile_office.entities, hostile_office.word, hostile_office.sheets),
    *(hostile_office.slides, hostile_office.books),
    *(hostile_texts.texts, hostile_texts.mails),
    *(hostile_pictures.pictures, hostile_pdfs.documents),
)
# Of a small fuzz, so many in a hundred.
HOSTILE_SHARE = 30
# Under which some files are uploaded, whatever they are.
NAMES = (f"../../../../../tmp/{MARK}", f"/tmp/{MARK}", f"..\\{MARK}", f"{MARK}\u202e", "a" * 300)


def plan(count: int, seed: int, samples: Path | None) -> list[Made]:
    """Return so many files in the order in which they are sent; the same for the same seed."""
    chance = Random(seed)
    hostile = [made for make in HOSTILE for made in make()]
    chance.shuffle(hostile)
    chosen = hostile[: max(count * HOSTILE_SHARE // 100, 1)]
    whole = seeds(samples)
    chosen += [_named(chance, mutated(chance, whole)) for _ in range(count - len(chosen))]
    chance.shuffle(chosen)
    return chosen


def _named(chance: Random, made: Made) -> Made:
    if chance.random() > 0.03:
        return made
    name = chance.choice(NAMES) + Path(made.name).suffix
    return Made(f"{made.kind}, odd name", name, made.content, made.ends)
