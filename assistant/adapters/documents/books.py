"""What an EPUB says of itself: its title and authors, the order of its parts, their names."""

import posixpath
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from assistant.adapters.documents.markdown import one_line
from assistant.adapters.documents.parts import Parts, resolve
from assistant.errors import PermanentError

CONTAINER = "META-INF/container.xml"
ENCRYPTION = "META-INF/encryption.xml"
DOCUMENTS = frozenset(["application/xhtml+xml", "text/html", "text/x-oeb1-document"])
# Some programs name another type.
ENDINGS = (".xhtml", ".html", ".htm")
# Fonts are made unusable elsewhere by these, and nothing else is.
FONTS_ONLY = frozenset(["http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"])


@dataclass
class Book:
    """A book's parts in the order of reading, and by their names what its contents call them."""

    title: str = ""
    authors: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)


def read(parts: Parts) -> Book:
    """Return what the package says; raises `PermanentError` if the book is protected."""
    container = parts.tree(CONTAINER)
    found = None if container is None else container.find("rootfiles/rootfile")
    package = "" if found is None else resolve("", found.get("full-path", ""))
    root = parts.tree(package)
    if root is None:
        raise parts.broken("it does not say what its parts are")
    folder = posixpath.dirname(package)
    manifest = {item.get("id", ""): item for item in root.iterfind("manifest/item")}
    files = {name: resolve(folder, item.get("href", "")) for name, item in manifest.items()}
    contents = _contents(root, manifest, files, folder)
    spine = dict.fromkeys(one.get("idref", "") for one in root.iterfind("spine/itemref"))
    documents = {name for name, item in manifest.items() if _is_document(item)}
    names = [files[name] for name in spine if name in documents]
    _refuse_protected(parts, names)
    return Book(
        title=one_line(root.findtext("metadata/title") or ""),
        authors=[one_line(one.text or "") for one in root.iterfind("metadata/creator")],
        names=[name for name in names if name not in contents],
        labels=_labels(parts, contents),
    )


def _is_document(item: Element) -> bool:
    return item.get("media-type") in DOCUMENTS or item.get("href", "").endswith(ENDINGS)


def _contents(
    root: Element, manifest: dict[str, Element], files: dict[str, str], folder: str
) -> list[str]:
    """Return the parts that only list the others, the newest kind first."""
    navigation = [
        files[name]
        for name, item in manifest.items()
        if "nav" in item.get("properties", "").split()
    ]
    old = [
        files[name]
        for name, item in manifest.items()
        if item.get("media-type") == "application/x-dtbncx+xml"
    ]
    guide = [
        resolve(folder, one.get("href", ""))
        for one in root.iterfind("guide/reference")
        if one.get("type") == "toc" and "#" not in one.get("href", "")
    ]
    return navigation + old + guide


def _labels(parts: Parts, contents: list[str]) -> dict[str, str]:
    for name in contents:
        try:
            root = parts.tree(name)
        except PermanentError:  # a book can be read without its contents
            continue
        links = [] if root is None else list(_links(root, posixpath.dirname(name)))
        # A part with several entries has chapters of its own, whose headings are within it.
        counts = Counter(target for target, _, _ in links)
        labels: dict[str, str] = {}
        for target, within, label in links:
            if label and (not within or counts[target] == 1):
                labels.setdefault(target, label)
        if labels:
            return labels
    return {}


def _links(root: Element, folder: str) -> Iterator[tuple[str, bool, str]]:
    """Yield each entry's part, whether it is a place within it, and its label."""
    for point in root.iter("navPoint"):
        content = point.find("content")
        link = "" if content is None else content.get("src", "")
        yield resolve(folder, link), "#" in link, one_line(point.findtext("navLabel/text") or "")
    for navigation in root.iter("nav"):
        if "toc" in navigation.get("ops:type", "toc").split():
            for anchor in navigation.iter("a"):
                link = anchor.get("href", "")
                label = one_line("".join(anchor.itertext()))
                yield resolve(folder, link), "#" in link, label


def _refuse_protected(parts: Parts, names: list[str]) -> None:
    root = parts.tree(ENCRYPTION)
    for one in () if root is None else root.iter("EncryptedData"):
        method, cipher = one.find("EncryptionMethod"), one.find("CipherData/CipherReference")
        target = "" if cipher is None else resolve("", cipher.get("URI", ""))
        if (method is None or method.get("Algorithm") not in FONTS_ONLY) and target in names:
            raise PermanentError(
                "The book is protected against copying (DRM), so that it cannot be read; "
                "upload a copy without this protection.",
                code="encrypted_file",
            )
