"""The tools: what each is for, and what it does."""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from assistant.api.hanging_up import while_connected
from assistant.api.mcp import arguments, results
from assistant.api.mcp.arguments import Arguments, checked, schema_of
from assistant.errors import NotFound
from assistant.models import Job, Scope
from assistant.security import caller_id, demand_scope
from assistant.services import jobs
from assistant.services.conversations import asking
from assistant.services.conversations.asking import Question
from assistant.services.documents import documents, slices
from assistant.services.events.long_polling import wait_for
from assistant.services.jobs import Shown, kinds
from assistant.services.paging import Page
from assistant.services.retrieval import search
from assistant.services.retrieval.retrieval import Scope as SearchScope

# Many clients give a tool sixty seconds.
WAIT_SECONDS = 45.0
HIT = ("document_id", "filename", "page", "start", "end", "headings", "text", "score")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool: what a model is told of it, and what it does with its arguments."""

    title: str
    description: str
    takes: type[Arguments]
    do: Callable[[Any], Json]
    is_read_only: bool = True

    def described(self, name: str, *, with_tasks: bool = False) -> Json:
        """Return what a list of tools says."""
        hints = {
            "title": self.title,
            "readOnlyHint": self.is_read_only,
            "destructiveHint": False,
            "openWorldHint": False,
        }
        described = {
            "name": name,
            "title": self.title,
            "description": self.description,
            "inputSchema": schema_of(self.takes),
            "annotations": hints,
        }
        if with_tasks:
            described["execution"] = {"taskSupport": "optional"}
        return described


def _search(given: arguments.Search) -> Json:
    scope = SearchScope(caller_id(), given.document_ids, given.collection_ids)
    answer = search.ask(scope, given.query, given.limit)
    hits = [{name: hit.get(name) for name in HIT} for hit in json.loads(answer.body)]
    return results.result({"passages": hits})


def _read(given: arguments.Read) -> Json:
    owner_id = caller_id()
    part = slices.read(owner_id, given.document_id, given.start, given.length, given.page)
    return results.result(part)


def _list_documents(given: arguments.ListDocuments) -> Json:
    page = Page(limit=given.limit, after=given.after)
    found = documents.list_(caller_id(), page, q=given.name or None)
    shown = [
        {
            "document_id": str(document.id),
            "filename": document.filename,
            "status": str(document.status),
            "pages": document.page_count,
            "created_at": document.created_at.isoformat(),
        }
        for document in found[: given.limit]
    ]
    more = {"next": {"after": shown[-1]["document_id"]}} if len(found) > given.limit else {}
    return results.result({"documents": shown, **more})


def ask(given: arguments.Ask) -> Job:
    """Accept a question as a job, which ends whatever becomes of the client."""
    demand_scope(Scope.WRITE)
    question = Question(
        given.question,
        given.conversation_id,
        use_documents=True,
        document_ids=given.document_ids,
        collection_ids=given.collection_ids,
    )
    return asking.ask(caller_id(), question)


def _ask_and_wait(given: arguments.Ask) -> Json:
    return waited(ask(given).id, just_accepted=True)


def _result(given: arguments.Result) -> Json:
    return waited(given.job_id)


def waited(job_id: uuid.UUID, *, just_accepted: bool = False) -> Json:
    """Return the answer to a question if it comes in time, or how to get it later."""
    if not just_accepted:
        find(job_id)
    owner_id = caller_id()
    shown = while_connected(
        lambda: wait_for(owner_id, job_id, WAIT_SECONDS, just_accepted=just_accepted)
    )
    return results.of_ended(json.loads(shown.body)) if shown.ended else results.of_open(job_id)


def find(job_id: uuid.UUID) -> tuple[Job, Shown]:
    """Return the job of a question of the caller's; raises `NotFound`."""
    job = jobs.get(caller_id(), job_id)
    if job.kind != kinds.REPLY.name:
        raise NotFound("There is no question with this id.")
    return job, jobs.look_up(caller_id(), job_id)


TOOLS: Mapping[str, Tool] = {
    "search": Tool(
        "Search the documents",
        "Find passages of the user's documents by meaning and by words. Each comes with its "
        "document, page and place. Use it to see the evidence itself; use `ask` for an answer.",
        arguments.Search,
        _search,
    ),
    "read": Tool(
        "Read a document",
        "Read a part of a document's text, with the page on which it begins: what stands around "
        "a passage that `search` has found, or one page after the other.",
        arguments.Read,
        _read,
    ),
    "ask": Tool(
        "Ask the documents",
        "Answer a question from the user's documents, with citations: file, page and the exact "
        "words. `unproved` lists sentences that no passage proves. It may take a while; then the "
        "answer is a job_id, and the tool `result` has the answer later.",
        arguments.Ask,
        _ask_and_wait,
        is_read_only=False,
    ),
    "result": Tool(
        "Get an answer",
        "Get the answer to a question for which `ask` gave a job_id. Waits up to 45 seconds; call "
        "it again if the answer is still being made.",
        arguments.Result,
        _result,
    ),
    "list_documents": Tool(
        "List the documents",
        "List the user's documents, newest first, with their ids, states and numbers of pages.",
        arguments.ListDocuments,
        _list_documents,
    ),
}


def call(name: str, given: Any) -> Json:
    """Call a tool; raises `AssistantError` with words for the model."""
    tool = TOOLS[name]
    return tool.do(checked(tool.takes, given))
