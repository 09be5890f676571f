"""Going through the nodes of a page."""

from collections.abc import Callable, Iterator

from selectolax.lexbor import LexborNode


def walk(
    root: LexborNode, begin: Callable[[LexborNode, str], bool]
) -> Iterator[tuple[LexborNode, str]]:
    """Begin each node and yield it as it ends, without recursion: pages nest without limit."""
    node: LexborNode | None = root
    depth = 0
    while node is not None:
        tag = node.tag or ""
        child = node.first_child if begin(node, tag) else None
        if child is not None:
            node, depth = child, depth + 1
            continue
        yield node, tag
        while depth and node is not None and node.next is None:
            node, depth = node.parent, depth - 1
            if node is not None:
                yield node, node.tag or ""
        node = node.next if depth and node is not None else None
