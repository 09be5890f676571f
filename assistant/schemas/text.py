"""Text that PostgreSQL and UTF-8 can hold."""

import re
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

NOT_BLANK = validate.Regexp(r"\s*\S", error="Must not be blank.")


class Text(fields.String):
    """A string within a length, without NUL characters and halves of surrogate pairs."""

    def __init__(self, *, longest: int, shortest: int = 0, **kwargs: Any) -> None:
        checks = [validate.Length(min=shortest, max=longest), *kwargs.pop("validate", ())]
        super().__init__(validate=checks, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
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
