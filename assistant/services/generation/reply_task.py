"""What a reply is made from: the question, its branch, and how it is to be answered."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, bindparam, select
from sqlalchemy.orm import Session, aliased

from assistant.config import EXTRACTIVE
from assistant.database import transaction
from assistant.errors import PermanentError
from assistant.extensions import adapters, settings
from assistant.models import Conversation, Job, JobState, Message, MessageRole
from assistant.services.conversations import branches
from assistant.services.generation.prompts import PROMPT_TOKENS, estimate_prompt, reply_messages
from assistant.services.jobs import Run
from assistant.services.paging import Page
from assistant.services.retrieval.retrieval import Scope

# How much of a conversation is read at most; what does not fit the model's window is left out.
HISTORY_MESSAGES = 200
# What passages may take of a window that a question fills: the first of them, cut to what fits.
LEAST_ROOM = 100


@dataclass(frozen=True, slots=True)
class Task:
    """What a reply is made from: documents `verbatim` if they are asked, or by a model."""

    reply: Message
    asked: Message
    system_prompt: str | None
    history: list[tuple[str, str]]
    model: str
    temperature: float
    max_tokens: int
    verbatim: bool
    asks_no_model: bool
    recent: Sequence[uuid.UUID] = ()

    @property
    def question(self) -> str:
        """Return what was asked."""
        return self.asked.content

    @property
    def context(self) -> int:
        """Return how many tokens the model takes: what is set, or less if its server said so."""
        most = settings.context_tokens
        if self.verbatim or self.asks_no_model:
            return most
        return adapters.chat_model.context(self.model, most)

    @property
    def budget(self) -> int:
        """Return how many tokens the prompt may take."""
        return budget_of(self.context, self.max_tokens)

    @property
    def room(self) -> int:
        """Return how many tokens of the prompt passages may take: the talk keeps a share."""
        asked = reply_messages(self.system_prompt, (), self.question, 0)
        return max((self.budget - estimate_prompt(asked) - PROMPT_TOKENS) * 3 // 4, LEAST_ROOM)

    @property
    def scope(self) -> Scope:
        """Return where to look for passages."""
        options = self.reply.options
        return Scope(
            owner_id=self.reply.owner_id,
            document_ids=[uuid.UUID(i) for i in options.get("document_ids", ())],
            collection_ids=[uuid.UUID(i) for i in options.get("collection_ids", ())],
        )


def budget_of(context: int, max_tokens: int) -> int:
    """Return how many tokens of a context the prompt may take, beside so many of an answer."""
    return max(context - max_tokens, context // 4)


_Question = aliased(Message)
# Nobody is asked to work for an attempt that was overtaken before it began; the fence proper is in
# what it writes.
_HELD = and_(Job.is_running, Job.attempt == bindparam("attempt"))
_PARTS = (
    select(Message, _Question, Conversation, _HELD)
    .join(Job, Job.id == Message.job_id)
    .join(_Question, _Question.id == Message.parent_id)
    .join(Conversation, Conversation.id == Message.conversation_id)
    .where(Message.id == bindparam("reply"))
)


def load(run: Run) -> Task:
    """Return what a run's reply is made from; raises `PermanentError` if it was deleted."""
    with transaction(run.owner_id) as session:
        found = session.execute(
            _PARTS, {"reply": run.job.message_id, "attempt": run.attempt}
        ).one_or_none()
        if found is None:
            raise PermanentError("The conversation was deleted.", code="conversation_deleted")
        reply, question, conversation, held = found
        if not held:
            run.lost()
        branch = _branch(session, conversation, question.parent_id)
    options = reply.options
    named = options.get("model") or conversation.model
    return Task(
        reply=reply,
        asked=question,
        system_prompt=conversation.system_prompt,
        history=[(message.role, message.content) for message in branch],
        recent=_recent(branch),
        # A conversation may name what answers from documents only; then others answer the rest.
        model=settings.openai_model if named in (None, EXTRACTIVE) else named,
        temperature=_first(
            options.get("temperature"), conversation.temperature, settings.temperature
        ),
        max_tokens=_first(options.get("max_tokens"), conversation.max_tokens, settings.max_tokens),
        asks_no_model=named == EXTRACTIVE or (named is None and not settings.has_model),
        verbatim=settings.answers_by_extraction if named is None else named == EXTRACTIVE,
    )


def _first(*values: Any) -> Any:
    return next(value for value in values if value is not None)


def _branch(session: Session, conversation: Conversation, end: uuid.UUID | None) -> list[Message]:
    """Return the branch that leads to a question: no failed replies, but cancelled text."""
    branch = branches.before(session, conversation, end, Page(limit=HISTORY_MESSAGES))
    return [
        message
        for message in branch
        if message.content
        and not (message.role == MessageRole.ASSISTANT and message.status == JobState.FAILED)
    ]


def _recent(branch: Sequence[Message]) -> list[uuid.UUID]:
    """Return the documents that the last reply with evidence cited."""
    cited = next((message.citations for message in reversed(branch) if message.citations), ())
    return list(dict.fromkeys(uuid.UUID(citation["document_id"]) for citation in cited))
