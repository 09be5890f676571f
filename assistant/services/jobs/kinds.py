"""What the engine needs to know of each kind of job."""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app
from sqlalchemy.orm import Session

from assistant.config import Settings
from assistant.errors import InvalidInput
from assistant.models import Job, Queue, Scope
from assistant.models.job import FIRST_PAYLOAD

if TYPE_CHECKING:
    from assistant.services.jobs.runs import Run

# What nobody waits for, or what must not stay undone, outlasts long queues and a server of ours
# that is away for days. It has an end all the same, so that no job stays open for ever.
PATIENT_SECONDS = 7 * 86_400.0

Body = dict[str, Any]
Work = Callable[["Run"], Body]
Retry = Callable[[uuid.UUID, Job], Job]
# Renders results by job id, from the rows that they name.
Renderer = Callable[[Session, Sequence[Job]], Mapping[uuid.UUID, Body]]


def _usual_failures(settings: Settings) -> int:
    return settings.max_failures


def _patient(settings: Settings) -> float:
    return PATIENT_SECONDS


@dataclass(frozen=True, slots=True)
class JobKind:
    """A kind of job; `name` stands in its rows, and is the name of its Celery task.

    `limited` work counts against what may be open at a time, and stops when its owner is disabled;
    what tidies up never waits for that. Work that `asks_model` may be waiting for its provider.
    One that `streams` writes a message's text as it comes, and each attempt begins it anew. A
    result that `is_text` goes when its document goes, and operators do not see it. An attempt
    begins in the `first_stage`, and success is the `last_stage`. With `work_seconds` its time runs
    only while it works. Work that an earlier release would do wrong has a `payload_version` that it
    does not know, so that its workers, which run beside those of now during an upgrade, leave it
    alone. A program's key needs its `scope` to cancel it or to try it once more.
    """

    name: str
    queue: Queue
    deadline_seconds: Callable[[Settings], float] = _patient
    work_seconds: Callable[[Settings], float] | None = None
    max_failures: Callable[[Settings], int] = _usual_failures
    limited: bool = False
    asks_model: bool = False
    streams: bool = False
    is_text: bool = False
    first_stage: str = "running"
    last_stage: str = "done"
    payload_version: int = FIRST_PAYLOAD
    scope: Scope = Scope.WRITE


REPLY = JobKind(
    "messages.reply",
    Queue.REPLIES,
    deadline_seconds=lambda settings: settings.reply_deadline_seconds,
    limited=True,
    asks_model=True,
    streams=True,
)
# What a model answers through OpenAI's API; followers have events of their own.
RESPOND = JobKind(
    "responses.create",
    Queue.REPLIES,
    deadline_seconds=lambda settings: settings.reply_deadline_seconds,
    limited=True,
    asks_model=True,
    first_stage="generating",
    payload_version=2,
)
INDEX = JobKind(
    "documents.index",
    Queue.INDEXING,
    work_seconds=lambda settings: settings.indexing_deadline_seconds,
    limited=True,
    first_stage="stored",
    last_stage="ready",
    payload_version=2,
)
# Indexing a whole collection anew, with another encoder.
INDEX_COLLECTION = JobKind("collections.index", Queue.INDEXING, limited=True, payload_version=2)
ANALYZE = JobKind(
    "documents.analyze",
    Queue.REPLIES,
    deadline_seconds=lambda settings: settings.indexing_deadline_seconds,
    limited=True,
    asks_model=True,
    is_text=True,
)
EVALUATE = JobKind(
    "evaluations.run",
    Queue.INDEXING,
    work_seconds=lambda settings: settings.evaluation_deadline_seconds,
    limited=True,
    asks_model=True,
    payload_version=2,
)
DELETE_DOCUMENT = JobKind("documents.delete", Queue.INDEXING, payload_version=2)
DELETE_COLLECTION = JobKind("collections.delete", Queue.INDEXING, payload_version=2)
DELETE_USER = JobKind("users.delete", Queue.INDEXING, payload_version=2, scope=Scope.ADMIN)

# What it does is not known here, and what it makes may be text.
UNKNOWN = JobKind("unknown", Queue.QUARANTINE, is_text=True)

JOB_KINDS = (
    REPLY,
    RESPOND,
    INDEX,
    INDEX_COLLECTION,
    ANALYZE,
    EVALUATE,
    DELETE_DOCUMENT,
    DELETE_COLLECTION,
    DELETE_USER,
)


@dataclass(frozen=True, slots=True)
class Binding:
    """What a kind of job does, how it is promised once more, and how its result is rendered.

    Without a `renderer` the result is shown as the work returned it.
    """

    work: Work
    retry: Retry
    renderer: Renderer | None = None


class JobTable:
    """The kinds of job that an application knows, each with its binding."""

    def __init__(self, bindings: Mapping[JobKind, Binding]) -> None:
        self._kinds = {kind.name: kind for kind in bindings}
        self._bindings = {kind.name: binding for kind, binding in bindings.items()}

    def __iter__(self) -> Iterator[JobKind]:
        return iter(self._kinds.values())

    def kind_of(self, job: Job) -> JobKind:
        """Return a job's kind, which is `UNKNOWN` if a newer release has accepted it."""
        return self._kinds.get(job.kind, UNKNOWN)

    def binding_of(self, job: Job) -> Binding | None:
        """Return what a job's kind is bound to; None for one that a newer release has accepted."""
        return self._bindings.get(job.kind)

    def renderers(self) -> Iterator[tuple[str, Renderer]]:
        """Return the kinds whose results are rendered, and how."""
        for name, binding in self._bindings.items():
            if binding.renderer is not None:
                yield name, binding.renderer

    def names(self, which: Callable[[JobKind], bool] = lambda kind: True) -> list[str]:
        """Return the names of the kinds for which something is so."""
        return [kind.name for kind in self if which(kind)]

    def demand(self, name: str) -> str:
        """Return the name of a kind; raises `InvalidInput` if there is none of that name."""
        if name not in self._kinds:
            raise InvalidInput(
                f"There is no such kind of job. Choose one of {', '.join(sorted(self._kinds))}.",
                parameter="kind",
            )
        return name


def init_app(app: Flask, bindings: Mapping[JobKind, Binding]) -> None:
    """Hand an application's kinds of job to the engine."""
    app.extensions["job_table"] = JobTable(bindings)


def job_table() -> JobTable:
    """Return the kinds of job that the application at hand knows."""
    table: JobTable = current_app.extensions["job_table"]
    return table
