"""An example of every body that is sent, and of those answers that most programs read."""

from typing import Any

Document = dict[str, Any]

ID = "0199a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b"
OTHER = "0199a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a2c"
NOON, LATER = "2026-05-04T12:00:00+00:00", "2026-05-04T12:00:03+00:00"
PASSWORD = "a long enough password"
QUESTION = "How old must children be to climb the tower?"

# By the name of the operation.
SENT: dict[str, Document] = {
    "register": {"username": "grace", "email": "grace@example.org", "password": PASSWORD},
    "set_forgotten_password": {"token": "what the link brought", "password": PASSWORD},
    "create_token": {"grant_type": "password", "username": "grace", "password": PASSWORD},
    "refresh": {"refresh_token": "the last one that came"},
    "change_me": {"username": "grace-hopper"},
    "create_user": {
        "username": "ada",
        "email": "ada@example.org",
        "password": PASSWORD,
        "role": "user",
    },
    "change_user": {"is_active": False},
    "create_password_link": {"hours": 24},
    "create_api_key": {"name": "nightly import", "scopes": ["read", "write"]},
    "create_invitation": {"days": 7},
    "create_conversation": {"title": "Lighthouses", "system_prompt": "You answer briefly."},
    "replace_conversation": {"title": "Lamps and lenses", "max_tokens": 200},
    "change_conversation": {"temperature": 0.7},
    "create_message": {"content": QUESTION, "use_documents": True},
    "regenerate_message": {"temperature": 1},
    "edit_message": {"content": "How old must a child be to climb the tower alone?"},
    "create_document": {"file": "handbook.pdf", "on_duplicate": "reuse"},
    "paste_document": {"text": "# Ferry\n\nIt leaves at noon.", "format": "markdown"},
    "fetch_document": {"url": "https://www.example.org/timetable"},
    "change_document": {"filename": "rules.pdf"},
    "replace_document": {"file": "handbook.pdf"},
    "create_collection": {"name": "House rules", "chunk_tokens": 200, "overlap_tokens": 25},
    "change_collection": {"name": "Rules of the house"},
    "search_documents": {"query": "who may climb the tower?", "limit": 3},
    "create_evaluation": {
        "name": "Tower",
        "questions": [{"question": QUESTION, "filename": "handbook", "answer": "12"}],
    },
}

# By the name of the schema.
ANSWERED: dict[str, Document] = {
    "Problem": {
        "type": "about:blank",
        "title": "Unprocessable Content",
        "status": 422,
        "detail": "content: Missing data for required field.",
        "instance": f"urn:uuid:{ID}",
        "code": "invalid_input",
        "errors": [{"pointer": "#/content", "detail": "Missing data for required field."}],
    },
    "Tokens": {
        "access_token": "eyJ…",
        "refresh_token": "AZm…",
        "token_type": "bearer",
        "expires_in": 1800,
    },
    "User": {
        "id": ID,
        "username": "grace",
        "email": "grace@example.org",
        "role": "user",
        "is_active": True,
        "limits": {},
        "created_at": NOON,
        "updated_at": NOON,
    },
    "Conversation": {
        "id": ID,
        "title": "Lighthouses",
        "system_prompt": "You answer briefly.",
        "model": None,
        "temperature": 0.2,
        "max_tokens": None,
        "when_busy": "queue",
        "current_message_id": None,
        "created_at": NOON,
        "updated_at": NOON,
        "last_activity_at": NOON,
    },
    "Collection": {
        "id": ID,
        "name": "House rules",
        "is_default": False,
        "chunk_tokens": 200,
        "overlap_tokens": 25,
        "chunk_size": 800,
        "chunk_overlap": 100,
        "embedding_model": "all-MiniLM-L6-v2",
        "window_tokens": 256,
        "document_count": 1,
        "created_at": NOON,
    },
    "Document": {
        "id": ID,
        "collection_id": OTHER,
        "filename": "handbook.pdf",
        "media_type": "application/pdf",
        "size": 48213,
        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "status": "ready",
        "page_count": 3,
        "unread_pages": None,
        "chunk_count": 7,
        "generation": 1,
        "error": None,
        "job_id": OTHER,
        "parent_id": None,
        "attachments": None,
        "source_url": None,
        "created_at": NOON,
        "updated_at": LATER,
    },
    "Job": {
        "id": ID,
        "kind": "documents.index",
        "state": "succeeded",
        "attempt": 1,
        "progress": {"stage": "ready", "done": 7, "total": 7},
        "conversation_id": None,
        "message_id": None,
        "document_id": OTHER,
        "retry_of": None,
        "created_at": NOON,
        "started_at": NOON,
        "finished_at": LATER,
        "cancel_requested_at": None,
        "result": {"document_id": OTHER, "generation": 1, "chunks": 7},
        "error": None,
        "attempts": [
            {
                "attempt": 1,
                "queue": "indexing",
                "started_at": NOON,
                "finished_at": LATER,
                "outcome": "succeeded",
                "reason": None,
            }
        ],
        "timings": {"parsing": 0.4, "embedding": 1.9},
        "queue_position": None,
        "blocker": None,
        "waiting_because": None,
    },
}


def complete(document: Document) -> None:
    """Put each example where it belongs."""
    for item in document["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict) and operation.get("operationId") in SENT:
                for kind in operation["requestBody"]["content"].values():
                    kind["example"] = SENT[operation["operationId"]]
    for name, example in ANSWERED.items():
        document["components"]["schemas"][name]["examples"] = [example]
