"""Numbers and truth values that are what they say, not what Python could make of them."""

import re
from typing import Any

from marshmallow import fields, validate

# What need not fit into 32 bits.
INT64 = {"format": "int64"}
WHOLE = re.compile(r"-?[0-9]{1,20}")


class Flag(fields.Boolean):
    """`true` or `false`; not `1`, not `"yes"`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Number(fields.Float):
    """A JSON number; not a string that looks like one."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, str):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class Score(fields.Float):
    """A measure of nearness, to four places."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return round(value, 4)


class QueryInteger(fields.Integer):
    """A whole number in a query, in plain digits; Python would take `1_0` too."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not WHOLE.fullmatch(str(value)):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class Several(fields.List[Any]):
    """A list of so many; how many they are is looked at before each of them is."""

    def __init__(
        self, inner: fields.Field[Any], *, least: int = 0, most: int = 100, **kwargs: Any
    ) -> None:
        self._length = validate.Length(min=least or None, max=most)
        super().__init__(inner, validate=self._length, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, list):
            self._length(value)
        return super()._deserialize(value, attr, data, **kwargs)
