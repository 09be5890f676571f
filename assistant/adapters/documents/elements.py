"""Looking into the trees of office documents, where much may be absent."""

from xml.etree.ElementTree import Element


def value(element: Element | None, name: str = "val") -> str | None:
    """Return an attribute, of whatever namespace."""
    if element is not None:
        ending = f":{name}"
        for key, found in element.items():
            if key.endswith(ending) or key == name:
                return found
    return None


def child(element: Element | None, path: str) -> Element | None:
    """Return the first element at a path, or None also where there is none to look into."""
    return None if element is None else element.find(path)


def number(text: str | None) -> int | None:
    """Return a whole number that a program wrote, or None if it is none or absurd."""
    try:
        found = int(text or "")
    except ValueError:
        return None
    return found if abs(found) < 2**31 else None


def holding(*elements: Element) -> Element:
    """Return an element with only these in it."""
    holder = Element("body")
    holder.extend(elements)
    return holder
