"""Generating a reply, with evidence when it comes from documents."""

import logging
from functools import partial
from typing import Any

from assistant.config import EXTRACTIVE
from assistant.errors import PermanentError
from assistant.extensions import settings
from assistant.models import MessageRole
from assistant.pieces import with_header
from assistant.services.conversations import messages
from assistant.services.generation import (
    extraction,
    model_answers,
    model_down,
    passages,
    reply_task,
)
from assistant.services.generation.answers import Answer, Work
from assistant.services.generation.citations import MarkerFilter
from assistant.services.generation.languages import of_question, refusal
from assistant.services.generation.model_answers import Prompt
from assistant.services.generation.partial_reply import Draft
from assistant.services.generation.passages import Gathered
from assistant.services.generation.prompts import Passage, grounded_messages, reply_messages
from assistant.services.generation.proof import prove
from assistant.services.generation.reply_task import Task
from assistant.services.generation.wording.invitations import INVITATIONS
from assistant.services.jobs import Body, Run

logger = logging.getLogger(__name__)


def generate(run: Run) -> dict[str, Any]:
    """Generate the reply that a job promises, and return the ids that its result names."""
    task = reply_task.load(run)
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
        **draft.searched,
    }


def _render(task: Task, draft: Draft) -> Body | None:
    if draft.saved is None:
        return None
    return {**messages.result_of(task.asked, draft.saved), **draft.searched}


def _answer_alone(run: Work, task: Task, draft: Answer) -> None:
    def build(budget: int) -> Prompt:
        prompt = reply_messages(task.system_prompt, task.history, task.question, budget)
        return Prompt(prompt, MarkerFilter(0), filtered=False)

    model_answers.ask(run, task, draft, build)


def _answer_from_documents(run: Run, task: Task, draft: Draft) -> None:
    gathered = passages.gather(task.scope, task.question, task.history, task.room, task.recent)
    answer_from(gathered, run, task, draft)


def answer_from(gathered: Gathered, run: Work, task: Task, draft: Answer) -> None:
    """Answer from what was gathered, as everybody's questions are; `draft` is the answer."""
    question, hits = gathered.question, gathered.hits
    if question.part is not None:
        draft.searched = {messages.SEARCHED: question.part.as_dict()}
    if gathered.is_talk:
        _talk(run, task, draft)
        return
    if not hits:
        # Evidence is the answer of record: without any, no model is asked.
        draft.finish_reason = "no_evidence"
        draft.support = []
        draft.add(refusal(task.question, _said(task)))
        return
    if task.verbatim and gathered.wholes:
        extraction.reply_about(run, draft, gathered.wholes, task.question)
    elif task.verbatim:
        extraction.reply(run, draft, task.question, question, hits, sharing=gathered.sharing)
    else:
        _ask_about(gathered, run, task, draft)


def _talk(run: Work, task: Task, draft: Answer) -> None:
    """Answer a greeting or thanks, without documents."""
    run.progress("generating")
    if task.asks_no_model:
        draft.model, draft.finish_reason, draft.support = EXTRACTIVE, "stop", []
        draft.add(INVITATIONS[of_question(task.question, _said(task))])
    else:
        _answer_alone(run, task, draft)


def _said(task: Task) -> list[str]:
    return [content for role, content in task.history if role == MessageRole.USER]


def _ask_about(gathered: Gathered, run: Work, task: Task, draft: Answer) -> None:
    """Let the model answer from what was gathered, and prove what it says."""
    question, hits = gathered.question, gathered.hits
    shown = [
        Passage(hit.filename, hit.page, with_header(hit.table_header, hit.text), hit.headings)
        for hit in hits
    ]

    def build(budget: int) -> Prompt:
        prompt, used = grounded_messages(
            task.system_prompt,
            shown,
            task.history,
            task.question,
            budget,
            is_excerpt=gathered.is_excerpt,
        )
        return Prompt(prompt, MarkerFilter(used))

    run.progress("generating")
    try:
        asked = model_answers.ask(run, task, draft, build)
    except PermanentError as error:
        run.check()
        if (
            draft.text
            or not settings.extractive_when_model_is_down
            or not model_down.is_down(error)
        ):
            raise
        logger.warning("answering without the model: %s", error.detail)
        if draft.reasoning:
            # Those were another's thoughts.
            draft.reread("", "")
        extraction.reply_instead(run, draft, task.question, question, hits)
        return
    run.progress("citing")
    markers, given = asked.markers, hits[: asked.markers.count]
    proof = prove(run.owner_id, task.question, question, given, draft.text, markers, run.check)
    draft.citations, draft.support = proof.citations, proof.support
