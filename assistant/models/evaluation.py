"""Evaluations: sets of questions, and how they were answered."""

import uuid

from sqlalchemy import Index, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from assistant.database import Model
from assistant.models.columns import Created, Json, JsonList, Key, Owner, refers


class Evaluation(Model):
    """A set of questions that is asked with one setting, or with two to compare them.

    Its id is that of the job that was accepted first; `job_id` is the newest. `scope` has the ids
    of documents and collections that were named. `result` is written once, when its job succeeds.
    """

    __tablename__ = "evaluations"
    __table_args__ = (Index("uq_evaluations_owner", "owner_id", "id", unique=True),)

    id: Mapped[Key]
    owner_id: Mapped[Owner]
    job_id: Mapped[uuid.UUID]
    name: Mapped[str] = mapped_column(String(200))
    questions: Mapped[JsonList]
    settings: Mapped[JsonList]
    scope: Mapped[Json]
    result: Mapped[Json | None]
    created_at: Mapped[Created]


class EvaluationOutcome(Model):
    """How one question fared with one setting; it quotes neither question nor documents."""

    __tablename__ = "evaluation_outcomes"
    __table_args__ = (refers("evaluation_id", "evaluations", ondelete="CASCADE"),)

    evaluation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    setting: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    owner_id: Mapped[Owner]
    outcome: Mapped[Json]
