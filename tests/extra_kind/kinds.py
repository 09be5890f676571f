"""What the engine needs to know of it."""

from assistant.models import Queue
from assistant.services.jobs.kinds import JobKind

COUNT = JobKind(
    "documents.count",
    Queue.REPLIES,
    work_seconds=lambda settings: 60.0,
    limited=True,
    asks_model=True,
    is_text=True,
)
