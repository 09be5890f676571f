"""Give a model passages from vector stores together with the question, and cite what it uses."""

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.extensions import settings
from assistant.pieces import with_header
from assistant.services.generation import prompts as grounded_prompts
from assistant.services.generation.joining import joined
from assistant.services.generation.wording import small_talk
from assistant.services.jobs import Run
from assistant.services.responses import file_search, prompts
from assistant.services.responses.asking import FILE_SEARCH
from assistant.services.responses.citing import CitingFilter, annotations_of
from assistant.services.responses.drafting import Draft
from assistant.services.responses.output_items import Members
from assistant.services.responses.prompts import Messages
from assistant.services.retrieval.encoders import Question
from assistant.services.retrieval.retrieval import Hit
from assistant.services.stores.searching import Passage

# Of a longer question, the beginning is searched for; the model is told all of it.
LONGEST_QUERY = 2000


@dataclass(frozen=True, slots=True)
class Grounds:
    """What an answer is made from: the messages with passages in them, and these."""

    messages: Messages
    question: Question
    hits: Sequence[Hit]
    found: Sequence[Passage]

    def annotations(self, run: Run, markers: CitingFilter) -> list[Members]:
        """Return the citations of the answer that was given."""
        args = (run.owner_id, self.question, self.hits, self.found, markers)
        return annotations_of(*args, run.check)


def grounds_of(run: Run, asked: Members, draft: Draft, messages: Messages) -> Grounds | None:
    """Search for what was asked last, if that was asked for; None if there is nothing to go by.

    A greeting is none. What the model is told goes before what was said earlier.
    """
    tools = [tool for tool in asked["tools"] if tool["type"] == FILE_SEARCH]
    choice, asked_last = asked["tool_choice"], _asked_last(messages)
    query = asked_last[:LONGEST_QUERY].strip()
    is_chosen = isinstance(choice, dict) and choice["type"] == FILE_SEARCH
    if not tools or not query or choice == "none" or not (is_chosen or isinstance(choice, str)):
        return None
    if not is_chosen and choice != "required" and small_talk.languages_of(query) is not None:
        return None
    run.progress("retrieving")
    draft.begin_search([query])
    found = file_search.find(run.owner_id, tools, query)
    draft.end_search([file_search.result_of(passage) for passage in found])
    run.progress("generating")
    if not found:
        return None
    hits = joined(run.owner_id, [one.hit for one in found])
    told, used = _told(asked, messages, asked_last, hits)
    question = Question(run.owner_id, query)
    return Grounds(told, question, hits[:used], found)


def _asked_last(messages: Messages) -> str:
    """Return what was asked last."""
    contents = [one["content"] for one in messages if one["role"] == "user"]
    last = contents[-1] if contents else ""
    if not isinstance(last, str):
        last = "\n".join(part.get("text") or "" for part in last)
    return last.strip()


def _told(
    asked: Members, messages: Messages, asked_last: str, hits: Sequence[Hit]
) -> tuple[Messages, int]:
    """Return the messages with passages beside the last question, and how many fitted."""
    last = max(number for number, one in enumerate(messages) if one["role"] == "user")
    instructions = messages[0]["content"] if messages[0]["role"] == "system" else None
    rest = [one for number, one in enumerate(messages) if number and number != last]
    said = asked["max_output_tokens"] or settings.max_tokens
    room = settings.context_tokens - said - prompts.estimate(rest)
    passages = [
        grounded_prompts.Passage(
            hit.filename, hit.page, with_header(hit.table_header, hit.text), hit.headings
        )
        for hit in hits
    ]
    grounded, used = grounded_prompts.grounded_messages(
        instructions, passages, (), asked_last, max(room, settings.context_tokens // 4)
    )
    system, question = (content for _, content in grounded)
    told = [*messages]
    content = messages[last]["content"]
    if not isinstance(content, str):
        pictures = [part for part in content if part["type"] != "text"]
        told[last] = {"role": "user", "content": [{"type": "text", "text": question}, *pictures]}
    else:
        told[last] = {"role": "user", "content": question}
    head = {"role": "system", "content": system}
    return [head, *(told[1:] if instructions is not None else told)], used
