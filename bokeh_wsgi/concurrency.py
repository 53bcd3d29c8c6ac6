"""How many requests of a kind each caller may have under way at a time, and what all may take."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from bokeh_wsgi.exc import Busy

WAIT_S = 20.0
"""How long a request waits for others to give their memory back."""
SMALL_BYTES = 1 << 20
"""What takes no more does not wait."""


class ConcurrencyLimit:
    """Counts what is under way in this process, by who it is for; ``option`` is what sets the limit.

    Thread-safe.
    """

    def __init__(self, what: str, option: str) -> None:
        self._what = what
        self._option = option
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, limits: Mapping[str, int]) -> None:
        """Take a place of each of these callers, of which each may have so many; raises `Busy`."""
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
        """A place of each for as long as the ``with`` block takes."""
        self.take(limits)
        try:
            yield
        finally:
            self.give_back(limits)


class MemoryLimit:
    """Memory of this process that requests take in turns: ``max_bytes`` together, or one what it needs.

    Thread-safe.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._taken = 0
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, size: int) -> Iterator["MemoryShare"]:
        """So many bytes for as long as the ``with`` block takes, once there is room; raises `Busy`."""
        share = MemoryShare(self)
        share.grow(size)
        try:
            yield share
        finally:
            self.give_back(share.size)

    def take(self, size: int) -> None:
        """Take so many bytes, once there is room; raises `Busy`."""
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
    """What one request has taken of a `MemoryLimit`: ``size`` bytes, 0 as long as it needs little."""

    def __init__(self, limit: MemoryLimit) -> None:
        self.size = 0
        self._limit = limit
        self._needed = 0

    def grow(self, more: int) -> None:
        """Take so many bytes more, once there is room; raises `Busy`.

        What was taken is given back meanwhile, so that two who want more do not wait for each other.
        """
        self._needed += more
        if not more or self._needed <= SMALL_BYTES:
            return
        self._limit.give_back(self.size)
        self.size = 0
        self._limit.take(self._needed)
        self.size = self._needed
