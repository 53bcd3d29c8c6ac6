"""How many requests of a kind each caller may have under way at a time."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from bokeh_wsgi.exc import Busy


class Places:
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
