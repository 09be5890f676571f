"""Parse forms, with file names in old encodings, and refuse those that cannot be read."""

from typing import IO

from flask import Request
from werkzeug import formparser
from werkzeug.datastructures import FileStorage, Headers, MultiDict
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.sansio.multipart import Event, MultipartDecoder

from assistant.extensions import adapters

Form = tuple[IO[bytes], MultiDict[str, str], MultiDict[str, FileStorage]]


class LenientDecoder(MultipartDecoder):
    """Reads the heads of parts as UTF-8, or as Latin-1, which older clients send."""

    def _parse_headers(self, data: bytes | bytearray) -> Headers:
        try:
            return super()._parse_headers(data)
        except UnicodeDecodeError:
            return super()._parse_headers(bytes(data).decode("latin-1").encode())

    def next_event(self) -> Event:
        """Return what comes next; raises `RequestEntityTooLarge` for too many parts."""
        try:
            return super().next_event()
        except RequestEntityTooLarge:
            raise RequestEntityTooLarge(
                f"A form has at most {self.max_parts} parts. Send one file in each request."
            ) from None


# Werkzeug has no setting for it, and drops the whole form because of one such byte.
formparser.MultipartDecoder = LenientDecoder  # type: ignore[attr-defined]


class StrictFormParser(FormDataParser):
    """Refuses a form that cannot be read, where werkzeug's own takes it for an empty one."""

    def parse(
        self,
        stream: IO[bytes],
        mimetype: str,
        content_length: int | None,
        options: dict[str, str] | None = None,
    ) -> Form:
        """Return the rest of the stream, the fields and the files."""
        self.silent = False
        try:
            return super().parse(stream, mimetype, content_length, options)
        except ValueError:
            what = "is not UTF-8"
            if mimetype == "multipart/form-data":
                what = "does not fit the boundary that its Content-Type names, or ends too soon"
            raise BadRequest(
                f"The form {what}. Let your HTTP client write the form and its Content-Type."
            ) from None


class FormRequest(Request):
    """A request whose forms are read so, and whose files lie where uploads do until they are."""

    form_data_parser_class = StrictFormParser

    def _get_file_stream(self, *_: object, **__: object) -> IO[bytes]:
        return adapters.files.spool()
