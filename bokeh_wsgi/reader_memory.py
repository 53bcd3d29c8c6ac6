"""Limits the memory of outdated buffers that slowly read responses keep alive."""

import threading
from collections.abc import Callable, Mapping

from bokeh_wsgi.concurrency import SMALL_BYTES
from bokeh_wsgi.exc import Busy

Buffers = Mapping[int, int]
"""Bytes of buffers by ``id``, so that a buffer of several responses counts once."""

CALLER_PART = 4
"""One caller may use this fraction (1 / n) of the limit."""


class Hold:
    """The buffers of one response, counted until released."""

    __slots__ = ("buffers", "caller", "is_current")

    def __init__(self, caller: str, buffers: Buffers, is_current: Callable[[], bool]) -> None:
        self.caller = caller
        self.buffers = buffers
        self.is_current = is_current


class ReaderMemory:
    """Limits the buffers that only slow responses hold, since their documents have replaced them.

    ``max_bytes`` is the limit for all, of which each caller may use a part; a single response may exceed it.
    Responses that add little memory are always accepted. Thread-safe.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._holds: set[Hold] = set()
        self._lock = threading.Lock()
        # Serializes decisions, which may call `is_current` and so lock documents.
        self._deciding = threading.Lock()

    def hold(self, caller: str, buffers: Buffers, is_current: Callable[[], bool]) -> Hold:
        """Count buffers; raises `Busy`. ``is_current`` returns whether the document still has them."""
        hold = Hold(caller, buffers, is_current)
        if sum(buffers.values()) <= SMALL_BYTES:
            return hold
        with self._deciding:
            with self._lock:
                others = list(self._holds)
            held = {key for other in others for key in other.buffers}
            new = sum(size for key, size in buffers.items() if key not in held)
            if new > SMALL_BYTES:
                self._check(caller, new, others)
            with self._lock:
                self._holds.add(hold)
        return hold

    def release(self, hold: Hold) -> None:
        with self._lock:
            self._holds.discard(hold)

    def _check(self, caller: str, new: int, others: list[Hold]) -> None:
        if new + _bytes_of(others) <= self._max_bytes // CALLER_PART:
            return
        stale = [other for other in others if not other.is_current()]
        own = [other for other in stale if other.caller == caller]
        for holds, limit in ((own, self._max_bytes // CALLER_PART), (stale, self._max_bytes)):
            if holds and new + _bytes_of(holds) > limit:
                raise Busy(
                    "Others read former states of documents so slowly that there is no memory left for this "
                    "(max_reader_bytes).",
                    limit=limit,
                )


def _bytes_of(holds: list[Hold]) -> int:
    return sum({key: size for hold in holds for key, size in hold.buffers.items()}.values())
