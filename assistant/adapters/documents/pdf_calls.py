"""Functions of pdfium that are called very often, for each character or line of a page."""

import ctypes
from collections.abc import Callable
from typing import Any

from pypdfium2 import raw


def _unchecked(function: Any) -> Callable[..., Any]:
    """Return a function of pdfium that takes its arguments as they are.

    To check their types takes longer than most of these functions do, and no other thread could
    make use of so short a time. Nothing is converted: objects have to come as pointers, places of
    results as `byref`, and numbers that are no `int` of C as what they are.
    """
    address = ctypes.cast(function, ctypes.c_void_p).value
    return ctypes.PYFUNCTYPE(function.restype)(address or 0)


character = _unchecked(raw.FPDFText_GetUnicode)
loose_box = _unchecked(raw.FPDFText_GetLooseCharBox)
matrix = _unchecked(raw.FPDFText_GetMatrix)
font_size = _unchecked(raw.FPDFText_GetFontSize)
font_name = _unchecked(raw.FPDFText_GetFontInfo)
has_no_meaning = _unchecked(raw.FPDFText_HasUnicodeMapError)

page_object = _unchecked(raw.FPDFPage_GetObject)
kind_of_object = _unchecked(raw.FPDFPageObj_GetType)
matrix_of_object = _unchecked(raw.FPDFPageObj_GetMatrix)
count_segments = _unchecked(raw.FPDFPath_CountSegments)
segment = _unchecked(raw.FPDFPath_GetPathSegment)
point_of_segment = _unchecked(raw.FPDFPathSegment_GetPoint)
kind_of_segment = _unchecked(raw.FPDFPathSegment_GetType)
closes_path = _unchecked(raw.FPDFPathSegment_GetClose)
