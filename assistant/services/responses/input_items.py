"""Read the items that a client gives a model, and bring them into the form in which they stay."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

from assistant.errors import InvalidInput
from assistant.openai_ids import Prefix
from assistant.services.responses.output_items import COMPLETED, Members, item_id

ROLES = ("user", "assistant", "system", "developer")
# As many as were said before are told to a model at most.
MOST_ITEMS = 2000
# Input and output of a response are numbered apart.
FIRST_INPUT = 0x800000
# Of each type of a message's content, the member that has to be a string.
PARTS = {
    "input_text": "text",
    "output_text": "text",
    "text": "text",
    "refusal": "refusal",
    "input_image": "image_url",
}


def read(given: object, of: uuid.UUID, first: int = FIRST_INPUT, name: str = "input") -> list[Any]:
    """Return items that are checked and have ids; raises `InvalidInput`, naming the member.

    References to other items are left for whoever can look them up.
    """
    if isinstance(given, str):
        given = [{"role": "user", "content": given}]
    if not isinstance(given, list):
        raise InvalidInput(f"`{name}` is a string or a list of items.", pointer=f"/{name}")
    if len(given) > MOST_ITEMS:
        raise InvalidInput(
            f"At most {MOST_ITEMS} items are taken; `{name}` has {len(given)}.", pointer=f"/{name}"
        )
    items = []
    for number, item in enumerate(given):
        pointer = f"/{name}/{number}"
        if not isinstance(item, dict):
            raise InvalidInput("An item is an object.", pointer=pointer)
        items.append(_read(item, of, first + number, pointer))
    return items


def _read(item: Members, of: uuid.UUID, number: int, pointer: str) -> Members:
    kind = item.get("type") or "message"
    reader = READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        offered = ", ".join(READERS)
        raise InvalidInput(
            f"Items of this type are not taken here. It is one of: {offered}.",
            pointer=f"{pointer}/type",
        )
    prefix, read_members = reader
    members = read_members(item, pointer)
    if kind == "item_reference":
        return {"type": kind, **members}
    return {"id": item_id(prefix, of, number), "type": kind, **members}


def _message(item: Members, pointer: str) -> Members:
    role = item.get("role")
    if not isinstance(role, str) or role not in ROLES:
        raise InvalidInput(f"A role is one of: {', '.join(ROLES)}.", pointer=f"{pointer}/role")
    content = item.get("content")
    if isinstance(content, str):
        content = [
            {"type": "output_text" if role == "assistant" else "input_text", "text": content}
        ]
    parts = list(_parts(content, f"{pointer}/content", assistant=role == "assistant"))
    return {"role": role, "status": COMPLETED, "content": parts}


def _parts(content: object, pointer: str, *, assistant: bool) -> Iterator[Members]:
    if not isinstance(content, list):
        raise InvalidInput("Content is a string or a list of parts.", pointer=pointer)
    for number, part in enumerate(content):
        place = f"{pointer}/{number}"
        kind = part.get("type") if isinstance(part, dict) else None
        if not isinstance(kind, str) or kind not in PARTS:
            offered = ", ".join(PARTS)
            raise InvalidInput(
                f"Parts of this type are not taken here. It is one of: {offered}.",
                pointer=f"{place}/type",
            )
        text = _string(part, PARTS[kind], place)
        if kind == "refusal":
            yield {"type": kind, "refusal": text}
        elif kind == "input_image":
            yield {"type": kind, "image_url": text, "detail": part.get("detail") or "auto"}
        elif assistant:
            annotations = part.get("annotations")
            kept = annotations if isinstance(annotations, list) else []
            yield {"type": "output_text", "text": text, "annotations": kept, "logprobs": []}
        else:
            yield {"type": "input_text", "text": text}


def _call(item: Members, pointer: str) -> Members:
    return {
        "call_id": _string(item, "call_id", pointer),
        "name": _string(item, "name", pointer),
        "arguments": _string(item, "arguments", pointer),
        "status": COMPLETED,
    }


def _output(item: Members, pointer: str) -> Members:
    output = item.get("output")
    if not isinstance(output, str):
        output = list(_parts(output, f"{pointer}/output", assistant=False))
    call_id = _string(item, "call_id", pointer)
    return {"call_id": call_id, "output": output, "status": COMPLETED}


def _reasoning(item: Members, pointer: str) -> Members:
    summary = item.get("summary")
    return {"summary": summary if isinstance(summary, list) else []}


def _search(item: Members, pointer: str) -> Members:
    queries = item.get("queries")
    kept = [str(query) for query in queries] if isinstance(queries, list) else []
    return {"status": COMPLETED, "queries": kept, "results": None}


def _reference(item: Members, pointer: str) -> Members:
    return {"id": _string(item, "id", pointer)}


def _string(item: Members, name: str, pointer: str) -> str:
    value = item.get(name)
    if not isinstance(value, str):
        raise InvalidInput(f"`{name}` has to be a string.", pointer=f"{pointer}/{name}")
    return value


READERS: dict[str, tuple[Prefix, Callable[[Members, str], Members]]] = {
    "message": (Prefix.MESSAGE, _message),
    "function_call": (Prefix.FUNCTION_CALL, _call),
    "function_call_output": (Prefix.FUNCTION_OUTPUT, _output),
    "reasoning": (Prefix.REASONING, _reasoning),
    "file_search_call": (Prefix.FILE_SEARCH, _search),
    "item_reference": (Prefix.MESSAGE, _reference),
}
