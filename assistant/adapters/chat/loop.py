"""One event loop per process, in a thread of its own, for requests that must be abortable.

A blocking read cannot be ended from another thread: closing the SDK's synchronous stream leaves
the reader in `recv` until its timeout. Cancelling an asyncio task closes the socket at once.
"""

import asyncio
import os
import threading

import uvloop

# A forked child has its parent's loop, but not the thread that ran it. The parent's entry stays
# here on purpose: closing that loop's sockets would take them from the epoll set both share.
_loops: dict[int, asyncio.AbstractEventLoop] = {}
_starting = threading.Lock()


def _renew_lock() -> None:
    global _starting
    _starting = threading.Lock()


os.register_at_fork(after_in_child=_renew_lock)


def background_loop() -> asyncio.AbstractEventLoop:
    """Return this process's loop, started when first asked for."""
    loop = _loops.get(os.getpid())
    if loop is not None:
        return loop
    with _starting:
        loop = _loops.get(os.getpid())
        if loop is None:
            loop = uvloop.new_event_loop()
            threading.Thread(target=loop.run_forever, name="chat", daemon=True).start()
            _loops[os.getpid()] = loop
    return loop
