"""How many responses this process can hold open, by what its WSGI server tells or shows."""

import math
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from weakref import WeakSet

from bokeh_wsgi.exc import TooMany
from bokeh_wsgi.process import PerProcess
from bokeh_wsgi.protocol import IN_PROCESS
from bokeh_wsgi.servers import Server, server_of

RETRY_S = 10.0
PROBE_S: Final = 0.5
"""So long a response is held to see whether the server handles another request meanwhile."""
PROBE_PAUSE_S: Final = 15.0
"""And so long after that it is not tried again, if none came: perhaps it could not."""
UNNOTICED_S: Final = 30.0
"""So long a response is held by a server of which nothing is known: it may not tell that its viewer left."""
WATCH_S: Final = 0.2
"""How often the server is asked whether it ends, while responses are held."""


class StreamSlot:
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


class _Threads:
    """What is known of the server's threads in one process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        # Threads that answer a request now, without what is held.
        self.serving: set[int] = set()
        # A response that its server drops without a word gives its slot back.
        self.slots: WeakSet[StreamSlot] = WeakSet()
        # How many requests there were at the same time.
        self.most = 1
        self.probe: StreamSlot | None = None
        self.next_probe = -math.inf
        self.server = Server(1)
        self.watcher: threading.Thread | None = None


class ServerThreads:
    """The threads of the server of this process, of which held responses take some. Thread-safe, fork-safe.

    They never take the last one. Of a server that does not tell how many it has, they take one fewer than
    there were requests at the same time; one more is held for a moment, as a probe, and stays if another
    request is handled meanwhile.
    """

    def __init__(self) -> None:
        self._threads = PerProcess(_Threads)

    @contextmanager
    def serving(self, environ: Mapping[str, Any]) -> Iterator[None]:
        """Around the answer to each request."""
        if environ.get("SERVER_SOFTWARE") == IN_PROCESS:
            yield
            return
        thread, threads = threading.get_ident(), self._threads.now
        with threads.lock:
            threads.serving.add(thread)
            threads.most = max(threads.most, len(threads.serving) + len(threads.slots))
            if threads.probe is not None and threads.most > len(threads.slots):
                threads.probe.keep(UNNOTICED_S)
                threads.probe, threads.next_probe = None, -math.inf
        try:
            yield
        finally:
            # Of the process that there is now: the answer may have forked.
            threads = self._threads.now
            with threads.lock:
                threads.serving.discard(thread)

    def hold(self, server: Server, *, trusted: bool) -> StreamSlot | None:
        """A slot for the response of this thread, if there is one; ``trusted``: the site says how many.

        Where the server ends, one that ends at once: whoever asks goes on elsewhere.
        """
        ends = server.is_ending is not None and server.is_ending()
        threads = self._threads.now
        with threads.lock:
            held = len(threads.slots)
            slot = StreamSlot(math.inf if server.threads is not None else UNNOTICED_S)
            if ends:
                slot.end()
            elif server.threads is not None:
                if held >= _most_held(server.threads):
                    return None
            elif held >= threads.most - 1 and not trusted:
                now = time.monotonic()
                if threads.probe is not None or now < threads.next_probe:
                    return None
                threads.next_probe = now + PROBE_PAUSE_S
                threads.probe = slot = StreamSlot(PROBE_S, is_probe=True)
            threads.serving.discard(threading.get_ident())
            threads.slots.add(slot)
            threads.server = server
            if threads.watcher is None and server.is_ending is not None:
                threads.watcher = threading.Thread(
                    target=_watch, args=[threads], name="bokeh-wsgi-streams", daemon=True
                )
                threads.watcher.start()
            return slot

    def release(self, slot: StreamSlot) -> None:
        threads = self._threads.now
        with threads.lock:
            threads.slots.discard(slot)
            if threads.probe is slot:
                threads.probe = None


def _watch(threads: _Threads) -> None:
    """Ends what is held once the server waits for that, to end."""
    pause = threading.Event()
    while True:
        pause.wait(WATCH_S)
        with threads.lock:
            slots, server = list(threads.slots), threads.server
            if not slots or server.is_ending is None:
                threads.watcher = None
                return
        if server.is_ending():
            for slot in slots:
                slot.end()


SERVER_THREADS: Final = ServerThreads()
"""Those of this process: its apps share them."""


class StreamSlots:
    """The responses that an app holds open. Refuses those that would starve the server. Thread-safe.

    A held response takes a thread until its viewer leaves. ``limit`` is the most of them; None: as many as
    the server can, by what it tells or shows. Who is refused polls instead. One reader may hold
    ``reader_limit`` of them.
    """

    def __init__(
        self,
        limit: int | None = None,
        reader_limit: int | None = None,
        threads: ServerThreads = SERVER_THREADS,
    ) -> None:
        self._limit = limit
        self._reader_limit = reader_limit
        self._threads = threads
        self._held: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, environ: dict[str, Any], reader: str) -> StreamSlot | None:
        """Take a slot if there is one; `give_back` returns it. Raises `TooMany` over the reader's limit."""
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
            slot = self._threads.hold(server_of(environ), trusted=self._limit is not None)
            if slot is not None:
                self._held[reader] += 1
            return slot

    def give_back(self, slot: StreamSlot, reader: str) -> None:
        self._threads.release(slot)
        with self._lock:
            self._held[reader] -= 1
            if not self._held[reader]:
                del self._held[reader]


def _most_held(threads: float) -> float:
    """All but one of few threads; of more, a second one is left, so that a slow request holds up nobody."""
    return threads - 1 if threads < 4 else threads - 2
