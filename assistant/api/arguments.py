"""Parse the arguments of requests, and refuse what is unknown, encoded or of the wrong type."""

import codecs
import json
from collections.abc import Callable
from functools import cache, wraps
from typing import Any, ClassVar, cast

from flask import Request
from flask_smorest import Blueprint
from flask_smorest.utils import get_appcontext
from marshmallow import Schema, ValidationError
from webargs.core import missing
from webargs.flaskparser import FlaskParser
from webargs.multidictproxy import MultiDictProxy
from werkzeug.datastructures import CombinedMultiDict, MultiDict
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from assistant.adapters.offloading import give_way
from assistant.schemas.versions import settable, tag_of

# Without a body these say nothing; of others, an empty one may say that all is as usual.
CHANGING = ("PATCH", "PUT")
LARGE = 64 * 1024


class Encoded(UnsupportedMediaType):
    """The body is compressed, or otherwise encoded; its answer says which codings are taken."""

    def get_headers(self, *args: Any, **kwargs: Any) -> list[tuple[str, str]]:
        """Return the headers of the answer (RFC 9110, section 15.5.16)."""
        return [*super().get_headers(*args, **kwargs), ("Accept-Encoding", "identity")]


@cache
def _made(schema: type[Schema]) -> Schema:
    return schema()


class StrictParser(FlaskParser):
    """Reads JSON, queries and forms, and files and form fields as one set of arguments."""

    # What a schema does not know is an error, in a query too, unless the schema says otherwise.
    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {}  # noqa: RUF012  # as webargs declares it
    __location_map__: dict[str, Any] = {  # noqa: RUF012  # as webargs declares it
        **FlaskParser.__location_map__,
        "multipart": "load_multipart",
    }

    def _get_schema(self, argmap: Any, req: Request) -> Schema:
        """Return the schema, made once: that takes longer than reading with it."""
        if isinstance(argmap, type):
            return _made(argmap)
        schema: Schema = super()._get_schema(argmap, req)
        return schema

    def _raw_load_json(self, req: Request) -> Any:
        if not _has_body(req):
            if req.method in CHANGING:
                raise ValidationError({"_schema": ["Send what to change, as a JSON object."]})
            return missing
        return read_json(req)

    def load_form(self, req: Request, schema: Schema) -> MultiDictProxy:
        """Return what a form holds."""
        _has_body(req)
        form: MultiDictProxy = super().load_form(req, schema)
        return form

    def load_multipart(self, req: Request, schema: Schema) -> MultiDictProxy:
        """Return what a multipart body holds; a form sends a field left empty as empty text."""
        if _has_body(req) and req.mimetype != "multipart/form-data":
            raise UnsupportedMediaType("Send the file in a form, as `multipart/form-data`.")
        parts: CombinedMultiDict[str, Any] = CombinedMultiDict([req.files, req.form])
        repeated = {name: ["Send one only."] for name, values in parts.lists() if len(values) > 1}
        if repeated:
            raise ValidationError(repeated)
        given = MultiDict((name, part) for name, part in parts.items() if part != "")
        return MultiDictProxy(given, schema)


def read_json(req: Request) -> Any:
    """Return the JSON that was sent, None if nothing was.

    Raises `json.JSONDecodeError`, and `BadRequest` or `UnsupportedMediaType` for other failings.
    """
    if not _has_body(req):
        return None
    if not req.is_json:
        raise UnsupportedMediaType("Send JSON, with `Content-Type: application/json`.")
    data = req.get_data(cache=True)
    if len(data) > LARGE:
        # While it is read, nobody else goes on.
        give_way()
    try:
        # Some programs begin with a byte-order mark, which RFC 8259 lets a reader ignore.
        return json.loads(data.removeprefix(codecs.BOM_UTF8).decode())
    except UnicodeDecodeError:
        raise BadRequest("The JSON is not in UTF-8, which it has to be.") from None
    except json.JSONDecodeError:
        raise
    except (ValueError, RecursionError):
        # Python's own limits on what one number, or one nesting, may cost.
        raise BadRequest("The JSON is nested too deeply, or a number in it too long.") from None


def _has_body(req: Request) -> bool:
    """Return whether a body was sent; raise `Encoded` for one that is not sent as it is."""
    if not (req.content_length or "Transfer-Encoding" in req.headers):
        return False
    coding = req.headers.get("Content-Encoding", "identity").strip()
    if coding.lower() not in ("", "identity"):
        raise Encoded(
            f"The body is encoded as {coding[:100]}. Send it as it is, without `Content-Encoding`."
        )
    return True


parser = StrictParser()


class StrictBlueprint(Blueprint):
    """A resource whose arguments are read strictly, also from the location `multipart`."""

    ARGUMENTS_PARSER = parser
    DEFAULT_LOCATION_CONTENT_TYPE_MAPPING: ClassVar[dict[str, str]] = {
        **Blueprint.DEFAULT_LOCATION_CONTENT_TYPE_MAPPING,
        "multipart": "multipart/form-data",
    }

    def response(self, status_code: int, schema: Any = None, **told: Any) -> Callable[..., Any]:
        """Register an answer; a thing of which requests can change something has an `ETag`."""
        answering = super().response(status_code, schema, **told)
        if not (isinstance(schema, type) and settable(schema)):
            return cast(Callable[..., Any], answering)

        def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
            answer = answering(view)

            @wraps(answer)
            def tagged(*args: Any, **kwargs: Any) -> Any:
                response = answer(*args, **kwargs)
                if response.status_code == status_code:
                    response.set_etag(tag_of(schema, get_appcontext()["result_dump"]))
                return response

            return tagged

        return decorate

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
