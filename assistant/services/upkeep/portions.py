"""Removing what is due in portions, kind by kind, for a while in each round."""

import time
from collections import Counter
from collections.abc import Callable


def work_off(left: list[str], some: Callable[[str, float], int], seconds: float) -> Counter[str]:
    """Remove portions of the kinds that are `left` for about so long; return how many of each went.

    `some` removes a portion of a kind, until a moment of the monotonic clock at most; a kind of
    which none went is taken off the list.
    """
    done: Counter[str] = Counter()
    until = time.monotonic() + seconds
    while left and time.monotonic() < until:
        gone = some(left[0], until)
        done[left[0]] += gone
        if not gone:
            left.pop(0)
    return +done
