"""How many responses this process can hold open, by what its WSGI server is."""

import sys
import threading
from collections import Counter
from typing import Any

from bokeh_wsgi.exc import TooMany

# Where nothing tells how large a server's thread pool is, this many of its threads may wait for changes.
UNKNOWN_POOL = 2
RETRY_S = 10.0


class Streams:
    """Counts the responses that are held open and refuses those that would starve the server.

    A held response takes a thread until its viewer leaves. ``limit`` None finds out from the server:
    none where requests are handled one at a time, no limit where each has a thread or greenlet of its own,
    all but two of waitress's threads, and `UNKNOWN_POOL` for other pools (gunicorn's gthread). Who is
    refused polls instead. One reader may hold ``reader_limit`` of them. Thread-safe.
    """

    def __init__(self, limit: int | None = None, reader_limit: int | None = None) -> None:
        self._limit = limit
        self._reader_limit = reader_limit
        self._held: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, environ: dict[str, Any], reader: str) -> bool:
        """Take a place if there is one; `give_back` returns it. Raises `TooMany` over the reader's limit."""
        limit = self._limit if self._limit is not None else _limit_of(environ)
        with self._lock:
            if self._reader_limit is not None and self._held[reader] >= self._reader_limit:
                raise TooMany(
                    f"You have {self._reader_limit} streams open, the most there may be (max_user_streams): "
                    "close some pages.",
                    retry_after_s=RETRY_S,
                    limit=self._reader_limit,
                )
            if limit is not None and self._held.total() >= limit:
                return False
            self._held[reader] += 1
            return True

    def give_back(self, reader: str) -> None:
        with self._lock:
            self._held[reader] -= 1
            if not self._held[reader]:
                del self._held[reader]


def _limit_of(environ: dict[str, Any]) -> int | None:
    if not environ.get("wsgi.multithread"):
        return 0
    if environ.get("SERVER_SOFTWARE", "").startswith(("Werkzeug", "bokeh-server")) or _is_green():
        return None
    if "waitress.client_disconnected" in environ:
        names = [thread.name for thread in threading.enumerate()]
        return max(1, sum(name.startswith("waitress-") for name in names) - 2)
    return UNKNOWN_POOL


def _is_green() -> bool:
    gevent_monkey = sys.modules.get("gevent.monkey")
    if gevent_monkey is not None and gevent_monkey.is_module_patched("threading"):
        return True
    eventlet_patcher = sys.modules.get("eventlet.patcher")
    return eventlet_patcher is not None and bool(eventlet_patcher.is_monkey_patched("thread"))
