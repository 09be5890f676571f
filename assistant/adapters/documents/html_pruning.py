"""What of a page its readers do not see, and what leads to other pages."""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

INVISIBLE = re.compile(
    r"(?:^|[;\s])(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)"
    r"|content-visibility\s*:\s*hidden|opacity\s*:\s*0*\.?0+(?![\d.])"
    r"|font-size\s*:\s*0+(?:px|pt|em|rem|%)?(?![\d.]))",
    re.IGNORECASE,
)
SHOWN = re.compile(r"(?:^|[;\s])display\s*:\s*(?!none)\w", re.IGNORECASE)
HIDDEN = (
    '[hidden]:not([hidden="until-found" i]), dialog:not([open]), [aria-hidden="true" i], [style]'
)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
AT_RULE = re.compile(r"@[^{};]*(?:;|\{(?:[^{}]*\{[^{}]*\})*[^{}]*\})")
RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
SELECTOR = re.compile(r"[\w.#\-\s,>*]+")
MAX_RULES = 100
# A click on one of these shows what it names.
CONTROLS = (
    "[aria-controls][aria-expanded], [role=tab][aria-controls], [data-bs-toggle=collapse], "
    "[data-toggle=collapse], [data-bs-toggle=tab], [data-toggle=tab]"
)
TARGETS = ("aria-controls", "data-bs-target", "data-target", "href")
OPENERS = "button, summary, [role=button], [role=tab]"
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
# How much of a page may be left out as belonging to its frame.
MOST = 0.5
MIN_MAIN = 0.3


def hidden(tree: LexborHTMLParser) -> set[int]:
    """Return the ids of the nodes that nobody sees, not even after a click on what opens them."""
    found = [node for node in tree.css(HIDDEN) if _is_hidden(node)]
    found += _by_style_sheet(tree)
    if not found:
        return set()
    opened = set(_opened(tree))
    formulas = tree.css_first("math") is not None
    total = _length(tree.body)
    return {
        node.mem_id
        for node in found
        if node.tag not in ("html", "body", "main")
        and not (node.id in opened or _follows_an_opener(node) or (formulas and _is_formula(node)))
        # Behind an open dialog all of a page is hidden from screen readers.
        and not (node.attributes.get("aria-hidden") and _length(node) > total * MOST > 50)
    }


def frame(tree: LexborHTMLParser, unseen: set[int]) -> set[int]:
    """Return the ids of the menus, banners and bars around the main text of a page."""
    if tree.body is None:
        return set()
    total = _length(tree.body)
    found = {node.mem_id for node in tree.css(NAVIGATION)}
    found.update(n.mem_id for n in tree.css(BANNERS) if _is_banner(n, total))
    main = _main(tree, total, unseen)
    if main is None:
        bars = [n for n in tree.css(BARS) if _length(n) < total * MOST and _is_links(n, 0.6)]
        return found | {node.mem_id for node in bars if node.css_first("h1, main") is None}
    around = [node for node in _around(main) if _is_links(node, 0.3) or _length(node) < 40]
    lone = main.css_first("h1") is None
    return found | {n.mem_id for n in around if not (lone and n.css_first("h1") is not None)}


def _is_hidden(node: LexborNode) -> bool:
    attributes = node.attributes
    if "hidden" in attributes or node.tag == "dialog":
        return True
    if (attributes.get("aria-hidden") or "").lower() == "true":
        return True
    return bool(INVISIBLE.search(attributes.get("style") or ""))


def _by_style_sheet(tree: LexborHTMLParser) -> list[LexborNode]:
    """Return what simple rules of the page's own style sheets hide; the last one counts."""
    found: dict[int, LexborNode] = {}
    rules = [rule for style in tree.css("style") for rule in _rules(style.text())]
    for selector, shown in rules[:MAX_RULES]:
        for node in tree.css(selector):
            if shown:
                found.pop(node.mem_id, None)
            else:
                found[node.mem_id] = node
    return list(found.values())


def _rules(sheet: str) -> Iterator[tuple[str, bool]]:
    if "none" not in sheet and "hidden" not in sheet:
        return
    sheet = AT_RULE.sub("", COMMENT.sub("", sheet))
    for selector, declarations in RULE.findall(sheet):
        hides = INVISIBLE.search(declarations)
        if (hides or SHOWN.search(declarations)) and SELECTOR.fullmatch(selector):
            yield selector.strip().strip(","), not hides


def _opened(tree: LexborHTMLParser) -> Iterator[str]:
    """Yield the ids of what is shown by a click; menus are no part of it."""
    for control in tree.css(CONTROLS):
        for name in TARGETS:
            yield from (control.attributes.get(name) or "").replace("#", " ").split()


def _follows_an_opener(node: LexborNode) -> bool:
    before = node.prev
    while before is not None and not before.is_element_node:
        before = before.prev
    if before is None:
        return False
    return before.tag in ("button", "summary") or before.css_first(OPENERS) is not None


def _is_formula(node: LexborNode) -> bool:
    # Pages draw formulas as pictures, and hide what those mean.
    return node.tag != "img" and node.css_first("math") is not None and len(node.text()) < 2000


def _length(node: LexborNode | None) -> int:
    return len("".join(node.text().split())) if node is not None else 0


def _is_links(node: LexborNode, share: float) -> bool:
    length = _length(node)
    return length == 0 or sum(_length(link) for link in node.css("a")) >= length * share


def _is_banner(node: LexborNode, total: int) -> bool:
    if node.tag in ("html", "body", "main", "article") or node.css_first(ASKING) is None:
        return False
    length = _length(node)
    if length > MAX_BANNER or length > total * MOST or not COOKIES.search(node.text()):
        return False
    return node.css_first("main, article, h1") is None


def _main(tree: LexborHTMLParser, total: int, unseen: set[int]) -> LexborNode | None:
    """Return the element that says it is the main text, if it has enough of the page's."""
    found = [node for node in tree.css(MAIN) if node.mem_id not in unseen]
    main = max(found, key=_length, default=None)
    return main if main is not None and _length(main) >= total * MIN_MAIN else None


def _around(main: LexborNode) -> Iterator[LexborNode]:
    """Yield the elements beside the main text and beside those that it is in."""
    node: LexborNode | None = main
    while node is not None and node.tag != "body" and node.parent is not None:
        yield from (child for child in node.parent.iter() if child.mem_id != node.mem_id)
        node = node.parent


def asks(button: LexborNode) -> bool:
    """Return whether a button is the heading of what it opens, and not a thing to do."""
    attributes = button.attributes
    if any(name in attributes for name in ("aria-expanded", "data-bs-toggle", "data-toggle")):
        return True
    if OPENING.search(attributes.get("class") or ""):
        return True
    parent = button.parent
    for _ in range(2):
        if parent is not None and parent.tag in HEADINGS:
            return True
        parent = parent.parent if parent is not None else None
    after = button.next
    while after is not None and not after.is_element_node:
        after = after.next
    return after is not None and after.tag in PANELS
