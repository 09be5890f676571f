"""Text that PostgreSQL and UTF-8 can hold."""

import re
from collections.abc import Mapping
from functools import cache
from itertools import islice
from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, pre_load, validate

from assistant.problems import MOST_ERRORS

# By how much a text can be longer as it comes than as it is kept: blanks around it, and letters
# with their accents apart.
SPARE = 4

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

# What the documentation says of it, as Python and ECMA-262 read alike: each has its own idea of
# white space and of letters. Blanks are what Python strips; half surrogates cannot be said.
_BLANK = r"\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_CONTROL = r"\u0000-\u001f\u007f-\u009f\u2028\u2029"
ANY_TEXT = r"^[^\u0000]*$"
SOME_TEXT = rf"^[{_BLANK}]*[^{_BLANK}\u0000][^\u0000]*$"
ONE_LINE = rf"^[{_BLANK}]*[^{_BLANK}{_CONTROL}]([^{_CONTROL}]*[^{_BLANK}{_CONTROL}])?[{_BLANK}]*$"


def not_blank(text: str) -> None:
    """Refuse what nobody could see."""
    if not text.strip():
        raise ValidationError("Must not be blank.")


class Text(fields.String):
    """A string within a length, without NUL characters and halves of surrogate pairs."""

    pattern: str | None = ANY_TEXT

    def __init__(self, *, longest: int, shortest: int = 0, **kwargs: Any) -> None:
        self._longest = longest
        self._length = validate.Length(min=shortest, max=longest)
        checks = kwargs.pop("validate", ())
        if pattern := SOME_TEXT if not_blank in checks else self.pattern:
            kwargs["metadata"] = {"pattern": pattern, **kwargs.get("metadata", {})}
        super().__init__(validate=[self._length, *checks], **kwargs)

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

    pattern: str | None = ONE_LINE

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
    """A request body; unknown fields are an error, so that a typing mistake is noticed.

    What was read by the schema `read_as` may be sent back whole: of its members, those that this
    request cannot set are ignored.
    """

    read_as: ClassVar[type[Schema] | None] = None

    class Meta:
        """Keep the order of the fields in the documentation."""

        ordered = True

    @pre_load
    def leave_out_what_is_not_told(self, data: Any, **_: object) -> Any:
        """Drop what is ignored, and all but the first unknown fields: few mistakes are told."""
        if not isinstance(data, Mapping):
            return data
        if self.read_as is not None:
            ignored = read_only(type(self))
            data = {name: value for name, value in data.items() if name not in ignored}
        if len(data) <= len(self.load_fields) + MOST_ERRORS:
            return data
        known = _names(self.load_fields)
        unknown = islice((name for name in data if name not in known), MOST_ERRORS)
        return {name: data[name] for name in (*known.intersection(data), *unknown)}


@cache
def read_only(request: type[Request]) -> frozenset[str]:
    """Return which members a request ignores, since they only come back."""
    if request.read_as is None:
        return frozenset()
    return _names(request.read_as().fields) - _names(request().load_fields)


def _names(fields_of: Mapping[str, fields.Field[Any]]) -> frozenset[str]:
    return frozenset(field.data_key or name for name, field in fields_of.items())
