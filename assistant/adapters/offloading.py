"""Do in a thread of the system what gevent's loop would stand still for."""

import os
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from gevent import get_hub
from gevent.monkey import is_module_patched
from gevent.threadpool import ThreadPool

T = TypeVar("T")

# What runs so gets a tenth of a processor where somebody else wants it, and all of it otherwise.
NICENESS = 10
YIELDING_THREADS = 4


def offload(work: Callable[[], T], *, yielding: bool = False) -> T:
    """Return what `work` returns, while in a web process other requests go on.

    What is `yielding` takes a processor from nobody.
    """
    if is_module_patched("threading"):
        pool = _yielding_threads() if yielding else get_hub().threadpool
        again: Callable[[], T] = pool.apply(lambda: _tried(work, yielding))
        return again()
    return work()


@cache
def _yielding_threads() -> ThreadPool:
    # Threads of their own, since none can be made more important again.
    return ThreadPool(YIELDING_THREADS, hub=get_hub())


def _tried(work: Callable[[], T], yielding: bool) -> Callable[[], T]:
    """Return what gives the result, or raises the error: gevent would print it in its thread."""
    try:
        if yielding:
            # To Linux, the process 0 is the thread that asks.
            os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
        result = work()
    except Exception as error:
        caught = error

        def fail() -> T:
            raise caught

        return fail
    return lambda: result
