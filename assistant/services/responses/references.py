"""Put items of earlier responses in the place of references to them."""

import json
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from assistant.errors import InvalidInput
from assistant.models import Response
from assistant.openai_ids import Prefix
from assistant.services.responses import rendering, rows
from assistant.services.responses.input_items import FIRST_INPUT
from assistant.services.responses.output_items import Kind, Members, item_id, prefix_of

REFERENCE = "item_reference"
ID_DIGITS = 32
# References are short, and what they name is kept once more for each.
MOST_REFERENCES = 300
MOST_BYTES = 4 * 1024 * 1024


def resolved(
    session: Session, owner_id: uuid.UUID, response_id: uuid.UUID, items: Sequence[Members]
) -> list[Members]:
    """Return items, with those in the place of references that they name, under ids of their own.

    Raises `InvalidInput`, naming the reference.
    """
    names = [item["id"] for item in items if item["type"] == REFERENCE]
    if len(names) > MOST_REFERENCES:
        raise InvalidInput(
            f"At most {MOST_REFERENCES} items may be referred to at a time.", pointer="/input"
        )
    found = _find(session, owner_id, names)
    sizes = {name: len(json.dumps(item)) for name, item in found.items()}
    left, whole = MOST_BYTES, []
    for number, item in enumerate(items):
        if item["type"] == REFERENCE:
            name, pointer = item["id"], f"/input/{number}/id"
            if name not in found:
                raise InvalidInput(f"There is no item with the id {name[:100]!r}.", pointer=pointer)
            left -= sizes[name]
            if left < 0:
                raise InvalidInput(
                    f"The items that are referred to have more than {MOST_BYTES} bytes together.",
                    pointer=pointer,
                )
            item = found[name]
        # In a conversation each item is once.
        own = item_id(prefix_of(item["id"]), response_id, FIRST_INPUT + number)
        whole.append({**item, "id": own})
    return whole


def _find(session: Session, owner_id: uuid.UUID, names: Iterable[str]) -> dict[str, Members]:
    """Return the items of the owner's responses that have these ids, as far as there are any."""
    wanted = defaultdict(set)
    for name in names:
        if (response_id := _response_of(name)) is not None:
            wanted[response_id].add(name)
    found = {}
    for response_id, ids in wanted.items():
        # One after another: together they may be large.
        for item in _items_of(session, owner_id, response_id):
            if item["id"] in ids:
                found[item["id"]] = _without_results(item)
    return found


def _without_results(item: Members) -> Members:
    # They may be large, and no model is told of them.
    return {**item, "results": None} if item["type"] == Kind.SEARCH else item


def _response_of(name: str) -> uuid.UUID | None:
    prefix = next((one for one in Prefix if name.startswith(one)), None)
    if prefix is None:
        return None
    try:
        return uuid.UUID(hex=name.removeprefix(prefix)[:ID_DIGITS])
    except ValueError:
        return None


def _items_of(session: Session, owner_id: uuid.UUID, response_id: uuid.UUID) -> list[Members]:
    mine = (Response.id == response_id, Response.owner_id == owner_id, Response.stored)
    row = session.execute(select(Response.input, Response.output).where(*mine)).one_or_none()
    if row is None:
        return []
    output = row.output
    if output is None:
        output = rendering.output_of(rows.events_behind(session, response_id), is_over=True)
    return [*row.input, *output]
