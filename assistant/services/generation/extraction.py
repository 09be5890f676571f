"""Replies that need no model: what answers, as it stands in the documents."""

import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from assistant.config import EXTRACTIVE
from assistant.extensions import adapters
from assistant.pieces import Span
from assistant.services.evidence.extractive import MOST, Extract, extracts, overview
from assistant.services.evidence.quotes import LONGEST_QUESTION, Asked, Quote, readable
from assistant.services.evidence.statements import Statement, Statements
from assistant.services.evidence.units import Kind
from assistant.services.evidence.wording import Words
from assistant.services.generation import evidence, model_down
from assistant.services.generation.answers import Answer, Work
from assistant.services.generation.languages import refusal
from assistant.services.retrieval.encoders import Question
from assistant.services.retrieval.retrieval import Hit

_ITEM = re.compile(r"^(?:[-*•‣·+]\s+|\[\^\d{1,3}\]: *)")
_BREAK = re.compile(r"[ \t]*\n[ \t]*")
# Where a line is broken between these, there is no blank.
_WIDE_BREAK = re.compile(r"(?<=[\u3041-\u30ff\u3400-\u9fff])\n(?=[\u3041-\u30ff\u3400-\u9fff])")


def reply(
    run: Work,
    draft: Answer,
    asked: str,
    question: Question,
    hits: Sequence[Hit],
    *,
    note: str = "",
    sharing: Sequence[uuid.UUID] = (),
) -> None:
    """Answer with what stands in the passages, and ask no model."""
    run.progress("extracting")
    found, draft.citations = extract(
        run.owner_id, asked, question, hits, before=note, sharing=sharing, check=run.check
    )
    _give(draft, found, asked)


def reply_about(run: Work, draft: Answer, hits: Sequence[Hit], asked: str) -> None:
    """Answer a question about documents as a whole; `hits` are as for `outline`.

    What was `asked` tells the language in which it is said that nothing was found.
    """
    run.progress("extracting")
    found, draft.citations = outline(run.owner_id, hits)
    _give(draft, found, asked)


def _give(draft: Answer, found: "Extracted", asked: str) -> None:
    """Let what was found be the reply, or say that there is nothing."""
    if not found.quotes:
        draft.finish_reason, draft.support = "no_evidence", []
        draft.add(refusal(asked))
        return
    draft.model, draft.finish_reason = EXTRACTIVE, "stop"
    draft.support = found.support
    draft.add(found.content)


def reply_instead(
    run: Work, draft: Answer, asked: str, question: Question, hits: Sequence[Hit]
) -> None:
    """Answer so in the place of a model that is down, and say why."""
    reply(run, draft, asked, question, hits, note=model_down.note(asked))
    if draft.citations:
        draft.finish_reason = model_down.FINISH_REASON
    # What was counted was for the model.
    draft.usage = draft.estimate = run.usage = None


@dataclass(slots=True)
class Extracted:
    """A reply as it grows: its text, and what proves each piece of it."""

    content: str = ""
    quotes: list[tuple[int, Quote]] = field(default_factory=list)
    support: list[dict[str, Any]] = field(default_factory=list)

    def add(self, text: str, quote: Quote, *, is_item: bool = False) -> None:
        """Append what a passage says, with the marker of its quote."""
        marker = len(self.quotes) + 1
        if self.content:
            self.content += "\n" if is_item else "\n\n"
        start = len(self.content)
        # Below a table a marker would be one more row of it, and behind code a part of it.
        between = "\n\n" if text.endswith(("|", "```")) else " "
        self.content += f"{text}{between}[{marker}]"
        self.quotes.append((marker, quote))
        proof = {"start": start, "end": len(self.content), "supported": True}
        self.support.append({**proof, "citations": [marker]})


def extract(
    owner_id: uuid.UUID,
    asked: str,
    question: Question,
    hits: Sequence[Hit],
    *,
    before: str = "",
    sharing: Sequence[uuid.UUID] = (),
    check: Callable[[], None] = lambda: None,
) -> tuple[Extracted, list[Any]]:
    """Return what answers a question, verbatim and the best first, and its citations.

    `question` is what was searched for, which may be more than was `asked`. `before` is what the
    reply says before that. Documents that are `sharing` have a part each. `check` is called now
    and then, and raises if the work must be put down.
    """
    statements = Statements(hits, adapters.embedding_model.embed)
    is_more = question.text != asked
    asked, leant_on = asked[:LONGEST_QUESTION], question.text[:LONGEST_QUESTION]
    wanted = Asked(Words(asked), question.vector(), Words(leant_on) if is_more else None)
    check()
    reply = Extracted(before)
    for one in _of_each(asked, wanted, statements, hits, sharing[:MOST]):
        check()
        reply.add(_shown(one), _quote(one.statements, statements))
    return reply, evidence.citations(owner_id, hits, reply.quotes)


def _of_each(
    asked: str,
    wanted: Asked,
    statements: Statements,
    hits: Sequence[Hit],
    sharing: Sequence[uuid.UUID],
) -> list[Extract]:
    """Return the best of each document, or the best of all if none shares or one alone has any."""
    shares = []
    for document_id in sharing:
        its = {number for number, hit in enumerate(hits) if hit.document_id == document_id}
        shares += extracts(asked, wanted, statements, its)[:1] if its else []
    return shares if len(shares) > 1 else extracts(asked, wanted, statements)


def outline(owner_id: uuid.UUID, hits: Sequence[Hit]) -> tuple[Extracted, list[Any]]:
    """Return the opening and the headings of documents, verbatim, and their citations.

    `hits` are the passages with which the documents begin, in their order. It is for questions
    about a document as a whole.
    """
    statements = Statements(hits, adapters.embedding_model.embed)
    opening, headings = overview(statements)
    reply = Extracted()
    for one in opening:
        reply.add(_shown(one), _quote(one.statements, statements))
    for heading in headings:
        line = f"- {heading.text.lstrip('# ')}"
        reply.add(line, _quote([heading], statements), is_item=heading is not headings[0])
    return reply, evidence.citations(owner_id, hits, reply.quotes)


def _quote(said: Sequence[Statement], statements: Statements) -> Quote:
    fact = Span(said[0].unit.start, said[-1].unit.end)
    return readable(Quote(fact.start, fact.end, said[0].passage, fact), statements)


def _shown(one: Extract) -> str:
    if one.statements[0].unit.kind is Kind.ROW:
        return _table(one.statements)
    if len(one.statements) == 1:
        return _on_one_line(_ITEM.sub("", one.statements[0].text))
    shown = ""
    for before, statement in zip([None, *one.statements], one.statements, strict=False):
        text = statement.text
        if statement.unit.kind is Kind.CODE:
            text = f"```\n{text}\n```"
        elif statement.unit.kind is Kind.SENTENCE:
            text = _on_one_line(text)
        is_beside = before is not None and before.unit.block == statement.unit.block
        between = " " if is_beside and statement.unit.kind is Kind.SENTENCE else "\n"
        shown += f"{between if shown else ''}{text}"
    return shown


def _on_one_line(text: str) -> str:
    return _BREAK.sub(" ", _WIDE_BREAK.sub("", text))


def _table(rows: Sequence[Statement]) -> str:
    """Return rows below the header of their table, as a table."""
    header = rows[0].header
    if not header:
        return "\n".join(row.text for row in rows)
    rule = "| " + " | ".join("---" for _ in header.strip().strip("|").split("|")) + " |"
    return "\n".join([header, rule, *(row.text for row in rows)])
