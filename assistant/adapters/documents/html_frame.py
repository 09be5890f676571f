"""What stands around the main text of a page: menus, banners and bars."""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from assistant.adapters.documents.html_hidden import text_length

OPENING = re.compile("accordion|collaps|question|faq|toggle", re.IGNORECASE)
HEADINGS = frozenset(["h1", "h2", "h3", "h4", "h5", "h6", "dt", "summary"])
PANELS = frozenset(["div", "section", "p", "ul", "ol", "dl", "article"])
MAIN = 'main, [role="main"]'
NAVIGATION = (
    "nav, [role=navigation], [role=search], [role=menubar], [role=menu], .navheader, .navfooter, "
    ".breadcrumb, .breadcrumbs, .pagination, .mw-editsection, a.skip-link, "
    "a.skiplink, a.skip-to-content"
)
BARS = (
    "body > header, body > footer, body > aside, aside, [id*=sidebar i], [class*=sidebar i], "
    "[class*=navbar i], [class*=menu i], [id*=menu i], [id*=nav i], [class*=footer i]"
)
BANNERS = (
    "[id*=cookie i], [class*=cookie i], [id*=consent i], [class*=consent i], [id*=gdpr i], "
    "[class*=gdpr i], [aria-label*=cookie i], [role=dialog], [role=alertdialog], body > div, "
    "body > section, body > aside"
)
ASKING = (
    "button, input[type=button], input[type=submit], [role=button], a[class*=btn], a[class*=button]"
)
COOKIES = re.compile("cookie|consent|gdpr", re.IGNORECASE)
MAX_BANNER = 2500
# What a header says that has only the name of the site.
MAX_NAME = 40
# Pages have fewer bars than that, and hostile ones more.
MAX_FOUND = 500
# How much of a page may be left out as belonging to its frame.
MOST = 0.5
MOST_OF_BANNER = 0.95
MIN_MAIN = 0.3


def frame(tree: LexborHTMLParser, unseen: set[int]) -> set[int]:
    """Return the ids of the menus, banners and bars around the main text of a page."""
    if tree.body is None:
        return set()
    total = text_length(tree.body)
    found = {node.mem_id for node in tree.css(NAVIGATION)}
    found.update(n.mem_id for n in tree.css(BANNERS)[:MAX_FOUND] if _is_banner(n, total))
    main = _main(tree, total, unseen)
    if main is None:
        found.update(n.mem_id for n in tree.css(BARS)[:MAX_FOUND] if _is_bar(n, total))
        return found
    lone = main.css_first("h1") is None
    return found | {
        node.mem_id
        for node in _around(main)
        if (_is_links(node, 0.3) or (node.tag == "header" and text_length(node) < MAX_NAME))
        and not (lone and node.css_first("h1") is not None)
    }


def _main(tree: LexborHTMLParser, total: int, unseen: set[int]) -> LexborNode | None:
    """Return the element that says it is the main text, if it has enough of the page's."""
    found = [node for node in tree.css(MAIN) if node.mem_id not in unseen]
    main = max(found, key=text_length, default=None)
    return main if main is not None and text_length(main) >= total * MIN_MAIN else None


def _around(main: LexborNode) -> Iterator[LexborNode]:
    """Yield the elements beside the main text and beside those that it is in."""
    node: LexborNode | None = main
    while node is not None and node.tag != "body" and node.parent is not None:
        yield from (child for child in node.parent.iter() if child.mem_id != node.mem_id)
        node = node.parent


def _is_bar(node: LexborNode, total: int) -> bool:
    if text_length(node) > total * MOST or not _is_links(node, 0.6):
        return False
    return node.css_first("h1, main") is None


def _is_links(node: LexborNode, share: float) -> bool:
    length = text_length(node) - sum(map(text_length, node.css("h2, h3, h4, h5, h6")))
    return length <= 0 or sum(map(text_length, node.css("a"))) >= length * share


def _is_banner(node: LexborNode, total: int) -> bool:
    if node.tag in ("html", "body", "main", "article") or node.css_first(ASKING) is None:
        return False
    attributes = node.attributes
    named = any(
        COOKIES.search(attributes.get(name) or "") for name in ("id", "class", "aria-label")
    )
    most = MOST_OF_BANNER if named or "dialog" in (attributes.get("role") or "") else MOST
    length = text_length(node)
    if length > MAX_BANNER or length > total * most or not COOKIES.search(node.text()):
        return False
    return node.css_first("main, article, h1") is None


def asks(button: LexborNode) -> bool:
    """Return whether a button is the heading of what it opens, and not a thing to do."""
    attributes = button.attributes
    if any(name in attributes for name in ("aria-expanded", "data-bs-toggle", "data-toggle")):
        return True
    if _may_open(attributes) or button.text().strip().endswith(("?", "\uff1f")):
        return True
    parent = button.parent
    for _ in range(3):
        if parent is not None and (parent.tag in HEADINGS or _may_open(parent.attributes)):
            return True
        parent = parent.parent if parent is not None else None
    after = button.next
    while after is not None and not after.is_element_node:
        after = after.next
    return after is not None and after.tag in PANELS


def _may_open(attributes: dict[str, str | None]) -> bool:
    return attributes.get("role") == "heading" or bool(
        OPENING.search(attributes.get("class") or "")
    )
