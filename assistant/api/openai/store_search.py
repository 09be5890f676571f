"""Endpoint that searches a vector store."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from assistant.api.openai.arguments import Body, body
from assistant.api.openai.blueprint import blp
from assistant.api.openai.ids import Prefix, shown
from assistant.api.openai.values import Part, storable, store_of
from assistant.security import allow, caller_id
from assistant.services.retrieval.attribute_filters import checked
from assistant.services.stores import searching
from assistant.services.stores.searching import Passage, Wanted

# What is longer says nothing more to an encoder; each query is a search of its own.
LONGEST_QUERY, MOST_QUERIES = 4096, 10


def _queries(given: Any) -> list[str]:
    """Return what is to be looked for, one thing or several."""
    several = given if isinstance(given, list) else [given]
    if not 1 <= len(several) <= MOST_QUERIES:
        raise ValueError(f"there have to be 1 to {MOST_QUERIES} queries")
    for query in several:
        if not isinstance(query, str) or not query.strip():
            raise ValueError("a query is a text that is not blank")
        if len(query) > LONGEST_QUERY:
            raise ValueError(f"a query has at most {LONGEST_QUERY} characters")
        storable(query)
    return several


class RankingOptions(Part):
    """In which order, and from which score on."""

    ranker: str = "auto"
    score_threshold: float = Field(default=0.0, ge=0, le=1)


class StoreSearch(Body):
    """What to look for; a query is never written anew, whatever `rewrite_query` says."""

    query: Annotated[Any, AfterValidator(_queries)]
    filters: dict[str, Any] | None = None
    max_num_results: int = Field(default=10, ge=1, le=50)
    ranking_options: RankingOptions = RankingOptions()
    rewrite_query: bool = False


@blp.post("/vector_stores/<vector_store_id>/search")
@allow()
def search_vector_store(vector_store_id: str) -> dict[str, Any]:
    """Return the chunks of a vector store that fit a query best."""
    given = body(StoreSearch)
    wanted = Wanted(
        given.query,
        given.max_num_results,
        checked(given.filters) if given.filters is not None else None,
        given.ranking_options.score_threshold,
        given.ranking_options.ranker != "none",
    )
    found = searching.ask(caller_id(), [store_of(vector_store_id)], wanted)
    return {
        "object": "vector_store.search_results.page",
        "search_query": given.query,
        "data": [_shown(passage) for passage in found],
        "has_more": False,
        "next_page": None,
    }


def _shown(passage: Passage) -> dict[str, Any]:
    return {
        "file_id": shown(Prefix.FILE, passage.file_id),
        "filename": passage.filename,
        "score": passage.score,
        "attributes": passage.attributes,
        "content": [{"type": "text", "text": passage.text}],
    }
