"""Reading the text of HTML pages, block by block."""

import codecs
import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from assistant.adapters.documents.html_frame import frame
from assistant.adapters.documents.html_hidden import hidden
from assistant.adapters.documents.html_writing import write
from assistant.adapters.documents.normalisation import normalise
from assistant.adapters.documents.plain import decode

DECLARED = re.compile(
    rb"(?:<meta[^>]+charset|<\?xml[^>]+encoding)\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.IGNORECASE
)
# Browsers read these labels as their supersets (https://encoding.spec.whatwg.org/#names-and-labels).
SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    # A page that could be searched for its declaration is not in UTF-16, whatever it declares.
    "utf-16": "utf-8",
    "utf-16-le": "utf-8",
    "utf-16-be": "utf-8",
}
TEX = 'script[type^="math/tex"]'
# What formulas in scripts were drawn as when the page was saved.
DRAWN = ".MathJax, .MathJax_Display, .MathJax_Preview, .MathJax_SVG, .MathJax_CHTML"
NEVER_SHOWN = ["script", "noscript", "template", "datalist"]
# A page of which less is left has its text in what seems to be menus.
MIN_LEFT = 0.1


def extract(data: bytes) -> tuple[str, list[int]]:
    """Return what a reader of the page sees; it has no pages."""
    return read(decode(data, declared_encoding(data))), []


def read(markup: str) -> str:
    """Return what a reader of some markup sees."""
    tree = LexborHTMLParser(markup)
    if tree.root is None:
        return ""
    _spell_formulas(tree)
    tree.strip_tags(NEVER_SHOWN)
    unseen = hidden(tree)
    tree.strip_tags(["style"])
    title = _title(tree, unseen)
    text = write(tree.root, unseen | frame(tree, unseen), title)
    if len(text) < 400:
        whole = write(tree.root, unseen, title)
        text = whole if len(text) < len(whole) * MIN_LEFT else text
    return normalise(text)


def _spell_formulas(tree: LexborHTMLParser) -> None:
    scripts = tree.css(TEX)
    for drawn in tree.css(DRAWN) if scripts else []:
        drawn.attrs["hidden"] = ""
    for script in scripts:
        script.replace_with(f" {script.text()} ")


def declared_encoding(data: bytes) -> str | None:
    """Return the encoding that the page names in its head, as browsers understand it."""
    match = DECLARED.search(data[:4096])
    if match is None:
        return None
    try:
        name = codecs.lookup(match[1].decode("ascii")).name
    except LookupError:
        return None
    return SUPERSETS.get(name, name)


def _title(tree: LexborHTMLParser, unseen: set[int]) -> str:
    """Return the title of a page that has no heading of its own."""
    title: LexborNode | None = tree.css_first("head title")
    headed = any(heading.mem_id not in unseen for heading in tree.css("h1"))
    return "" if title is None or headed else title.text()
