"""Look for passages in vector stores, as the tools of a request ask for it."""

import uuid
from collections.abc import Sequence

from sqlalchemy.orm import Session

from assistant.errors import InvalidInput, NotFound, NothingNamed, PermanentError
from assistant.openai_ids import Prefix, known, shown
from assistant.services.responses.output_items import Members
from assistant.services.retrieval import attribute_filters
from assistant.services.stores import searching, stores
from assistant.services.stores.searching import Passage, Wanted
from assistant.services.stores.stores import StoreExpired

USUAL_RESULTS, MOST_RESULTS = 10, 50


def checked(tool: Members, pointer: str) -> Members:
    """Return the tool with what counts in it; raises `InvalidInput`, naming the member."""
    names = tool.get("vector_store_ids")
    if not (isinstance(names, list) and names and all(isinstance(one, str) for one in names)):
        raise InvalidInput("Name one vector store at least.", pointer=f"{pointer}/vector_store_ids")
    most = tool.get("max_num_results")
    if most is not None and not (type(most) is int and 1 <= most <= MOST_RESULTS):
        raise InvalidInput(
            f"`max_num_results` is a number from 1 to {MOST_RESULTS}.",
            pointer=f"{pointer}/max_num_results",
        )
    filters = tool.get("filters")
    if filters is not None:
        filters = attribute_filters.checked(filters, f"{pointer}/filters")
    return {
        "type": tool["type"],
        "vector_store_ids": names,
        "filters": filters,
        "max_num_results": most,
        "ranking_options": _ranking(tool.get("ranking_options"), f"{pointer}/ranking_options"),
    }


def _ranking(given: object, pointer: str) -> Members | None:
    if given is None:
        return None
    if not isinstance(given, dict):
        raise InvalidInput("`ranking_options` is an object.", pointer=pointer)
    least = given.get("score_threshold", 0.0)
    if isinstance(least, bool) or not (isinstance(least, int | float) and 0 <= least <= 1):
        raise InvalidInput(
            "`score_threshold` is a number from 0 to 1.", pointer=f"{pointer}/score_threshold"
        )
    return {"ranker": str(given.get("ranker") or "auto"), "score_threshold": float(least)}


def demand_stores(session: Session, owner_id: uuid.UUID, tools: Sequence[Members]) -> None:
    """Raise `NothingNamed` or `StoreExpired` unless all stores are there, and can be searched."""
    for number, tool in enumerate(tools):
        for place, name in enumerate(tool.get("vector_store_ids", ())):
            pointer = f"/tools/{number}/vector_store_ids/{place}"
            try:
                _, store = stores.find(session, owner_id, _id_of(name))
                stores.demand_usable(store)
            except StoreExpired as error:
                raise StoreExpired(error.detail, pointer=pointer) from None
            except NotFound as error:
                raise NothingNamed(error.detail, pointer=pointer) from None


def _id_of(name: str) -> uuid.UUID:
    found = known(Prefix.STORE, name)
    if found is None:
        raise NotFound(f"There is no vector store with the id {name[:100]!r}.")
    return found


def find(owner_id: uuid.UUID, tools: Sequence[Members], query: str) -> list[Passage]:
    """Return the passages that fit a query best, best first; only workers have models.

    Raises `PermanentError` if a store is gone by now.
    """
    found: list[Passage] = []
    for tool in tools:
        ids = list(dict.fromkeys(_id_of(name) for name in tool["vector_store_ids"]))
        options = tool["ranking_options"] or {}
        wanted = Wanted(
            [query],
            tool["max_num_results"] or USUAL_RESULTS,
            tool["filters"],
            options.get("score_threshold", 0.0),
            options.get("ranker") != "none",
        )
        try:
            found += searching.file_search(owner_id, ids, wanted)
        except (NotFound, InvalidInput) as error:
            raise PermanentError(error.detail, code="invalid_prompt") from None
    if len(tools) > 1:
        found.sort(key=lambda passage: -passage.score)
    return found


def result_of(passage: Passage) -> Members:
    """Return a passage as the result of a search."""
    return {
        "file_id": shown(Prefix.FILE, passage.file_id),
        "filename": passage.filename,
        "score": passage.score,
        "text": passage.text,
        "attributes": passage.attributes,
    }
