"""Do in a thread of the system what gevent's loop would stand still for."""

from collections.abc import Callable
from typing import TypeVar

from gevent import get_hub
from gevent.monkey import is_module_patched

T = TypeVar("T")


def offload(work: Callable[[], T]) -> T:
    """Return what `work` returns, while in a web process other requests go on."""
    if is_module_patched("threading"):
        return get_hub().threadpool.apply(work)
    return work()
