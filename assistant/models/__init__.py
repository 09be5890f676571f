"""The tables."""

from assistant.models.collection import Collection
from assistant.models.conversation import Conversation, Message, MessageRole
from assistant.models.document import Chunk, Document, DocumentStatus, DocumentText, Embedding
from assistant.models.job import Attempt, Heartbeat, Job, JobKind, JobState, Queue
from assistant.models.session import Session
from assistant.models.user import Role, User

__all__ = [
    "Attempt",
    "Chunk",
    "Collection",
    "Conversation",
    "Document",
    "DocumentStatus",
    "DocumentText",
    "Embedding",
    "Heartbeat",
    "Job",
    "JobKind",
    "JobState",
    "Message",
    "MessageRole",
    "Queue",
    "Role",
    "Session",
    "User",
]
