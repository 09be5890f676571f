"""Reading XML that strangers wrote: without entities, and by local names."""

from collections.abc import Callable, Iterable
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat


class NotXml(ValueError):
    """The bytes are no XML, or such as defines entities, which could grow without end."""


def parse(data: bytes) -> Element:
    """Return the tree of a document.

    Names are without their namespaces, which differ between variants of one format; an attribute
    that has one keeps its last word, such as `relationships:id`.
    """
    builder = TreeBuilder()

    def start(name: str, attributes: dict[str, str]) -> None:
        builder.start(_local(name), {_named(key): value for key, value in attributes.items()})

    feed([data], start, lambda name: builder.end(_local(name)), builder.data, namespaces=True)
    root: Element = builder.close()
    return root


def feed(
    blocks: Iterable[bytes],
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], Any],
    text: Callable[[str], Any],
    *,
    namespaces: bool = False,
) -> None:
    """Call these for what stands in a document, block by block; raises `NotXml`."""
    parser = expat.ParserCreate(namespace_separator=" " if namespaces else None)
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.EntityDeclHandler = _refuse
    # Entities of a definition that is elsewhere are left out instead of ending the parse.
    parser.UseForeignDTD(True)
    try:
        for block in blocks:
            parser.Parse(block, False)
        parser.Parse(b"", True)
    except (expat.ExpatError, LookupError, UnicodeError) as error:
        raise NotXml(str(error)) from error


def _refuse(*_: object) -> None:
    raise NotXml("it defines entities")


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def _named(name: str) -> str:
    namespace, _, local = name.rpartition(" ")
    return f"{namespace.rstrip('/').rpartition('/')[2]}:{local}" if namespace else local
