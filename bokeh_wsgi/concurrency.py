"""Limits concurrent requests per caller, and their memory in total."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from bokeh_wsgi.exc import Busy

WAIT_S = 20.0
"""Seconds that a request waits for other requests to release memory."""
SMALL_BYTES = 1 << 20
"""Smaller requests do not wait."""


class ConcurrencyLimit:
    """Counts a process's current requests per caller. Thread-safe.

    ``option`` is the name of the option that sets the limit.
    """

    def __init__(self, what: str, option: str) -> None:
        self._what = what
        self._option = option
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, limits: Mapping[str, int]) -> None:
        """Take one place of each caller; ``limits`` are their numbers of places. Raises `Busy`."""
        with self._lock:
            for caller, limit in limits.items():
                if self._taken[caller] >= limit:
                    raise Busy(
                        f"You have {limit} {self._what} under way, the most there may be ({self._option}).",
                        limit=limit,
                    )
            self._taken.update(limits.keys())

    def give_back(self, callers: Mapping[str, int]) -> None:
        with self._lock:
            for caller in callers:
                self._taken[caller] -= 1
                if not self._taken[caller]:
                    del self._taken[caller]

    @contextmanager
    def taken(self, limits: Mapping[str, int]) -> Iterator[None]:
        """A context that holds one place of each caller."""
        self.take(limits)
        try:
            yield
        finally:
            self.give_back(limits)


class MemoryLimit:
    """Limits the memory of all requests to ``max_bytes``; a single request may take more. Thread-safe."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._taken = 0
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, size: int) -> Iterator["MemoryShare"]:
        """A context that holds ``size`` bytes. Waits for memory; raises `Busy` after a timeout."""
        share = MemoryShare(self)
        share.grow(size)
        try:
            yield share
        finally:
            self.give_back(share.size)

    def take(self, size: int) -> None:
        """Wait for ``size`` bytes and take them; raises `Busy` after a timeout."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._has(size), WAIT_S):
                raise Busy("Other uploads take all the memory there is for them.", limit=self._max_bytes)
            self._taken += size

    def give_back(self, size: int) -> None:
        if size:
            with self._changed:
                self._taken -= size
                self._changed.notify_all()

    def _has(self, size: int) -> bool:
        return not self._taken or self._taken + size <= self._max_bytes


class MemoryShare:
    """The ``size`` in bytes that one request has taken of a `MemoryLimit`; 0 for small requests."""

    def __init__(self, limit: MemoryLimit) -> None:
        self.size = 0
        self._limit = limit
        self._needed = 0

    def grow(self, more: int) -> None:
        """Wait for ``more`` bytes and take them; raises `Busy` after a timeout.

        Releases the share while it waits, so that two growing requests do not block each other.
        """
        self._needed += more
        if not more or self._needed <= SMALL_BYTES:
            return
        self._limit.give_back(self.size)
        self.size = 0
        self._limit.take(self._needed)
        self.size = self._needed
