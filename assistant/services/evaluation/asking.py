"""Asking one question as its owner's questions are asked, and judging the reply."""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from assistant.config import EXTRACTIVE
from assistant.database import transaction
from assistant.errors import PermanentError, TransientError
from assistant.extensions import settings
from assistant.models import DocumentText, Message
from assistant.models.document import page_of
from assistant.services.evaluation import judging
from assistant.services.evaluation.judging import Case
from assistant.services.generation import model_down, passages, replies
from assistant.services.generation.answers import Answer
from assistant.services.generation.passages import Gathered
from assistant.services.generation.reply_task import Task
from assistant.services.jobs import Body, Run, Stopping
from assistant.services.retrieval.encoders import Question
from assistant.services.retrieval.retrieval import Hit, Scope, find
from assistant.services.retrieval.tuning import Ranking, Tuning

# So many chunks are looked through for the first ten documents or pages.
SEARCHED = 30
# Errors that are one question's own; with others no question could be answered.
ITS_OWN = ("empty_answer", "content_filter", "context_too_long", "model_rejected")
# Documents whose pages are known at a time.
MOST_KNOWN = 1000


class Part:
    """A part of a run that makes one answer: it stops with it, and its steps are not the job's."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.usage: dict[str, Any] | None = None

    @property
    def owner_id(self) -> uuid.UUID:
        """Return whose documents are asked."""
        return self._run.owner_id

    @property
    def stopping(self) -> Stopping | None:
        """Return why the work must be put down, if it must."""
        return self._run.stopping

    def progress(self, stage: str) -> None:
        """Go on to the next step, unless the work must be put down."""
        self._run.check()

    def check(self) -> None:
        """Raise `Stopped` if the work must be put down."""
        self._run.check()

    def on_stop(self, abort: Callable[[], None]) -> None:
        """Call `abort` when the work must stop."""
        self._run.on_stop(abort)


class Pages:
    """The pages that passages are on, read once for each document."""

    def __init__(self, owner_id: uuid.UUID) -> None:
        self._owner_id = owner_id
        self._starts: dict[tuple[uuid.UUID, int], Sequence[int]] = {}

    def __call__(self, hit: Hit) -> range:
        """Return the numbers of a passage's pages, from 1 on; none if there are no pages."""
        starts = self._starts_of(hit.document_id, hit.generation)
        first, last = page_of(starts, hit.start), page_of(starts, max(hit.end - 1, hit.start))
        return range(first or 0, (last or -1) + 1)

    def _starts_of(self, document_id: uuid.UUID, generation: int) -> Sequence[int]:
        key = document_id, generation
        if key not in self._starts:
            if len(self._starts) >= MOST_KNOWN:
                self._starts.clear()
            query = select(DocumentText.page_starts).where(
                DocumentText.document_id == document_id, DocumentText.generation == generation
            )
            with transaction(self._owner_id) as session:
                self._starts[key] = session.scalar(query) or ()
        return self._starts[key]


def ask(run: Run, scope: Scope, case: Case, setting: Mapping[str, Any], pages: Pages) -> Body:
    """Return how a question fares with a setting; what it cost is added to the run's usage."""
    tuning = Tuning(
        setting["retrieval_limit"],
        setting["threshold"],
        Ranking(setting["search"]),
        setting["rerank"],
    )
    task = _task(scope, case.question, verbatim=setting["answers"] == EXTRACTIVE)
    part, answer, error = Part(run), Answer(), None
    begun = time.perf_counter()
    gathered = passages.gather(scope, case.question, (), task.room, tuning=tuning)
    try:
        replies.answer_from(gathered, part, task, answer)
    except PermanentError as failure:
        if isinstance(failure, TransientError) or failure.code not in ITS_OWN:
            raise
        error = failure.code
    seconds = time.perf_counter() - begun
    _add_usage(run, part)
    if answer.finish_reason == model_down.FINISH_REASON:
        raise TransientError("The language model does not answer.", code="model_unavailable")
    return {
        "rank": _rank(scope, case, tuning, pages),
        **_judged(case, gathered, answer, pages),
        "refused": error is None and is_refusal(gathered, answer),
        "seconds": round(seconds, 6),
        "error": error,
    }


def _task(scope: Scope, question: str, *, verbatim: bool) -> Task:
    """Return what a reply to a new conversation's first question is made from."""
    named = {
        "document_ids": [str(one) for one in scope.document_ids],
        "collection_ids": [str(one) for one in scope.collection_ids],
    }
    return Task(
        reply=Message(owner_id=scope.owner_id, options={"use_documents": True, **named}),
        asked=Message(owner_id=scope.owner_id, content=question),
        system_prompt=None,
        history=[],
        model=settings.openai_model,
        temperature=settings.temperature,
        max_tokens=settings.max_tokens,
        verbatim=verbatim,
        asks_no_model=verbatim,
    )


def _rank(scope: Scope, case: Case, tuning: Tuning, pages: Pages) -> int | None:
    """Return where the right thing stands in a search for the question alone."""
    if not case.is_sought:
        return None
    question = Question(scope.owner_id, case.question)
    hits = find(scope, question, SEARCHED, tuning.ranking, rerank=tuning.rerank)
    return judging.rank_of(case, hits, pages)


def _judged(case: Case, gathered: Gathered, answer: Answer, pages: Pages) -> Body:
    judged: Body = dict.fromkeys(("given", "stated", "quoted"))
    if case.is_sought:
        judged["given"] = any(judging.is_right(case, hit, pages) for hit in gathered.hits)
    if case.answer is not None:
        quotes = [citation["quote"] or "" for citation in answer.citations]
        judged["stated"] = judging.holds(answer.text, case.answer)
        judged["quoted"] = any(judging.holds(quote, case.answer) for quote in quotes)
    return judged


def is_refusal(gathered: Gathered, answer: Answer) -> bool:
    """Return whether a reply gives nothing from the documents, and says so.

    A model says so itself where its sentences state nothing and cite nothing.
    """
    if gathered.is_talk or answer.finish_reason == "no_evidence":
        return True
    said = answer.support
    return (
        said is not None and not answer.citations and all(one["supported"] is None for one in said)
    )


def _add_usage(run: Run, part: Part) -> None:
    if part.usage is not None:
        before = run.usage or {}
        sums = {
            name: before.get(name, 0) + count
            for name, count in part.usage.items()
            if isinstance(count, int)
        }
        run.usage = {**part.usage, **sums}
