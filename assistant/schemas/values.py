"""Numbers and truth values that are what they say, not what Python could make of them."""

import re
from typing import Any

from marshmallow import fields

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
