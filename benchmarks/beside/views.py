"""What somebody sees of their own things, and whether two releases show the same."""

from typing import Any

from benchmarks.beside.people import Person, Web, demand

# What changes by itself while nothing happens.
PASSING = frozenset({"queue_position", "blocker", "waiting_because"})
# What a release changes that reads documents anew after an upgrade, as a better reader does.
READ_ANEW = PASSING | {"generation", "chunk_count", "page_count", "updated_at", "job_id"}
LISTS = ("/users/me", "/collections", "/documents", "/conversations", "/jobs")
EACH = {
    "/documents": ("/documents/{id}",),
    "/conversations": (
        "/conversations/{id}",
        "/conversations/{id}/branches",
        "/messages?conversation_id={id}",
    ),
    "/jobs": ("/jobs/{id}",),
}


def view(somebody: Person, web: Web) -> dict[str, Any]:
    """Return all that a user can read, by path."""
    seen: dict[str, Any] = {}
    for path in LISTS:
        seen[path] = somebody.call(web, "GET", path)
        for each in seen[path] if path in EACH else ():
            for more in EACH[path]:
                target = more.format(id=each["id"])
                seen[target] = somebody.call(web, "GET", target)
    return seen


def unlike(
    before: Any, after: Any, ignored: frozenset[str] = PASSING, where: str = "", *, grown: bool
) -> list[str]:
    """Return where two views differ, in what both of them have: releases add fields.

    If it may have `grown`, there may be more paths, and more in lists of what has an id.
    """
    if isinstance(before, dict) and isinstance(after, dict):
        # What is missing is told of the lists that named it.
        names = [name for name in before if name in after and name not in ignored]
        pairs = [(name, before[name], after[name]) for name in names]
    elif isinstance(before, list) and isinstance(after, list):
        if grown and all(isinstance(each, dict) and "id" in each for each in before):
            found = {each["id"]: each for each in after}
            after = [found.get(each["id"]) for each in before]
        if len(before) != len(after):
            return [f"{where}: {len(before)} and {len(after)}"]
        pairs = [(str(n), *pair) for n, pair in enumerate(zip(before, after, strict=True))]
    else:
        return [] if before == after else [f"{where}: {before!r} and {after!r}"]
    return [
        each
        for name, one, other in pairs
        for each in unlike(one, other, ignored, f"{where} {name}", grown=grown)
    ]


def demand_quotes(somebody: Person, web: Web, seen: dict[str, Any]) -> None:
    """Demand that what replies quote still stands where they say."""
    for path, messages in seen.items():
        for message in messages if path.startswith("/messages") else ():
            for cited in message["citations"]:
                where = "start={start}&end={end}&generation={generation}".format(**cited)
                there = f"/documents/{cited['document_id']}/text?{where}"
                text = somebody.call(web, "GET", there)["text"]
                demand(text == cited["quote"], f"{web.release}: {cited} quotes {text!r}")
