"""Reading the slides of PowerPoint presentations, with their notes."""

from collections.abc import Iterator

from assistant.adapters.documents.normalisation import normalise
from assistant.adapters.documents.parts import Parts
from assistant.adapters.documents.presentations import drawing_text, placeholders
from assistant.adapters.documents.presentations.placeholders import Templates
from assistant.adapters.documents.presentations.slides import Slide

PAGE_END = "\n\n"
MAX_SLIDES = 2000


def extract(data: bytes) -> tuple[str, list[int]]:
    """Return the slides as pages; a hidden one counts as a page but is not shown."""
    parts = Parts(data, "presentation", "PowerPoint")
    main = parts.related("", "officeDocument")
    root = None if main is None else parts.tree(main)
    if main is None or root is None:
        raise parts.broken("it has no presentation part")
    relations = parts.relations(main)
    names = [
        relation.target
        for one in root.iterfind("sldIdLst/sldId")
        if (relation := relations.get(one.get("relationships:id", ""))) is not None
    ]
    if len(names) > MAX_SLIDES:
        raise parts.too_large()
    templates = Templates(parts)
    text, starts = "", []
    for name in names:
        starts.append(len(text))
        if page := normalise(PAGE_END.join(_blocks(parts, name, templates))).strip():
            text += page + PAGE_END
    text = text.removesuffix(PAGE_END)
    return text, [min(start, len(text)) for start in starts]


def _blocks(parts: Parts, name: str, templates: Templates) -> Iterator[str]:
    root = parts.tree(name)
    if root is None or root.get("show") in ("0", "false"):
        return
    yield from Slide(parts, name, templates.of(name)).blocks(root)
    yield from _notes(parts, name)


def _notes(parts: Parts, name: str) -> Iterator[str]:
    """Yield what the speaker wrote below the slide."""
    notes = parts.related(name, "notesSlide")
    root = parts.tree(notes) if notes else None
    for shape in () if root is None else root.iter("sp"):
        mark, body = placeholders.mark_of(shape), shape.find("txBody")
        if body is not None and mark is not None and placeholders.kind_of(mark) == "body":
            blocks = list(drawing_text.blocks(body))
            if blocks:
                yield "Notes: " + PAGE_END.join(blocks)
