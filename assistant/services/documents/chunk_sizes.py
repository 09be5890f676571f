"""How large the chunks of a collection are to be, in tokens or in characters."""

from assistant.errors import InvalidInput
from assistant.models import Collection
from assistant.reading_settings import CHARACTERS_PER_TOKEN
from assistant.schemas.collections import MOST_CHARACTERS


def resize(
    collection: Collection,
    tokens: int | None,
    overlap_tokens: int | None,
    characters: int | None,
    overlap_characters: int | None,
) -> None:
    """Set what is given of sizes; who sends back what was read has changed one of both ways."""
    if characters is not None and tokens == collection.chunk_tokens:
        tokens = None
    if overlap_characters is not None and overlap_tokens == collection.overlap_tokens:
        overlap_tokens = None
    if tokens is None and MOST_CHARACTERS < (characters or 0) != collection.chunk_size:
        raise InvalidInput(
            f"Must be at most {MOST_CHARACTERS}. For longer chunks, set chunk_tokens.",
            pointer="#/chunk_size",
        )
    collection.chunk_size = in_characters(tokens, characters) or collection.chunk_size
    overlap = in_characters(overlap_tokens, overlap_characters)
    collection.chunk_overlap = collection.chunk_overlap if overlap is None else overlap
    in_tokens = overlap_characters is None and (tokens or overlap_tokens) is not None
    check_overlap(collection.chunk_size, collection.chunk_overlap, in_tokens=in_tokens)


def in_characters(tokens: int | None, characters: int | None) -> int | None:
    """Return a size as rows keep it; None if none is given."""
    return characters if tokens is None else tokens * CHARACTERS_PER_TOKEN


def check_overlap(size: int, overlap: int, *, in_tokens: bool) -> None:
    """Raise `InvalidInput` if chunks of that size cannot overlap so much."""
    if overlap <= size // 2:
        return
    name, other, whole = ("chunk_overlap", "chunk_size", size)
    if in_tokens:
        name, other, whole = ("overlap_tokens", "chunk_tokens", size // CHARACTERS_PER_TOKEN)
    raise InvalidInput(
        f"Must not be more than half of {other}, which is {whole}.", pointer=f"#/{name}"
    )
