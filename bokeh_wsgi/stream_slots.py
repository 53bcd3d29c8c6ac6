"""Limits the streaming responses of this process, so that the server's thread pool is not exhausted."""

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
"""Time to hold a probe: a response that tests whether the server has another free thread."""
PROBE_PAUSE_S: Final = 15.0
"""Time to the next probe after one that failed."""
UNNOTICED_S: Final = 30.0
"""The longest response of an unknown server, which may not notice that the viewer disconnected."""
WATCH_S: Final = 0.2
"""Interval between checks whether the server is shutting down, while responses are open."""


class StreamSlot:
    """Permission for one response to stay open. ``event`` is set when it ends; others may set it, too."""

    def __init__(self, longest_s: float, *, is_probe: bool = False) -> None:
        self.event = threading.Event()
        self.is_probe = is_probe
        self._until = time.monotonic() + longest_s

    def left_s(self) -> float:
        """How long the response may still stay open."""
        return max(0.0, self._until - time.monotonic())

    def keep(self, longest_s: float) -> None:
        self.is_probe = False
        self._until = time.monotonic() + longest_s

    def end(self) -> None:
        self._until = -math.inf
        self.event.set()


class _Threads:
    """The observed use of the server's threads in one process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        # Threads that handle a request, without those of open slots.
        self.serving: set[int] = set()
        # Weak: a response that the server drops without close() releases its slot.
        self.slots: WeakSet[StreamSlot] = WeakSet()
        # The most concurrent requests so far.
        self.most = 1
        self.probe: StreamSlot | None = None
        self.next_probe = -math.inf
        self.server = Server(1)
        self.watcher: threading.Thread | None = None


class ServerThreads:
    """The thread pool of the WSGI server, of which slots take threads. Thread-safe, fork-safe.

    Slots never take the last thread. If the size of the pool is unknown, it counts as the most concurrent
    requests so far. Then one more response is held briefly, as a probe, and stays if the server handles
    another request meanwhile.
    """

    def __init__(self) -> None:
        self._threads = PerProcess(_Threads)

    @contextmanager
    def serving(self, environ: Mapping[str, Any]) -> Iterator[None]:
        """Context of each request: counts its thread."""
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
            # The handler may have forked: use the state of this process.
            threads = self._threads.now
            with threads.lock:
                threads.serving.discard(thread)

    def hold(self, server: Server, *, trusted: bool) -> StreamSlot | None:
        """Take a slot for the response of this thread, or None. ``trusted``: the limit is configured.

        During a shutdown the slot ends at once, so that the client reconnects to another worker.
        """
        is_ending = server.is_ending is not None and server.is_ending()
        threads = self._threads.now
        with threads.lock:
            taken = len(threads.slots)
            slot = StreamSlot(math.inf if server.threads is not None else UNNOTICED_S)
            if is_ending:
                slot.end()
            elif server.threads is not None:
                if taken >= _max_slots(server.threads):
                    return None
            elif taken >= threads.most - 1 and not trusted:
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
    """End all slots when the server shuts down and waits for them."""
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
"""The threads of this process, which its apps share."""


class StreamSlots:
    """The open streaming responses of an app, with limits per app and reader. Thread-safe.

    Each takes a thread until its viewer disconnects. ``limit`` is their most; None: as many as the thread
    pool allows. A client without a slot polls instead. ``reader_limit`` is the most of one reader.
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
        """Take a slot, or None; `give_back` releases it. Raises `TooMany` over the reader's limit."""
        with self._lock:
            if self._reader_limit is not None and self._held[reader] >= self._reader_limit:
                raise TooMany(
                    f"You have {self._reader_limit} streams open, which is the limit (max_user_streams): "
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


def _max_slots(threads: float) -> float:
    """All threads but one; from four on but two, so that one slow request does not block the others."""
    return threads - 1 if threads < 4 else threads - 2
