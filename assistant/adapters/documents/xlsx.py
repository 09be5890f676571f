"""Reading the visible sheets of Excel workbooks."""

from collections.abc import Iterator

from assistant.adapters.documents import markdown, trees
from assistant.adapters.documents.normalisation import normalise
from assistant.adapters.documents.parts import Parts
from assistant.adapters.documents.presentations import drawing_text
from assistant.adapters.documents.spreadsheets import grids, sheets, strings
from assistant.adapters.documents.spreadsheets.format_codes import BUILT_IN, GENERAL
from assistant.adapters.documents.spreadsheets.sheets import TooMuchText, Workbook
from assistant.errors import PermanentError

BINARY = ".bin"


def extract(data: bytes) -> tuple[str, list[int]]:
    """Return each visible sheet's name and tables as they are shown; the format has no pages."""
    parts = Parts(data, "workbook", "Excel")
    main = parts.related("", "officeDocument")
    if main is None or main not in parts:
        raise parts.broken("it has no workbook part")
    if main.endswith(BINARY):
        raise PermanentError(
            "The workbook is in Excel's binary format; save it as .xlsx and upload that.",
            code="broken_file",
        )
    try:
        return normalise("\n\n".join(_blocks(parts, main))), []
    except TooMuchText as error:
        raise parts.too_large() from error
    except trees.NotXml as error:
        raise parts.broken("a sheet of it is not valid XML") from error


def _blocks(parts: Parts, main: str) -> Iterator[str]:
    root = parts.tree(main)
    if root is None:
        return
    relations = parts.relations(main)
    kinds = {one.kind: one.target for one in relations.values()}
    texts = kinds.get("sharedStrings", "")
    properties = root.find("workbookPr")
    book = Workbook(
        strings=strings.read(parts.blocks(texts)) if texts in parts else (),
        formats=_formats(parts, kinds.get("styles", "")),
        since_1904=properties is not None and properties.get("date1904") in ("1", "true"),
    )
    for sheet in root.iterfind("sheets/sheet"):
        relation = relations.get(sheet.get("relationships:id", ""))
        if relation is None or relation.kind != "worksheet" or relation.target not in parts:
            continue
        if sheet.get("state", "visible") != "visible":
            continue
        blocks = list(grids.blocks(sheets.read(parts.blocks(relation.target), book), book))
        blocks += _text_boxes(parts, relation.target)
        if blocks:
            yield markdown.heading(1, strings.unescaped(sheet.get("name", "")))
            yield from blocks


def _text_boxes(parts: Parts, sheet: str) -> Iterator[str]:
    """Yield what is written on a sheet outside of its cells."""
    drawing = parts.related(sheet, "drawing")
    root = parts.tree(drawing) if drawing else None
    for body in () if root is None else root.iter("txBody"):
        yield from drawing_text.blocks(body)


def _formats(parts: Parts, name: str) -> list[str]:
    """Return the code of the number format of each style."""
    root = parts.tree(name)
    if root is None:
        return []
    own = {
        one.get("numFmtId"): one.get("formatCode", GENERAL)
        for one in root.iterfind("numFmts/numFmt")
    }
    styles = (style.get("numFmtId", "0") for style in root.iterfind("cellXfs/xf"))
    known = {str(number): code for number, code in BUILT_IN.items()} | own
    return [known.get(number, GENERAL) for number in styles]
