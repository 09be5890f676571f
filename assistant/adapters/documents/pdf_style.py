"""What is usual in a PDF document, against which its headings stand out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.adapters.documents.hyphens import Vocabulary
from assistant.adapters.documents.pdf_columns import Line
from assistant.adapters.documents.pdf_tables import Table

# Type that is so much larger than most is a heading, unless much of the text is.
LARGER, MOSTLY = 1.14, 0.4

Item = Line | Table


@dataclass(slots=True)
class Style:
    """What is usual in a document: the size of its type, its headings' sizes, its words."""

    size: float
    headings: list[float]
    vocabulary: Vocabulary

    def level(self, line: Line) -> int:
        """Return the level of a heading, or 0 for what is none."""
        if line.row.size < LARGER * self.size:
            return 0
        for level, size in enumerate(self.headings, start=1):
            if line.row.size > 0.95 * size:
                return level
        return 0


def style_of(pages: Sequence[Sequence[Item]]) -> Style:
    """Return what is usual in the lines of a document."""
    exact: Counter[float] = Counter()
    texts: list[str] = []
    for item in (item for items in pages for item in items):
        words = item.row.words if isinstance(item, Line) else list(item.words())
        texts.append(" ".join([word.text for word in words]))
        if len({word.size for word in words}) == 1:
            exact[words[0].size] += len(texts[-1]) - len(words) + 1
            continue
        for word in words:
            exact[word.size] += len(word.text)
    sizes: Counter[float] = Counter()
    for size, count in exact.items():
        sizes[round(size, 1)] += count
    usual = max(sizes, key=lambda size: sizes[size]) if sizes else 0.0
    larger = {size: count for size, count in sizes.items() if size >= LARGER * usual}
    headings: list[float] = []
    if sum(larger.values()) < MOSTLY * sizes.total():
        for size in sorted(larger, reverse=True):
            if not headings or size < 0.95 * headings[-1]:
                headings.append(size)
    return Style(usual, headings, Vocabulary(texts))
