"""What somebody sees of their own things, and whether two releases show the same."""

from typing import Any

from benchmarks.beside.people import Person, Web

# What changes by itself while nothing happens.
PASSING = ("queue_position", "blocker", "waiting_because")
LISTS = ("/users/me", "/collections", "/documents", "/conversations", "/jobs")
EACH = {
    "/documents": ("/documents/{id}", "/documents/{id}/text"),
    "/conversations": (
        "/conversations/{id}",
        "/conversations/{id}/branches",
        "/messages?conversation_id={id}",
    ),
    "/jobs": ("/jobs/{id}",),
}


def view(somebody: Person, web: Web) -> dict[str, Any]:
    """Return all that a user can read, by path; of what has no text, how that is told."""
    seen: dict[str, Any] = {}
    for path in LISTS:
        seen[path] = somebody.call(web, "GET", path)
        for each in seen[path] if path in EACH else ():
            for more in EACH[path]:
                target = more.format(id=each["id"])
                answer = somebody.try_(web, "GET", target)
                seen[target] = answer.json() if answer.is_success else answer.status_code
    return seen


def unlike(one: Any, other: Any, where: str = "") -> list[str]:
    """Return where two views differ, in what both of them have: releases add fields."""
    if isinstance(one, dict) and isinstance(other, dict):
        if not where and one.keys() != other.keys():
            return [f"only one has {sorted(one.keys() ^ other.keys())}"]
        shared = [name for name in one if name in other and name not in PASSING]
        return [
            each for name in shared for each in unlike(one[name], other[name], f"{where} {name}")
        ]
    if isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            return [f"{where}: {len(one)} and {len(other)}"]
        pairs = enumerate(zip(one, other, strict=True))
        return [each for n, (a, b) in pairs for each in unlike(a, b, f"{where} {n}")]
    return [] if one == other else [f"{where}: {one!r} and {other!r}"]
