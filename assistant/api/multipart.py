"""Request bodies of files and fields together, which flask-smorest does not document by itself."""

from typing import Any, ClassVar

from flask import Request
from flask_smorest import Blueprint
from marshmallow import Schema
from webargs.flaskparser import FlaskParser
from webargs.multidictproxy import MultiDictProxy
from werkzeug.datastructures import CombinedMultiDict


class MultipartParser(FlaskParser):
    """Reads files and form fields as one set of arguments."""

    __location_map__: dict[str, Any] = {  # noqa: RUF012  # as webargs declares it
        **FlaskParser.__location_map__,
        "multipart": "load_multipart",
    }

    def load_multipart(self, req: Request, schema: Schema) -> MultiDictProxy:
        """Return what a multipart body holds."""
        return MultiDictProxy(CombinedMultiDict([req.files, req.form]), schema)


class MultipartBlueprint(Blueprint):
    """A blueprint whose arguments may come from the location `multipart`."""

    ARGUMENTS_PARSER = MultipartParser()
    DEFAULT_LOCATION_CONTENT_TYPE_MAPPING: ClassVar[dict[str, str]] = {
        **Blueprint.DEFAULT_LOCATION_CONTENT_TYPE_MAPPING,
        "multipart": "multipart/form-data",
    }
