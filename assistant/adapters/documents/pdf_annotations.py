"""What was typed into a PDF's form, and what annotations show on its pages."""

import ctypes
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import pypdfium2
from pypdfium2 import raw

from assistant.adapters.documents.normalisation import normalise
from assistant.adapters.documents.pdf_words import Box, Word, turned

HIDDEN = raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW
PASSWORD = 1 << 13
MAX_ANNOTATIONS = 5000
# What is drawn on the page, as a stamp, is read there; links, windows and sounds say nothing.
DRAWN = {raw.FPDF_ANNOT_STAMP, raw.FPDF_ANNOT_WATERMARK}
SILENT = {raw.FPDF_ANNOT_LINK, raw.FPDF_ANNOT_POPUP, raw.FPDF_ANNOT_REDACT}
TICKED = {raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON}
CHOSEN = {raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX}
PLACED = {raw.FPDF_ANNOT_WIDGET, raw.FPDF_ANNOT_FREETEXT}
TICK, NO_TICK = "[x]", "[ ]"
SIZE = 10.0


class Annotations(NamedTuple):
    """Texts that stand at their place on the page, and notes that stand beside it."""

    fields: list[tuple[Box, str]]
    notes: list[tuple[Box, str]]
    # Stamps and signatures became part of the page, which must be loaded anew to be read.
    drawn: bool


def read_annotations(page: pypdfium2.PdfPage, form: Any) -> Annotations:
    """Return what a page's form fields and annotations hold.

    `form` is pdfium's environment for forms, if the file has one.
    """
    fields: list[tuple[Box, str]] = []
    notes: list[tuple[Box, str]] = []
    drawn = []
    count = min(raw.FPDFPage_GetAnnotCount(page), MAX_ANNOTATIONS)
    for index in range(count):
        annotation = raw.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        if _is_drawn(annotation, form):
            drawn.append(index)
        elif text := _shown(annotation, form).strip():
            if raw.FPDFAnnot_GetSubtype(annotation) in PLACED:
                fields.append((_box(annotation), text))
            else:
                notes.append((_box(annotation), text))
        raw.FPDFPage_CloseAnnot(annotation)
    if drawn:
        _draw(page, set(drawn))
    return Annotations(fields, notes, bool(drawn))


def _is_drawn(annotation: Any, form: Any) -> bool:
    """Return whether the text of an annotation is in what it draws on the page."""
    kind = raw.FPDFAnnot_GetSubtype(annotation)
    if raw.FPDFAnnot_GetFlags(annotation) & HIDDEN:
        return False
    if kind == raw.FPDF_ANNOT_WIDGET:
        field = raw.FPDFAnnot_GetFormFieldType(form, annotation) if form else None
        return bool(field == raw.FPDF_FORMFIELD_SIGNATURE)
    if kind == raw.FPDF_ANNOT_FREETEXT:
        return not _entry(annotation, b"Contents").strip()
    return kind in DRAWN


def _shown(annotation: Any, form: Any) -> str:
    kind = raw.FPDFAnnot_GetSubtype(annotation)
    if raw.FPDFAnnot_GetFlags(annotation) & HIDDEN or kind in SILENT:
        return ""
    if kind == raw.FPDF_ANNOT_WIDGET:
        return _value(annotation, form) if form else ""
    return _entry(annotation, b"Contents")


def _value(annotation: Any, form: Any) -> str:
    """Return what a field shows."""
    kind = raw.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind in TICKED:
        ticked = raw.FPDFAnnot_IsChecked(form, annotation)
        return TICK if ticked else NO_TICK
    if kind in CHOSEN:
        options = raw.FPDFAnnot_GetOptionCount(form, annotation)
        labels = [
            _string(raw.FPDFAnnot_GetOptionLabel, form, annotation, i)
            for i in range(min(options, MAX_ANNOTATIONS))
            if raw.FPDFAnnot_IsOptionSelected(form, annotation, i)
        ]
        if labels:
            return ", ".join(labels)
    elif kind != raw.FPDF_FORMFIELD_TEXTFIELD or _is_secret(annotation, form):
        return ""
    return _string(raw.FPDFAnnot_GetFormFieldValue, form, annotation)


def _is_secret(annotation: Any, form: Any) -> bool:
    return bool(raw.FPDFAnnot_GetFormFieldFlags(form, annotation) & PASSWORD)


def _box(annotation: Any) -> Box:
    rectangle = raw.FS_RECTF()
    raw.FPDFAnnot_GetRect(annotation, ctypes.byref(rectangle))
    low, high = sorted((rectangle.bottom, rectangle.top))
    return Box(rectangle.left, low, rectangle.right, high)


def placed(fields: Iterable[tuple[Box, str]], angle: int) -> Iterator[Word]:
    """Yield the words of each text, spread over the lines of its box, in the page's frame."""
    for box, text in fields:
        box = turned(box, angle)
        lines = [line for line in normalise(text).split("\n") if line.strip()]
        # A line of its own is no higher than type is, and in the middle of its box.
        height = (box.bottom - box.top) / max(len(lines), 1)
        size = min(SIZE, height)
        # What has no height is a field that nobody is to see.
        for i, line in enumerate(lines if size > 0 else ()):
            within = box._replace(top=box.top + i * height, bottom=box.top + (i + 1) * height)
            top = within.top + (height - size) / 2
            step = min((box.x1 - box.x0) / len(line), 0.5 * size)
            left = box.x0
            for word in [line] if line == NO_TICK else line.split():
                right = left + step * len(word)
                place = (left, top, right, top + size)
                yield Word(word, *place, size, angle, typed=True, field=within)
                left = right + step


def _draw(page: pypdfium2.PdfPage, kept: set[int]) -> None:
    """Make annotations part of the page; the others are read already, and go."""
    for index in reversed(range(raw.FPDFPage_GetAnnotCount(page))):
        if index not in kept:
            raw.FPDFPage_RemoveAnnot(page, index)
    raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY)


def _entry(annotation: Any, key: bytes) -> str:
    return _string(raw.FPDFAnnot_GetStringValue, annotation, key)


def _string(function: Callable[..., int], *arguments: Any) -> str:
    """Return a text of pdfium, whose functions are asked for its length first."""
    length = function(*arguments, None, 0)
    if length <= 2:
        return ""
    buffer = (ctypes.c_ushort * (length // 2))()
    function(*arguments, buffer, length)
    return bytes(buffer).decode("utf-16-le", "replace").rstrip("\0")
