"""What authors wrote for those who do not see a picture."""

import re

from assistant.adapters.documents import markdown

# What programs put there themselves.
FILE_NAME = re.compile(r"\S+\.(?:png|jpe?g|gif|bmp|tiff?|emf|wmf|svg|webp)", re.IGNORECASE)
GENERATED = re.compile(r"Description automatically generated.*", re.IGNORECASE | re.DOTALL)


def described(text: str) -> str:
    """Return a line with an author's description, or nothing if it is none."""
    said = markdown.one_line(GENERATED.sub("", text))
    return f"Picture: {said}" if said and not FILE_NAME.fullmatch(said) else ""
