"""The main flow through the generated Python client; run with an address and a user's name."""

import io
import sys
from typing import TypeVar

from assistant_client import AuthenticatedClient, Client
from assistant_client.api.auth import create_token, refresh, register
from assistant_client.api.conversations import get_conversation, replace_conversation
from assistant_client.api.documents import create_document, get_document, get_text
from assistant_client.api.events import follow_job
from assistant_client.api.jobs import get_job, list_jobs
from assistant_client.api.messages import create_message
from assistant_client.models import (
    ConversationReplacement,
    ConversationWithMessages,
    CreateTokenBody,
    CreateTokenBodyGrantType,
    Document,
    Job,
    JobState,
    Message,
    Problem,
    Question,
    Refresh,
    Registration,
    Slice,
    Tokens,
    Upload,
    User,
)
from assistant_client.types import File

PASSWORD = "correct horse battery"
RULES = b"# The tower\n\nChildren must be twelve years old to climb the tower alone.\n"

T = TypeVar("T")


def given(kind: type[T], answer: object) -> T:
    """Return an answer of the kind that was hoped for."""
    assert isinstance(answer, kind), answer
    return answer


def sign_in(address: str, name: str) -> AuthenticatedClient:
    """Register, sign in, and renew the tokens in both ways."""
    anybody = Client(address)
    registration = Registration(username=name, email=f"{name}@example.org", password=PASSWORD)
    assert given(User, register.sync(client=anybody, body=registration)).username == name
    form = CreateTokenBody(username=name, password=PASSWORD)
    tokens = given(Tokens, create_token.sync(client=anybody, body=form))
    body = Refresh(refresh_token=tokens.refresh_token)
    tokens = given(Tokens, refresh.sync(client=anybody, body=body))
    grant = CreateTokenBodyGrantType.REFRESH_TOKEN
    form = CreateTokenBody(grant_type=grant, refresh_token=tokens.refresh_token)
    tokens = given(Tokens, create_token.sync(client=anybody, body=form))
    wrong = CreateTokenBody(username=name, password="not this one")
    problem = given(Problem, create_token.sync(client=anybody, body=wrong))
    assert (problem.status, problem.error) == (401, "invalid_grant")
    return AuthenticatedClient(address, tokens.access_token)


def ended(job: object, client: AuthenticatedClient) -> Job:
    """Return the job once it has ended."""
    followed = given(Job, job)
    for _ in range(10):
        if followed.finished_at is not None:
            break
        followed = given(Job, get_job.sync(followed.id, client=client, wait=20.0))
    assert followed.state is JobState.SUCCEEDED, followed
    return followed


def upload(client: AuthenticatedClient) -> Document:
    """Upload a document and wait until it is searchable."""
    file = File(io.BytesIO(RULES), "rules.md", "text/markdown")
    job = ended(create_document.sync(client=client, body=Upload(file)), client)
    assert job.document_id is not None
    document = given(Document, get_document.sync(job.document_id, client=client))
    assert document.filename == "rules.md"
    return document


def ask(client: AuthenticatedClient, document: Document) -> Message:
    """Ask, wait on the request itself, and hold the evidence against the text."""
    question = Question("How old must children be?", document_ids=[document.id])
    answer = create_message.sync_detailed(client=client, body=question, prefer="wait=60")
    assert answer.status_code == 200, answer
    assert answer.headers["Preference-Applied"] == "wait=60"
    job = ended(answer.parsed, client)
    assert job.result is not None
    reply = given(Message, job.result.assistant_message)
    citation = reply.citations[0]
    at = {"start": citation.start, "end": citation.end}
    assert given(Slice, get_text.sync(document.id, client=client, **at)).text == citation.quote
    events = follow_job.sync(job.id, client=client)
    assert isinstance(events, str)
    assert events.startswith("retry: ")
    last = max(int(line[4:]) for line in events.splitlines() if line.startswith("id: "))
    assert follow_job.sync_detailed(job.id, client=client, after=last).status_code == 204
    return reply


def change(client: AuthenticatedClient, reply: Message) -> None:
    """Send a conversation back as it was read, with another title; but not over a newer one."""
    found = get_conversation.sync_detailed(reply.conversation_id, client=client)
    read = given(ConversationWithMessages, found.parsed)
    body = ConversationReplacement.from_dict({**read.to_dict(), "title": "Rules"})
    seen = found.headers["ETag"]
    for status in (200, 412):
        replaced = replace_conversation.sync_detailed(
            read.id, client=client, body=body, if_match=seen
        )
        assert replaced.status_code == status, replaced
        body.title = "Others"


def main(address: str, name: str) -> None:
    """Go through it all."""
    client = sign_in(address, name)
    change(client, ask(client, upload(client)))
    listed = list_jobs.sync_detailed(client=client, limit=1)
    assert 'rel="next"' in listed.headers["Link"]
    print("done")


if __name__ == "__main__":
    main(*sys.argv[1:])
