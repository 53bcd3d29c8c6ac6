"""How many responses this process can hold open, by what its WSGI server tells or shows."""

import math
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from weakref import WeakSet

from bokeh_wsgi.exc import TooMany
from bokeh_wsgi.servers import IN_PROCESS, Server, server_of

RETRY_S = 10.0
PROBE_S: Final = 0.5
"""So long a response is held to see whether the server handles another request meanwhile."""
PROBE_PAUSE_S: Final = 15.0
"""And so long after that it is not tried again, if none came: perhaps it could not."""
UNNOTICED_S: Final = 30.0
"""So long a response is held by a server of which nothing is known: it may not tell that its viewer left."""
WATCH_S: Final = 0.2
"""How often the server is asked whether it ends, while responses are held."""


class Place:
    """One response's right to stay open. ``event`` is set when it ends; others may set it, too."""

    def __init__(self, longest_s: float, *, is_probe: bool = False) -> None:
        self.event = threading.Event()
        self.is_probe = is_probe
        self._until = time.monotonic() + longest_s

    def left_s(self) -> float:
        """How long the response may stay open, as far as is known now."""
        return max(0.0, self._until - time.monotonic())

    def keep(self, longest_s: float) -> None:
        self.is_probe = False
        self._until = time.monotonic() + longest_s

    def end(self) -> None:
        self._until = -math.inf
        self.event.set()


class Pool:
    """The threads of the server of this process, of which held responses take some. Thread-safe, fork-safe.

    They never take the last one. Of a server that does not tell how many it has, they take one fewer than
    there were requests at the same time; one more is held for a moment, as a probe, and stays if another
    request is handled meanwhile.
    """

    def __init__(self) -> None:
        self._start_anew()

    def _start_anew(self) -> None:
        self._lock = threading.Lock()
        # Threads that answer a request now, without what is held.
        self._serving: set[int] = set()
        # A response that its server drops without a word gives its place back.
        self._places: WeakSet[Place] = WeakSet()
        # How many requests there were at the same time.
        self._most = 1
        self._probe: Place | None = None
        self._next_probe = -math.inf
        self._server = Server(1)
        self._watcher: threading.Thread | None = None
        self._pid = os.getpid()

    @contextmanager
    def serving(self, environ: Mapping[str, Any]) -> Iterator[None]:
        """Around the answer to each request."""
        if environ.get("SERVER_SOFTWARE") == IN_PROCESS:
            yield
            return
        thread = threading.get_ident()
        with self._lock_of_this_process():
            self._serving.add(thread)
            self._most = max(self._most, len(self._serving) + len(self._places))
            if self._probe is not None and self._most > len(self._places):
                self._probe.keep(UNNOTICED_S)
                self._probe, self._next_probe = None, -math.inf
        try:
            yield
        finally:
            with self._lock_of_this_process():
                self._serving.discard(thread)

    def hold(self, server: Server, *, trusted: bool) -> Place | None:
        """A place for the response of this thread, if there is one; ``trusted``: the site says how many.

        Where the server ends, one that ends at once: whoever asks goes on elsewhere.
        """
        ends = server.is_ending is not None and server.is_ending()
        with self._lock_of_this_process():
            held = len(self._places)
            place = Place(math.inf if server.threads is not None else UNNOTICED_S)
            if ends:
                place.end()
            elif server.threads is not None:
                if held >= _most_held(server.threads):
                    return None
            elif held >= self._most - 1 and not trusted:
                now = time.monotonic()
                if self._probe is not None or now < self._next_probe:
                    return None
                self._next_probe = now + PROBE_PAUSE_S
                self._probe = place = Place(PROBE_S, is_probe=True)
            self._serving.discard(threading.get_ident())
            self._places.add(place)
            self._server = server
            if self._watcher is None and server.is_ending is not None:
                self._watcher = threading.Thread(target=self._watch, name="bokeh-wsgi-streams", daemon=True)
                self._watcher.start()
            return place

    def release(self, place: Place) -> None:
        with self._lock_of_this_process():
            self._places.discard(place)
            if self._probe is place:
                self._probe = None

    def _watch(self) -> None:
        pause = threading.Event()
        while True:
            pause.wait(WATCH_S)
            with self._lock:
                places, server = list(self._places), self._server
                if not places or server.is_ending is None:
                    self._watcher = None
                    return
            if server.is_ending():
                for place in places:
                    place.end()

    def _lock_of_this_process(self) -> threading.Lock:
        if os.getpid() != self._pid:
            # A fork copies what was held, but neither its threads nor the responses.
            self._start_anew()
        return self._lock


POOL: Final = Pool()
"""That of this process: its apps share the server's threads."""


class Streams:
    """The responses that an app holds open. Refuses those that would starve the server. Thread-safe.

    A held response takes a thread until its viewer leaves. ``limit`` is the most of them; None: as many as
    the server can, by what it tells or shows. Who is refused polls instead. One reader may hold
    ``reader_limit`` of them.
    """

    def __init__(self, limit: int | None = None, reader_limit: int | None = None, pool: Pool = POOL) -> None:
        self._limit = limit
        self._reader_limit = reader_limit
        self._pool = pool
        self._held: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, environ: dict[str, Any], reader: str) -> Place | None:
        """Take a place if there is one; `give_back` returns it. Raises `TooMany` over the reader's limit."""
        with self._lock:
            if self._reader_limit is not None and self._held[reader] >= self._reader_limit:
                raise TooMany(
                    f"You have {self._reader_limit} streams open, the most there may be (max_user_streams): "
                    "close some pages.",
                    retry_after_s=RETRY_S,
                    limit=self._reader_limit,
                )
            if self._limit is not None and self._held.total() >= self._limit:
                return None
            place = self._pool.hold(server_of(environ), trusted=self._limit is not None)
            if place is not None:
                self._held[reader] += 1
            return place

    def give_back(self, place: Place, reader: str) -> None:
        self._pool.release(place)
        with self._lock:
            self._held[reader] -= 1
            if not self._held[reader]:
                del self._held[reader]


def _most_held(threads: float) -> float:
    """All but one of few threads; of more, a second one is left, so that a slow request holds up nobody."""
    return threads - 1 if threads < 4 else threads - 2
