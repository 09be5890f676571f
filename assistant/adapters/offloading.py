"""Do in a thread of the system what gevent's loop would stand still for."""

from collections.abc import Callable
from typing import TypeVar

from gevent import Timeout, get_hub, idle
from gevent.monkey import is_module_patched

T = TypeVar("T")

# A web process that is never idle does even what can wait.
WAY_SECONDS = 0.2


def give_way() -> None:
    """In a web process, let everybody go on first who can, for a moment at most."""
    if is_module_patched("threading"):
        waiting = Timeout.start_new(WAY_SECONDS)
        try:
            idle()
        except Timeout as over:
            if over is not waiting:
                raise
        finally:
            waiting.close()


def offload(work: Callable[[], T]) -> T:
    """Return what `work` returns, while in a web process other requests go on."""
    if is_module_patched("threading"):
        again: Callable[[], T] = get_hub().threadpool.apply(lambda: _tried(work))
        return again()
    return work()


def _tried(work: Callable[[], T]) -> Callable[[], T]:
    """Return what gives the result, or raises the error: gevent would print it in its thread."""
    try:
        result = work()
    except Exception as error:
        caught = error

        def fail() -> T:
            raise caught

        return fail
    return lambda: result
