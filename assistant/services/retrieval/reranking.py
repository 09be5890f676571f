"""The order of what was found, by a reranker if the operator has one."""

import logging
from collections.abc import Sequence

from assistant.errors import PermanentError
from assistant.extensions import adapters
from assistant.pieces import with_header
from assistant.services.retrieval.hits import Hit

logger = logging.getLogger(__name__)

# So many are put in order; text-embeddings-inference takes 32 in a request unless it is told more.
RERANKED = 30
# What is shown of a question and of a passage, in characters.
LONGEST_QUESTION, LONGEST = 2000, 4000


def in_better_order(question: str, hits: Sequence[Hit]) -> list[Hit]:
    """Return hits, the first of them as the reranker orders them; as they are if it fails."""
    reranker = adapters.reranker
    if reranker is None or reranker.is_resting or len(hits) < 2:
        return list(hits)
    first, rest = hits[:RERANKED], hits[RERANKED:]
    try:
        order = reranker.order(question[:LONGEST_QUESTION], [_shown(hit) for hit in first])
    except PermanentError as error:
        logger.warning("passages stay in the order in which they were found: %s", error.detail)
        return list(hits)
    return [*(first[number] for number in order), *rest]


def _shown(hit: Hit) -> str:
    above = " > ".join(hit.headings)
    text = with_header(hit.table_header, hit.text)
    return (f"{above}\n{text}" if above else text)[:LONGEST]
