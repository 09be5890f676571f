"""Putting what lies on a page into the order in which it is read."""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

Item = TypeVar("Item")
# Above this, telling columns would take too long.
MAX_ITEMS = 400
# By so much (a tenth of an inch, in EMU) boxes may overlap and still lie one after the other.
OVERLAP = 91_440


class Box(NamedTuple):
    """Where something lies, from the upper left corner."""

    left: float
    top: float
    right: float
    bottom: float


Placed = tuple[Box | None, Item]


def ordered(items: Sequence[tuple[Box | None, Item]]) -> list[Item]:
    """Return the items as they are read: what lies close together stays together.

    The page is cut again and again where its widest gap is, from side to side or from top to
    bottom. Items without a place come first, in the order that they have.
    """
    placed = [(box, item) for box, item in items if box is not None]
    rest = [item for box, item in items if box is None]
    if len(placed) > MAX_ITEMS:
        return rest + [item for _, item in sorted(placed, key=_corner)]
    done = rest
    groups = [placed]
    while groups:
        group = groups.pop()
        halves = _cut(group)
        if halves is None:
            done.extend(item for _, item in sorted(group, key=_corner))
        else:
            groups.extend(reversed(halves))
    return done


def _corner(placed: tuple[Box, Item]) -> tuple[float, float]:
    return placed[0].top, placed[0].left


def _cut(
    group: list[tuple[Box, Item]],
) -> tuple[list[tuple[Box, Item]], list[tuple[Box, Item]]] | None:
    if len(group) < 2:
        return None
    down, rows = _widest_gap(group, 1)
    across, columns = _widest_gap(group, 0)
    if max(down, across) < -OVERLAP:
        return None
    return rows if down >= across else columns


def _widest_gap(
    group: list[tuple[Box, Item]], axis: int
) -> tuple[float, tuple[list[tuple[Box, Item]], list[tuple[Box, Item]]]]:
    """Return the widest gap along an axis, and what lies on either side of it."""
    along = sorted(group, key=lambda placed: (placed[0][axis], placed[0][axis + 2]))
    widest, at, end = float("-inf"), 1, along[0][0][axis + 2]
    for i, (box, _) in enumerate(along[1:], start=1):
        if box[axis] - end > widest:
            widest, at = box[axis] - end, i
        end = max(end, box[axis + 2])
    return widest, (along[:at], along[at:])
