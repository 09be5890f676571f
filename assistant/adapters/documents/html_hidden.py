"""What of a page its readers do not see, not even after a click."""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

INVISIBLE = re.compile(
    r"(?:^|[;\s])(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)"
    r"|content-visibility\s*:\s*hidden|opacity\s*:\s*(?:0+(?:\.0*)?|\.0+)(?![\d.])"
    r"|font-size\s*:\s*0+(?:px|pt|em|rem|%)?(?![\d.]))",
    re.IGNORECASE,
)
SHOWN = re.compile(r"(?:^|[;\s])display\s*:\s*(?!none)\w", re.IGNORECASE)
HIDDEN = (
    '[hidden]:not([hidden="until-found" i]), dialog:not([open]), [aria-hidden="true" i], [style]'
)
# Each of these stops early on what is no style sheet.
COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
AT_RULE = re.compile(r"@[^{};]{0,200}+(?:;|\{(?:[^{}]*\{[^{}]*\})*[^{}]*\})")
RULE = re.compile(r"([^{}]{1,200}+)\{([^{}]*)\}")
SELECTOR = re.compile(r"[\w.#\-\s,>*]+")
NAME = re.compile(r"[.#][\w-]+")
MAX_RULES = 100
# A click on one of these shows what it names.
CONTROLS = (
    "[aria-controls][aria-expanded], [role=tab][aria-controls], [data-bs-toggle=collapse], "
    "[data-toggle=collapse], [data-bs-toggle=tab], [data-toggle=tab]"
)
TARGETS = ("aria-controls", "data-bs-target", "data-target", "href")
OPENERS = "button, summary, [role=button], [role=tab]"
# How much of a page is not hidden from screen readers only for its looks.
MOST = 0.5


def hidden(tree: LexborHTMLParser) -> set[int]:
    """Return the ids of the nodes that nobody sees, not even after a click on what opens them."""
    found = [node for node in tree.css(HIDDEN) if _is_hidden(node)]
    found += _by_style_sheet(tree)
    if not found:
        return set()
    opened = set(_opened(tree))
    formulas = tree.css_first("math") is not None
    total = text_length(tree.body)
    return {
        node.mem_id
        for node in found
        if node.tag not in ("html", "body", "main")
        and not (node.id in opened or _follows_an_opener(node) or (formulas and _is_formula(node)))
        # Behind an open dialog all of a page is hidden from screen readers.
        and not (node.attributes.get("aria-hidden") and text_length(node) > total * MOST > 50)
    }


def _is_hidden(node: LexborNode) -> bool:
    attributes = node.attributes
    if attributes.get("hidden", "until-found") != "until-found":
        return True
    if node.tag == "dialog" and "open" not in attributes:
        return True
    if (attributes.get("aria-hidden") or "").lower() == "true":
        return True
    return bool(INVISIBLE.search(attributes.get("style") or ""))


def _by_style_sheet(tree: LexborHTMLParser) -> list[LexborNode]:
    """Return what simple rules of the page's own style sheets hide; the last one counts.

    What another rule shows, such as once it is clicked on, is no more hidden than a closed panel.
    """
    found: dict[int, LexborNode] = {}
    rules = [rule for style in tree.css("style") for rule in _rules(style.text())][:MAX_RULES]
    shown = {name for selector, shows in rules if shows for name in NAME.findall(selector)}
    for selector, shows in rules:
        if not SELECTOR.fullmatch(selector) or (
            not shows and shown.intersection(NAME.findall(selector))
        ):
            continue
        for node in tree.css(selector):
            if shows:
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
        if hides or SHOWN.search(declarations):
            yield selector.strip().strip(","), not hides


def _opened(tree: LexborHTMLParser) -> Iterator[str]:
    """Yield the ids of what is shown by a click."""
    for control in tree.css(CONTROLS):
        for name in TARGETS:
            yield from (control.attributes.get(name) or "").replace("#", " ").split()


def _follows_an_opener(node: LexborNode) -> bool:
    before = _element_before(node)
    if before is not None and before.tag == "label":
        # Panels without a script open with a box, whose label is what is seen.
        before = _element_before(before)
    if before is None:
        return False
    kind = before.attributes.get("type") if before.tag == "input" else None
    return kind in ("checkbox", "radio") or before.css_first(OPENERS) is not None


def _element_before(node: LexborNode) -> LexborNode | None:
    before = node.prev
    while before is not None and not before.is_element_node:
        before = before.prev
    return before


def _is_formula(node: LexborNode) -> bool:
    # Pages draw formulas as pictures, and hide what those mean.
    return node.tag != "img" and node.css_first("math") is not None and len(node.text()) < 2000


def text_length(node: LexborNode | None) -> int:
    """Return how many characters of text are in a node, without white space."""
    return len("".join(node.text().split())) if node is not None else 0
