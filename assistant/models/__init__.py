"""The tables."""

from assistant.models.api_key import ApiKey, Scope
from assistant.models.audit_event import Action, AuditEvent
from assistant.models.collection import Collection
from assistant.models.conversation import Conversation, Message, MessageRole, WhenBusy
from assistant.models.document import (
    Chunk,
    Document,
    DocumentStatus,
    DocumentText,
    Embedding,
)
from assistant.models.document_page import DocumentPage, ScannedPage
from assistant.models.evaluation import Evaluation, EvaluationOutcome
from assistant.models.file import File
from assistant.models.idempotency import IdempotencyKey
from assistant.models.index import CollectionIndex, IndexState, PreparedDocument
from assistant.models.installation import Installation
from assistant.models.job import Attempt, Blocker, Heartbeat, Job, JobState, Queue, WorkerSlots
from assistant.models.lexical import LexicalText, Posting
from assistant.models.open_job import OpenJob, OpenJobCount, Standing
from assistant.models.provider import ModelProvider
from assistant.models.response import (
    ConversationItem,
    ItemConversation,
    Response,
    ResponseEvent,
)
from assistant.models.session import Session
from assistant.models.sign_in import KnownAddress, OneTimeToken, Purpose, SignInCount
from assistant.models.uploaded_file import UploadedFile
from assistant.models.usage import UsageDay
from assistant.models.user import Role, User
from assistant.models.vector_store import FileBatch, VectorStore

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
    "ConversationItem",
    "Document",
    "DocumentPage",
    "DocumentStatus",
    "DocumentText",
    "Embedding",
    "Evaluation",
    "EvaluationOutcome",
    "File",
    "FileBatch",
    "Heartbeat",
    "IdempotencyKey",
    "IndexState",
    "Installation",
    "ItemConversation",
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
    "Response",
    "ResponseEvent",
    "Role",
    "ScannedPage",
    "Scope",
    "Session",
    "SignInCount",
    "Standing",
    "UploadedFile",
    "UsageDay",
    "User",
    "VectorStore",
    "WhenBusy",
    "WorkerSlots",
]
