"""What tools answer: for programs as structure, for models the same as text."""

import json
import uuid
from typing import Any

from assistant.models import JobState

CITED = ("marker", "document_id", "filename", "page", "start", "end", "quote")


def result(structure: dict[str, Any], *, is_error: bool = False) -> dict[str, Any]:
    """Return the result of a tool."""
    written = json.dumps(structure, ensure_ascii=False, indent=1)
    return {
        "content": [{"type": "text", "text": written}],
        "structuredContent": structure,
        "isError": is_error,
    }


def failure(words: str) -> dict[str, Any]:
    """Return the result of a tool that could not do what it was asked for."""
    return {"content": [{"type": "text", "text": words}], "isError": True}


def of_ended(job: dict[str, Any]) -> dict[str, Any]:
    """Return what a job that has ended is as the result of `ask`."""
    if job["state"] == JobState.CANCELLED:
        return failure("This question was cancelled. Ask again.")
    if job["state"] != JobState.SUCCEEDED:
        error = job.get("error") or {}
        return failure(f"There is no answer: {error.get('detail') or 'it failed.'}")
    reply = (job.get("result") or {}).get("assistant_message")
    if reply is None:
        return failure("The answer was deleted.")
    cited = [
        {name: citation.get(name) for name in CITED if citation.get(name) is not None}
        for citation in reply["citations"]
    ]
    unproved = [
        reply["content"][said["start"] : said["end"]]
        for said in reply.get("support") or []
        if not said["supported"]
    ]
    return result(
        {
            "answer": reply["content"],
            "citations": cited,
            "unproved": unproved,
            "conversation_id": reply["conversation_id"],
            "job_id": job["id"],
        }
    )


def of_open(job_id: uuid.UUID | str) -> dict[str, Any]:
    """Return what is told of a question that takes longer."""
    return result(
        {
            "state": "working",
            "job_id": str(job_id),
            "next": "The answer is still being made. Call the tool `result` with this job_id.",
        }
    )
