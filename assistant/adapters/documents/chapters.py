"""Putting the text of a book's chapter under its name."""

from assistant.adapters.documents import headings, markdown

# Where a chapter's name is looked for, and by how much the text may say more than the contents.
BEGINNING, MORE = 3, 20


def named(text: str, label: str) -> str:
    """Return a chapter's text with its name as the heading above all others in it."""
    lines = text.split("\n")
    first = _name(lines, label)
    if first is None:
        filled = next((line for line in lines if line.strip()), "")
        if headings.level(filled):
            return text
        return f"{markdown.heading(1, label)}\n\n{headings.below(text, 1)}"
    if not headings.level(lines[first]):
        lines[first] = markdown.heading(1, lines[first])
    sections = headings.below("\n".join(lines[first + 1 :]), headings.level(lines[first]))
    return "\n".join([*lines[: first + 1], sections])


def _name(lines: list[str], label: str) -> int | None:
    """Return the line that says the name, such as "Chapter 1. Origins" for "1. Origins"."""
    for i in [i for i, line in enumerate(lines) if line.strip()][:BEGINNING]:
        if label.casefold() in lines[i].casefold() and len(lines[i]) < len(label) + MORE:
            return i
    return None
