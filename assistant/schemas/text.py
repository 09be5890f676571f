"""Text that PostgreSQL and UTF-8 can hold."""

import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

from marshmallow import Schema, ValidationError, fields, pre_load, validate

from assistant.problems import MOST_ERRORS

# By how much a text can be longer as it comes than as it is kept: blanks around it, and letters
# with their accents apart.
SPARE = 4

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

NOT_BLANK = validate.Regexp(r"\s*\S", error="Must not be blank.")


class Text(fields.String):
    """A string within a length, without NUL characters and halves of surrogate pairs."""

    def __init__(self, *, longest: int, shortest: int = 0, **kwargs: Any) -> None:
        self._longest = longest
        self._length = validate.Length(min=shortest, max=longest)
        super().__init__(validate=[self._length, *kwargs.pop("validate", ())], **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        # Before anything looks at each of its characters.
        if len(text) > SPARE * self._longest:
            self._length(text)
        if UNSTORABLE.search(text):
            raise ValidationError("Contains characters that cannot be stored, such as NUL.")
        return text


class Line(Text):
    """Text in one line that is not blank; white space around it is taken off."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs).strip()
        if not text:
            raise ValidationError("Must not be blank.")
        if CONTROL.search(text):
            raise ValidationError("Must be one line, without control characters.")
        return text


class Search(Line):
    """What to look for in a list."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(longest=200, **kwargs)


class Request(Schema):
    """A request body; unknown fields are an error, so that a typing mistake is noticed."""

    class Meta:
        """Keep the order of the fields in the documentation."""

        ordered = True

    @pre_load
    def leave_out_what_is_not_told(self, data: Any, **_: object) -> Any:
        """Drop all but the first unknown fields: each is a mistake, and few are told."""
        if not isinstance(data, Mapping) or len(data) <= len(self.load_fields) + MOST_ERRORS:
            return data
        known = {field.data_key or name for name, field in self.load_fields.items()}
        unknown = islice((name for name in data if name not in known), MOST_ERRORS)
        return {name: data[name] for name in (*known.intersection(data), *unknown)}
