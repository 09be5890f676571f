"""Books read chapter by chapter."""

import pytest

from assistant.adapters.documents import chapters, epub
from assistant.errors import PermanentError
from tests.adapters.office_files import book

TITLE = "<dc:title>The Quay</dc:title><dc:creator>Ada Reed</dc:creator>"
NAVIGATION = '<item id="nav" properties="nav" href="nav.xhtml" media-type="application/xhtml+xml"/>'


def page(body: str, title: str = "") -> str:
    """Return a page of a book."""
    head = f"<head><title>{title}</title></head>"
    return f'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">{head}<body>{body}</body></html>'


def contents(*entries: tuple[str, str]) -> str:
    """Return a navigation document."""
    links = "".join(f'<li><a href="{target}">{label}</a></li>' for target, label in entries)
    return (
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">'
        f'<body><nav epub:type="toc"><ol>{links}</ol></nav></body></html>'
    )


def text(*args: object, **options: object) -> str:
    """Return what is read of a book."""
    read, pages = epub.extract(book(*args, **options))  # type: ignore[arg-type]
    assert pages == []
    return read


def test_the_spine_gives_the_order_and_the_contents_the_names() -> None:
    pages = {
        "two.xhtml": page("<p>Second words.</p>", "The Quay"),
        "nav.xhtml": contents(("one.xhtml", "Origins"), ("two.xhtml", "Growth")),
        "one%20.xhtml": page("<p>unused</p>"),
        "one.xhtml": page("<p>First words.</p>", "The Quay"),
    }
    spine = ["nav.xhtml", "one.xhtml", "two.xhtml"]
    assert text(pages, metadata=TITLE, items=NAVIGATION, spine=spine) == (
        "# The Quay\n\nBy Ada Reed\n\n# Origins\n\nFirst words.\n\n# Growth\n\nSecond words."
    )


def test_a_name_that_a_chapter_has_is_not_doubled() -> None:
    pages = {"one.xhtml": page("<p>Chapter 1. Origins</p><p>Words.</p>")}
    navigation = {"OPS/nav.xhtml": contents(("one.xhtml#top", "1. Origins"))}
    read = text(pages, items=NAVIGATION, parts=navigation)
    assert read == "# Chapter 1. Origins\n\nWords."


def test_sections_are_below_the_name_of_their_chapter() -> None:
    text = "# Chapter 1. Origins\n\nWords.\n\n# 1.1. Start\n\n## 1.1.1. First\n\n```\n# code\n```"
    assert chapters.named(text, "1. Origins") == (
        "# Chapter 1. Origins\n\nWords.\n\n## 1.1. Start\n\n### 1.1.1. First\n\n```\n# code\n```"
    )
    assert chapters.named("## Origins\n\n## Start", "Origins") == "## Origins\n\n### Start"
    assert chapters.named("Words.\n\n## Start", "Origins") == "# Origins\n\nWords.\n\n## Start"
    assert chapters.named("# Part\n\n# Two", "Origins") == "# Part\n\n# Two"


def test_contents_of_the_old_kind() -> None:
    ncx = (
        '<!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" "ncx.dtd">'
        '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint><navLabel>'
        "<text>Origins&nbsp;</text></navLabel>"
        '<content src="Text/one.xhtml"/></navPoint></navMap></ncx>'
    )
    item = '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
    pages = {"Text/one.xhtml": page("<p>Words.</p>")}
    assert text(pages, items=item, parts={"OPS/toc.ncx": ncx}) == "# Origins\n\nWords."


def test_sections_within_a_chapter_do_not_name_it() -> None:
    pages = {"one.xhtml": page("<p>Words.</p>")}
    navigation = {"OPS/nav.xhtml": contents(("one.xhtml#a", "A"), ("one.xhtml#b", "B"))}
    assert text(pages, items=NAVIGATION, parts=navigation) == "Words."


def test_empty_elements_end_where_they_begin() -> None:
    chapter = (
        '<html xmlns="http://www.w3.org/1999/xhtml"><head><title/><script src="x.js"/></head>'
        '<body><a id="p1"/><h2 class="x"/><p>All <b/>of <br/>this.</p></body></html>'
    )
    assert text({"one.xhtml": chapter}) == "All of\nthis."


def test_the_encoding_that_xml_declares() -> None:
    chapter = '<?xml version="1.0" encoding="windows-1251"?><html><body><p>Маяк</p></body></html>'
    assert text({"one.xhtml": chapter.encode("cp1251")}) == "Маяк"


def protection(algorithm: str, target: str) -> dict[str, str]:
    """Return what says that a part is encrypted."""
    return {
        "META-INF/encryption.xml": '<encryption xmlns:e="http://www.w3.org/2001/04/xmlenc#">'
        f'<e:EncryptedData><e:EncryptionMethod Algorithm="{algorithm}"/><e:CipherData>'
        f'<e:CipherReference URI="{target}"/></e:CipherData></e:EncryptedData></encryption>'
    }


def test_protected_books_are_told_and_protected_fonts_do_not_matter() -> None:
    pages = {"one.xhtml": page("<p>Words.</p>")}
    fonts = protection("http://www.idpf.org/2008/embedding", "OPS/font.otf")
    assert text(pages, parts=fonts) == "Words."
    sealed = protection("http://www.w3.org/2001/04/xmlenc#aes128-cbc", "OPS/one.xhtml")
    with pytest.raises(PermanentError, match="DRM") as caught:
        text(pages, parts=sealed)
    assert caught.value.code == "encrypted_file"


def test_a_damaged_chapter_is_told_among_the_others() -> None:
    marked = page("<p>UNIQUE</p>" + "<p>abcdefgh</p>" * 99)
    data = book({"one.xhtml": page("<p>Words.</p>"), "two.xhtml": marked})
    place = data.index(b"OPS/two.xhtml") + 60
    broken = data[:place] + b"\xff" * 9 + data[place + 9 :]
    assert epub.extract(broken)[0] == (
        "Words.\n\n[This part of the book is damaged and could not be read.]"
    )


def test_files_that_are_no_books() -> None:
    good = book({"one.xhtml": page("x")})
    for data in (good[: len(good) // 2], book({}, parts={"META-INF/container.xml": "<x/>"})):
        with pytest.raises(PermanentError) as caught:
            epub.extract(data)
        assert caught.value.code == "broken_file"
        assert caught.value.detail.count(" ") > 5


def test_parts_outside_of_the_book_are_not_there() -> None:
    pages = {"../../../../etc/passwd": page("<p>outside</p>"), "in.html": page("<p>in</p>")}
    assert text(pages) == "in"


def test_chapters_of_a_wrongly_named_type() -> None:
    wrong = book({"one.html": page("<p>Words.</p>")}, kind="application/octet-stream")
    assert epub.extract(wrong)[0] == "Words."
