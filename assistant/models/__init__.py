"""The tables."""

from assistant.models.api_key import ApiKey, Scope
from assistant.models.audit_event import Action, AuditEvent
from assistant.models.collection import Collection
from assistant.models.conversation import Conversation, Message, MessageRole, WhenBusy
from assistant.models.document import (
    Chunk,
    Document,
    DocumentPage,
    DocumentStatus,
    DocumentText,
    Embedding,
    ScannedPage,
)
from assistant.models.evaluation import Evaluation, EvaluationOutcome
from assistant.models.file import File
from assistant.models.idempotency import IdempotencyKey
from assistant.models.index import CollectionIndex, IndexState, PreparedDocument
from assistant.models.installation import Installation
from assistant.models.job import Attempt, Blocker, Heartbeat, Job, JobState, Queue, WorkerSlots
from assistant.models.lexical import LexicalText, Posting
from assistant.models.open_job import OpenJob, OpenJobCount, Standing
from assistant.models.provider import ModelProvider
from assistant.models.session import Session
from assistant.models.sign_in import KnownAddress, OneTimeToken, Purpose, SignInCount
from assistant.models.user import Role, User

__all__ = [
    "Action",
    "ApiKey",
    "Attempt",
    "AuditEvent",
    "Blocker",
    "Chunk",
    "Collection",
    "CollectionIndex",
    "Conversation",
    "Document",
    "DocumentPage",
    "DocumentStatus",
    "DocumentText",
    "Embedding",
    "Evaluation",
    "EvaluationOutcome",
    "File",
    "Heartbeat",
    "IdempotencyKey",
    "IndexState",
    "Installation",
    "Job",
    "JobState",
    "KnownAddress",
    "LexicalText",
    "Message",
    "MessageRole",
    "ModelProvider",
    "OneTimeToken",
    "OpenJob",
    "OpenJobCount",
    "Posting",
    "PreparedDocument",
    "Purpose",
    "Queue",
    "Role",
    "ScannedPage",
    "Scope",
    "Session",
    "SignInCount",
    "Standing",
    "User",
    "WhenBusy",
    "WorkerSlots",
]
