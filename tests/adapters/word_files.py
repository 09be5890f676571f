"""Small Word and OpenDocument files, made for the tests of reading them."""

import io
import zipfile
from collections.abc import Mapping

from tests.adapters.files import NAMESPACE, docx

TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"
OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
PREFIXES = {
    "office": "office",
    "text": "text",
    "table": "table",
    "draw": "drawing",
    "style": "style",
    "presentation": "presentation",
    "fo": "xsl-fo-compatible",
}


def word(body: str, **parts: str) -> bytes:
    """Return a Word document with this body, and parts such as `footnotes` by their kinds.

    A digit at the end of a kind tells two parts of it apart: `header1`, `header2`.
    """
    extra: dict[str, bytes] = {}
    relations = ""
    for name, xml in parts.items():
        kind, root = name.rstrip("0123456789"), ROOTS.get(name.rstrip("0123456789"))
        extra[f"word/{name}.xml"] = f'<w:{root} xmlns:w="{NAMESPACE}">{xml}</w:{root}>'.encode()
        relations += f'<Relationship Id="{name}" Type="{TYPES}{kind}" Target="{name}.xml"/>'
    extra["word/_rels/document.xml.rels"] = (
        f'<Relationships xmlns="{RELATIONSHIPS}">{relations}</Relationships>'.encode()
    )
    return docx(body, extra=extra)


ROOTS = {
    "styles": "styles",
    "numbering": "numbering",
    "footnotes": "footnotes",
    "endnotes": "endnotes",
    "settings": "settings",
    "header": "hdr",
    "footer": "ftr",
}


def odf(
    kind: str,
    body: str,
    automatic: str = "",
    styles: str = "",
    extra: Mapping[str, str | bytes] | None = None,
) -> bytes:
    """Return an OpenDocument file of this kind with this XML as its body."""
    names = " ".join(f'xmlns:{short}="{OASIS}{name}:1.0"' for short, name in PREFIXES.items())
    names += ' xmlns:xlink="http://www.w3.org/1999/xlink"'
    content = (
        f"<office:document-content {names}>"
        f"<office:automatic-styles>{automatic}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body>"
        "</office:document-content>"
    )
    named = f"<office:document-styles {names}>{styles}</office:document-styles>"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}")
        for name, part in {"content.xml": content, "styles.xml": named, **(extra or {})}.items():
            archive.writestr(name, part)
    return buffer.getvalue()
