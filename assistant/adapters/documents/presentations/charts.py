"""The values of charts in Office drawings, as tables."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from assistant.adapters.documents import markdown
from assistant.adapters.documents.presentations import drawing_text
from assistant.adapters.documents.spreadsheets.format_codes import GENERAL
from assistant.adapters.documents.spreadsheets.number_formats import show

Points = dict[str, str]


def blocks(root: Element) -> Iterator[str]:
    """Yield a chart's title and a table of each group of series with the same categories."""
    title = root.find("chart/title/tx/rich")
    said = "" if title is None else drawing_text.text(title)
    yield markdown.one_line(f"Chart: {said}") if said else ""
    groups: dict[tuple[tuple[str, str], ...], list[tuple[str, Points]]] = {}
    for series in root.iter("ser"):
        categories = _points(series.find("cat")) or _points(series.find("xVal"))
        values = _points(series.find("val")) or _points(series.find("yVal"))
        name = " ".join(_points(series.find("tx")).values())
        groups.setdefault(tuple(categories.items()), []).append((name, values))
    for places, several in groups.items():
        yield _table(dict(places), several)


def _table(categories: Points, several: list[tuple[str, Points]]) -> str:
    places = dict.fromkeys([*categories, *(place for _, values in several for place in values)])
    rows = [["", *(name for name, _ in several)]]
    for place in places:
        row = [categories.get(place, ""), *(values.get(place, "") for _, values in several)]
        rows.append(row)
    return markdown.table(rows) if len(rows) > 1 else ""


def _points(source: Element | None) -> Points:
    """Return by their places the texts or numbers that the chart was last drawn with."""
    points: Points = {}
    if source is None:
        return points
    for cache in source.iter():
        code = cache.findtext("formatCode") or GENERAL
        for point in cache.iterfind("pt"):
            place, value = point.get("idx", ""), point.findtext("v") or ""
            shown = _shown(value, code) if cache.tag in ("numCache", "numLit") else value
            # Levels of one category come from the innermost to the outermost.
            points[place] = f"{shown} {points[place]}" if place in points else shown
    return points if points or source.find("v") is None else {"0": source.findtext("v") or ""}


def _shown(value: str, code: str) -> str:
    try:
        return show(float(value), code)
    except (ValueError, ArithmeticError):
        return value
