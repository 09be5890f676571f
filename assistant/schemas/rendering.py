"""Turning things into what JSON can hold, as the schema that documents them says.

Marshmallow's own `dump` takes three times as long for a job, and every request for one renders it.
What is read or written rarely may use either: both follow the schema.
"""

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from functools import partial
from typing import Any

from marshmallow import Schema, fields, missing

Convert = Callable[[Any], Any]
Render = Callable[[Any], dict[str, Any]]

# Already what JSON has.
PLAIN = (fields.String, fields.Integer, fields.Float, fields.Boolean, fields.Dict)


def stamp(moment: datetime | None) -> str | None:
    """Write a moment as ISO 8601 in UTC."""
    return moment.astimezone(UTC).isoformat() if moment else None


def renderer(schema: Schema, leave_out: Collection[str] = ()) -> Render:
    """Return a function that renders an object, or a dict of the same shape, by its schema.

    What the object lacks is its field's `dump_default`, else null; so is what is to be left out,
    which the caller has from elsewhere.
    """
    named = [
        (
            key,
            None if key in leave_out else field.attribute or key,
            _converter(field),
            _without(field),
        )
        for key, field in schema.dump_fields.items()
    ]

    def render(thing: Any) -> dict[str, Any]:
        read: Callable[[str, None], Any] = (
            thing.get if isinstance(thing, dict) else partial(getattr, thing)
        )
        rendered: dict[str, Any] = {}
        for key, name, convert, without in named:
            value = None if name is None else read(name, None)
            rendered[key] = without if value is None else convert(value)
        return rendered

    return render


def _converter(field: fields.Field[Any]) -> Convert:
    if isinstance(field, fields.Nested):
        return renderer(field.schema)
    if isinstance(field, fields.List):
        each = _converter(field.inner)
        return lambda values: [each(value) for value in values]
    if isinstance(field, fields.UUID):
        return str
    if isinstance(field, fields.DateTime):
        return lambda moment: moment if isinstance(moment, str) else stamp(moment)
    if type(field)._serialize is not _plain_way(field):
        return lambda value: field._serialize(value, None, None)
    return _as_it_is


def _without(field: fields.Field[Any]) -> Any:
    return None if field.dump_default is missing else field.dump_default


def _plain_way(field: fields.Field[Any]) -> Any:
    return next((kind._serialize for kind in PLAIN if isinstance(field, kind)), None)


def _as_it_is(value: Any) -> Any:
    return value
