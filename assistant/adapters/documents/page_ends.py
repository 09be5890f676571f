"""Headers and footers, which stand on every page and are read once."""

import re
from collections.abc import Iterable

from assistant.adapters.documents.blocks import Blocks

# One with the page's number only, such as '- 3 -' or '3 / 10', says nothing about the text.
PAGE_NUMBER = re.compile(r"\W*\d{1,4}(\W{1,3}\d{1,4})?\W*")


def write_once(ends: Iterable[Blocks], whole: Blocks) -> None:
    """Add each different text to the whole."""
    seen = set()
    for blocks in ends:
        text = blocks.text()
        if text not in seen and not PAGE_NUMBER.fullmatch(text):
            seen.add(text)
            whole.extend(blocks)
