"""The headers that more than one operation sends or takes, as the document describes them."""

from typing import Any

Described = dict[str, Any]


def _text(description: str, **more: Any) -> Described:
    return {"description": description, "schema": {"type": "string"}, **more}


ANSWERED: dict[str, Described] = {
    "Location": {
        "description": "Where to read what was made, or to follow what was accepted",
        "schema": {"type": "string", "format": "uri-reference"},
        "example": "/api/v1/jobs/0199a1b2-0000-7000-8000-000000000001",
    },
    "Link": _text(
        'The next page, with `rel="next"` (RFC 8288); missing on the last one',
        example='</api/v1/jobs?limit=1&after=0199a1b2-0000-7000-8000-000000000001>; rel="next"',
    ),
    "ETag": _text("Which version this is, for `If-None-Match` or `If-Match`"),
    "Retry-After": {
        "description": "After how many seconds to come back",
        "schema": {"type": "integer", "minimum": 0},
        "example": 1,
    },
    "Idempotent-Replayed": {
        "description": "`true`: this is the answer to an earlier request with this key",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Preference-Applied": _text("What of `Prefer` was obeyed (RFC 7240)", example="wait=20"),
    "WWW-Authenticate": _text(
        "The scheme, and what was wrong with a token that was sent (RFC 6750)",
        example='Bearer realm="assistant", error="invalid_token"',
    ),
    "Content-Disposition": _text("The file's name (RFC 6266)"),
    "Content-Range": _text("Which part this is of how many bytes", example="bytes 0-99/1234"),
    "Accept-Ranges": _text("`bytes`: a part may be asked for"),
}


def _taken(name: str, description: str, **schema: Any) -> Described:
    return {
        "in": "header",
        "name": name,
        "required": False,
        "schema": {"type": "string", **schema},
        "description": description,
    }


TAKEN: dict[str, Described] = {
    "Prefer": _taken(
        "Prefer",
        "`wait=20` waits so many seconds, 60 at most, for the job's end (RFC 7240): 200 with the "
        "job if it ends in time, else the 202",
        examples=["wait=20"],
    ),
    "If-None-Match": _taken(
        "If-None-Match", "The `ETag` of what is known already; a 304 says that it is still so"
    ),
    "If-Match": _taken(
        "If-Match",
        "The `ETag` of what this is to change, or `*`; a 412 says that somebody else has changed "
        "it since. Without it nothing is compared",
    ),
    "Range": _taken(
        "Range", "One part of the file: a 206 has it; what cannot be read so gets all of it"
    ),
}


def refer(name: str) -> dict[str, str]:
    """Return a reference to a header of answers."""
    return {"$ref": f"#/components/headers/{name}"}
