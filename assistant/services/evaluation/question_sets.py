"""Reading a set of questions: JSON, CSV, or passages with the questions that they answer.

A mistake is named with its line or its number, and so are the next ones.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from marshmallow import ValidationError

from assistant.errors import InvalidInput
from assistant.schemas.evaluations import MOST_QUESTIONS, ExpectedQuestionSchema
from assistant.services.evaluation.judging import Case, case_of

# A file of passages and questions has all passages in it, of which none is kept.
MOST_BYTES = 16 * 1024 * 1024
# What is kept of a set, as its JSON.
MOST_KEPT = 1024 * 1024
MOST_NAMED = 10
# The longest cell of a CSV file that is read at all.
LONGEST_CELL = 64 * 1024
# The longest name that a document has of a passage's id.
LONGEST_ID = 250
COLUMNS = tuple(ExpectedQuestionSchema().fields)
FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def read(raw: bytes) -> list[Case]:
    """Return the questions of a file; raises `InvalidInput`."""
    if len(raw) > MOST_BYTES:
        raise InvalidInput(f"The file has more than {MOST_BYTES // 1024 // 1024} MiB. Split it.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InvalidInput(f"Line {line} is not UTF-8. Save the file in UTF-8.") from None
    return of_json(text) if text.lstrip()[:1] in ("{", "[") else of_csv(text)


def of_json(text: str) -> list[Case]:
    """Return the questions of a list, alone or as `questions`, or those of passages."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidInput(f"Line {error.lineno} is no JSON: {error.msg}.") from None
    except (ValueError, RecursionError):
        raise InvalidInput("The JSON is nested too deeply, or a number in it too long.") from None
    if isinstance(found, dict) and "qrels" in found:
        return checked(_known_items(found), lambda number: f"query {list(found['qrels'])[number]}")
    rows = found.get("questions") if isinstance(found, dict) else found
    if not isinstance(rows, list):
        raise InvalidInput(
            "The JSON has no questions. Give a list of them, or one named `questions`."
        )
    return checked(rows, lambda number: f"questions[{number}]")


def _known_items(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the questions that passages answer, whose documents have the names of passages."""
    queries, right = found.get("queries"), found["qrels"]
    if not (isinstance(queries, dict) and isinstance(right, dict)):
        raise InvalidInput("`queries` and `qrels` have to be objects, whose keys are queries' ids.")
    rows = []
    for query, passages in right.items():
        judged = passages if isinstance(passages, dict) else {}
        listed = [name for name, is_right in judged.items() if is_right]
        if len(listed) != 1 or query not in queries:
            raise InvalidInput(
                f"query {query}: it needs its text in `queries` and one passage in `qrels`."
            )
        rows.append({"question": queries[query], "filename": listed[0][-LONGEST_ID:]})
    return rows


def of_csv(text: str) -> list[Case]:
    """Return the questions of a table with a line of names; the separator is told by that line."""
    # Office programs mark UTF-8 with a sign that nobody sees.
    whole = text.removeprefix("\ufeff")
    before = len(whole) - len(whole.lstrip("\n\r"))
    skipped, text = whole[:before].count("\n"), whole[before:]
    head = text.partition("\n")[0]
    separator = max(",;\t", key=head.count)
    lines: list[int] = []
    rows = []
    try:
        for line, row in _rows(text, separator):
            lines.append(skipped + line)
            rows.append(row)
    except csv.Error as error:
        line = lines[-1] + 1 if lines else 1
        raise InvalidInput(f"Line {line} or the next is no CSV: {error}.") from None
    return checked(rows, lambda number: f"line {lines[number]}")


def _rows(text: str, separator: str) -> Iterator[tuple[int, dict[str, Any]]]:
    csv.field_size_limit(LONGEST_CELL)
    table = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    names = [name.strip().lower() for name in next(table, [])]
    unknown = [name for name in names if name not in COLUMNS]
    if "question" not in names or unknown or len(set(names)) < len(names):
        raise InvalidInput(
            f"Line 1 has to name the columns, each once: `question`, and any of "
            f"{', '.join(f'`{name}`' for name in COLUMNS[1:])}."
        )
    begins = table.line_num + 1
    for cells in table:
        if any(cell.strip() for cell in cells):
            if len(cells) > len(names):
                raise InvalidInput(
                    f"Line {begins} has {len(cells)} cells, and line 1 names {len(names)}. Put "
                    "cells with a separator in them in quotation marks."
                )
            given = zip(names, cells, strict=False)
            yield begins, {name: _value(name, cell) for name, cell in given if cell.strip()}
        begins = table.line_num + 1


def _value(name: str, cell: str) -> object:
    written = cell.strip()
    if name == "page" and written.isascii() and written.isdigit():
        return int(written[:20])
    if name == "refuse":
        return FLAGS.get(written.lower(), written)
    return cell


def checked(rows: Sequence[Any], place: Any = None) -> list[Case]:
    """Return questions that can be asked; `place` says of a number where it stands."""
    if not 0 < len(rows) <= MOST_QUESTIONS:
        raise InvalidInput(
            f"There are {len(rows)} questions, and there have to be between 1 and {MOST_QUESTIONS}."
        )
    try:
        loaded = ExpectedQuestionSchema(many=True).load(rows)
    except ValidationError as error:
        raise InvalidInput(_told(error.messages_dict, place)) from None
    return [case_of({n: v for n, v in row.items() if v is not None}) for row in loaded]


def _told(mistakes: Mapping[Any, Any], place: Any) -> str:
    said = []
    for number, fields in mistakes.items():
        where = place(number) if isinstance(number, int) else str(number)
        for name, texts in (fields if isinstance(fields, dict) else {"_schema": fields}).items():
            of = "" if name == "_schema" else f", {name}"
            said.append(f"{where}{of}: {' '.join(map(str, texts))}")
    more = len(said) - MOST_NAMED
    shown = "\n".join(said[:MOST_NAMED])
    return f"{shown}\nAnd {more} more." if more > 0 else shown


def demand_size(questions: Sequence[Mapping[str, Any]]) -> None:
    """Raise `InvalidInput` if a set is larger than what is kept."""
    size = len(json.dumps(questions, ensure_ascii=False).encode())
    if size > MOST_KEPT:
        raise InvalidInput(
            f"The questions have {size} bytes, and may have {MOST_KEPT}. Shorten passages, or ask "
            "them in two sets."
        )
