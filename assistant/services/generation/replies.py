"""Generating a reply, with evidence when it comes from documents."""

import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from sqlalchemy import and_, bindparam, select
from sqlalchemy.orm import Session, aliased

from assistant.config import EXTRACTIVE
from assistant.database import transaction
from assistant.errors import PermanentError
from assistant.extensions import adapters, settings
from assistant.models import Conversation, Job, JobState, Message, MessageRole
from assistant.pieces import with_header
from assistant.ports import ChatRequest, Usage
from assistant.services.conversations import branches, messages
from assistant.services.generation import extraction, model_down, passages
from assistant.services.generation.citations import MarkerFilter
from assistant.services.generation.languages import refusal
from assistant.services.generation.partial_reply import UNSTORABLE, Draft, storable
from assistant.services.generation.passages import Gathered
from assistant.services.generation.prompts import (
    PROMPT_TOKENS,
    Passage,
    estimate_prompt,
    estimate_tokens,
    grounded_messages,
    reply_messages,
)
from assistant.services.generation.proof import prove
from assistant.services.jobs import Body, Run
from assistant.services.paging import Page
from assistant.services.retrieval.retrieval import Scope

logger = logging.getLogger(__name__)

# How much of a conversation is read at most; what does not fit the model's window is left out.
HISTORY_MESSAGES = 200
# What passages may take of a window that a question fills: the first of them, cut to what fits.
LEAST_ROOM = 100


@dataclass(frozen=True, slots=True)
class Task:
    """What a reply is made from."""

    reply: Message
    asked: Message
    system_prompt: str | None
    history: list[tuple[str, str]]
    model: str
    temperature: float
    max_tokens: int
    verbatim: bool
    recent: Sequence[uuid.UUID] = ()

    @property
    def question(self) -> str:
        """Return what was asked."""
        return self.asked.content

    @property
    def budget(self) -> int:
        """Return how many tokens the prompt may take."""
        return max(settings.context_tokens - self.max_tokens, settings.context_tokens // 4)

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


def generate(run: Run) -> dict[str, Any]:
    """Generate the reply that a job promises, and return the ids that its result names."""
    task = _load(run)
    draft = Draft(run, task.reply.id)
    run.save = draft.save
    run.before_end = draft.evidence_kept
    run.render = partial(_render, task, draft)
    if task.reply.options.get("use_documents"):
        _answer_from_documents(run, task, draft)
    else:
        _answer_alone(run, task, draft)
    return {
        "user_message_id": str(task.reply.parent_id),
        "assistant_message_id": str(task.reply.id),
    }


def _render(task: Task, draft: Draft) -> Body | None:
    return None if draft.saved is None else messages.result_of(task.asked, draft.saved)


_Question = aliased(Message)
# Nobody is asked to work for an attempt that was overtaken before it began; the fence proper is in
# what it writes.
_HELD = and_(Job.state == JobState.RUNNING, Job.attempt == bindparam("attempt"))
_PARTS = (
    select(Message, _Question, Conversation, _HELD)
    .join(Job, Job.id == Message.job_id)
    .join(_Question, _Question.id == Message.parent_id)
    .join(Conversation, Conversation.id == Message.conversation_id)
    .where(Message.id == bindparam("reply"))
)


def _load(run: Run) -> Task:
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


def _answer_alone(run: Run, task: Task, draft: Draft) -> None:
    prompt = reply_messages(task.system_prompt, task.history, task.question, task.budget)
    _stream(run, task, draft, prompt, MarkerFilter(0), filtered=False)


def _answer_from_documents(run: Run, task: Task, draft: Draft) -> None:
    gathered = passages.gather(task.scope, task.question, task.history, task.room, task.recent)
    question, hits = gathered.question, gathered.hits
    if gathered.is_talk:
        run.progress("generating")
        _answer_alone(run, task, draft)
        return
    if not hits:
        # Evidence is the answer of record: without any, no model is asked.
        draft.finish_reason = "no_evidence"
        draft.support = []
        said = [content for role, content in task.history if role == MessageRole.USER]
        draft.add(refusal(task.question, said))
        return
    if task.verbatim and gathered.is_whole:
        extraction.reply_about(run, draft, hits)
    elif task.verbatim:
        extraction.reply(run, draft, task.question, question, hits)
    else:
        _ask_about(gathered, run, task, draft)


def _ask_about(gathered: Gathered, run: Run, task: Task, draft: Draft) -> None:
    """Let the model answer from what was gathered, and prove what it says."""
    question, hits = gathered.question, gathered.hits
    shown = [
        Passage(hit.filename, hit.page, with_header(hit.table_header, hit.text), hit.headings)
        for hit in hits
    ]
    prompt, used = grounded_messages(
        task.system_prompt,
        shown,
        task.history,
        task.question,
        task.budget,
        is_excerpt=gathered.is_excerpt,
    )
    run.progress("generating")
    markers = MarkerFilter(used)
    try:
        _stream(run, task, draft, prompt, markers, filtered=True)
    except PermanentError as error:
        run.check()
        if (
            draft.text
            or not settings.extractive_when_model_is_down
            or not model_down.is_down(error)
        ):
            raise
        logger.warning("answering without the model: %s", error.detail)
        extraction.reply_instead(run, draft, task.question, question, hits)
        return
    run.progress("citing")
    proof = prove(run.owner_id, task.question, question, hits[:used], draft.text, markers)
    draft.citations, draft.support = proof.citations, proof.support


def _estimator(prompt: Sequence[tuple[str, str]], draft: Draft) -> Callable[[], Usage]:
    """Return what guesses the tokens of a reply as it grows; the prompt is looked at once."""
    asked = cache(lambda: estimate_prompt(prompt))
    return lambda: Usage(asked(), estimate_tokens(draft.text))


def _request(task: Task, prompt: Sequence[tuple[str, str]]) -> ChatRequest:
    return ChatRequest(
        messages=prompt,
        model=task.model,
        temperature=task.temperature,
        max_tokens=task.max_tokens,
        timeout=settings.model_timeout,
    )


def _stream(
    run: Run,
    task: Task,
    draft: Draft,
    prompt: Sequence[tuple[str, str]],
    markers: MarkerFilter,
    *,
    filtered: bool,
) -> None:
    """Ask the model, and let its text into the draft as it comes."""
    stream = adapters.chat_model.stream(_request(task, prompt))
    estimate = _estimator(prompt, draft)
    run.on_stop(stream.abort)
    draft.model = task.model
    try:
        for piece in stream:
            draft.estimate = estimate
            delta = UNSTORABLE.sub("\ufffd", piece)
            draft.add(markers.feed(delta) if filtered else delta)
        draft.add(markers.close())
        run.check()
    finally:
        stream.abort()
        draft.model = storable(stream.model or task.model, Message.model)
        if stream.finish_reason:
            draft.finish_reason = storable(stream.finish_reason, Message.finish_reason)
        draft.usage = stream.usage
        if run.stopping:
            draft.estimate = estimate
        usage = draft.known_usage()
        if usage is not None:
            run.usage = usage.as_dict()
    if not draft.text.strip():
        raise PermanentError(
            "The model answered with nothing. Ask differently, or choose another model.",
            code="empty_answer",
        )
