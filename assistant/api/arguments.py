"""How arguments are read, so that nothing that was sent is ignored in silence."""

import json
from collections.abc import Callable
from typing import Any, ClassVar

from flask import Request
from flask_smorest import Blueprint
from marshmallow import Schema, ValidationError
from webargs.flaskparser import FlaskParser
from webargs.multidictproxy import MultiDictProxy
from werkzeug.datastructures import CombinedMultiDict, MultiDict
from werkzeug.exceptions import BadRequest, UnsupportedMediaType


class StrictParser(FlaskParser):
    """Reads JSON, queries and forms, and files and form fields as one set of arguments."""

    # What a schema does not know is an error, in a query too, unless the schema says otherwise.
    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {}  # noqa: RUF012  # as webargs declares it
    __location_map__: dict[str, Any] = {  # noqa: RUF012  # as webargs declares it
        **FlaskParser.__location_map__,
        "multipart": "load_multipart",
    }

    def _raw_load_json(self, req: Request) -> Any:
        if not req.is_json and (req.content_length or "Transfer-Encoding" in req.headers):
            raise UnsupportedMediaType("Send JSON, with `Content-Type: application/json`.")
        try:
            return super()._raw_load_json(req)
        except (json.JSONDecodeError, UnicodeDecodeError):
            raise
        except (ValueError, RecursionError):
            # Python's own limits on what one number, or one nesting, may cost.
            raise BadRequest("The JSON is nested too deeply, or a number in it too long.") from None

    def load_multipart(self, req: Request, schema: Schema) -> MultiDictProxy:
        """Return what a multipart body holds; a form sends a field left empty as empty text."""
        parts: CombinedMultiDict[str, Any] = CombinedMultiDict([req.files, req.form])
        repeated = {name: ["Send one only."] for name, values in parts.lists() if len(values) > 1}
        if repeated:
            raise ValidationError(repeated)
        given = MultiDict((name, part) for name, part in parts.items() if part != "")
        return MultiDictProxy(given, schema)


parser = StrictParser()


class StrictBlueprint(Blueprint):
    """A resource whose arguments are read strictly, also from the location `multipart`."""

    ARGUMENTS_PARSER = parser
    DEFAULT_LOCATION_CONTENT_TYPE_MAPPING: ClassVar[dict[str, str]] = {
        **Blueprint.DEFAULT_LOCATION_CONTENT_TYPE_MAPPING,
        "multipart": "multipart/form-data",
    }

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        provide_automatic_options: bool | None = None,
        **options: Any,
    ) -> None:
        """Register a view; its name is what generated clients call it."""
        if view_func is not None:
            view_func = self.doc(operationId=view_func.__name__)(view_func)
        super().add_url_rule(rule, endpoint, view_func, provide_automatic_options, **options)
