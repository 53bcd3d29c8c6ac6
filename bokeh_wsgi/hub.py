"""Notifies waiting responses of changes of documents, by any process."""

import threading
from collections import defaultdict
from collections.abc import Collection, Iterable
from contextlib import suppress

from bokeh_wsgi.exc import StoreError
from bokeh_wsgi.process import PerProcess
from bokeh_wsgi.store import Store

# Interval of checks for commits of other processes (a few microseconds each).
WATCH_INTERVAL_S = 0.01


class _Waiting:
    """The waiting events of one process, and the state of their last notification."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.events: defaultdict[str, set[threading.Event]] = defaultdict(set)
        self.seqs: dict[str, int] = {}
        # Numbers of viewers, for documents whose readers asked for them.
        self.viewers: dict[str, int] = {}
        self.access_version = -1
        self.access_number = 0
        self.watcher: threading.Thread | None = None
        self.is_closed = False

    def everybody(self) -> list[threading.Event]:
        return [event for events in self.events.values() for event in events]


class Hub:
    """Wakes a process's waiting responses when documents change. Thread-safe, fork-safe.

    Commits of this process call `wake`. If the store is shared, a thread detects those of other processes; it
    runs only while a response waits.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting = PerProcess(_Waiting)

    def join(self, docids: Collection[str], event: threading.Event, *, viewers: bool = False) -> None:
        """Set ``event`` from now on whenever one of the documents changes or is deleted.

        With ``viewers`` also when its number of viewers in other processes changes: see `viewers_changed`.
        """
        waiting = self._waiting.now
        with waiting.lock:
            for docid in docids:
                waiting.events[docid].add(event)
                if viewers:
                    waiting.viewers.setdefault(docid, -1)
            if waiting.watcher is None and self._store.is_shared:
                # Read the version before the readers first check their rights, so that no later change is
                # missed. Errors of the store are ignored here: the readers report them.
                with suppress(StoreError):
                    waiting.access_version = self._store.access_version()
                waiting.watcher = threading.Thread(
                    target=self._watch, args=[waiting], name="bokeh-wsgi-hub", daemon=True
                )
                waiting.watcher.start()

    def leave(self, docids: Collection[str], event: threading.Event) -> None:
        waiting = self._waiting.now
        with waiting.lock:
            for docid in docids:
                events = waiting.events.get(docid, set())
                events.discard(event)
                if not events:
                    waiting.events.pop(docid, None)
                    waiting.seqs.pop(docid, None)
                    waiting.viewers.pop(docid, None)

    def wake(self, docid: str, seq: int) -> None:
        """Wake the responses that wait for ``docid``, which is at ``seq`` now (-1: deleted)."""
        waiting = self._waiting.now
        with waiting.lock:
            events = list(waiting.events.get(docid, ()))
            if events:
                waiting.seqs[docid] = seq
        _set(events)

    def viewers_changed(self, docid: str) -> None:
        """Wake the responses that wait for ``docid``, since its number of viewers has changed."""
        waiting = self._waiting.now
        with waiting.lock:
            events = list(waiting.events.get(docid, ()))
        _set(events)

    @property
    def access_number(self) -> int:
        """A number that changes whenever a right ends."""
        return self._waiting.now.access_number

    def access_changed(self) -> None:
        """Wake all responses, since some may have lost the right to read."""
        waiting = self._waiting.now
        with waiting.lock:
            waiting.access_number += 1
            events = waiting.everybody()
        _set(events)

    @property
    def closed(self) -> bool:
        return self._waiting.now.is_closed

    def close(self) -> None:
        """End every waiting response."""
        waiting = self._waiting.now
        with waiting.lock:
            waiting.is_closed = True
            events = waiting.everybody()
        _set(events)

    def _watch(self, waiting: _Waiting) -> None:
        pause = threading.Event()
        seen = self._version()
        while True:
            pause.wait(WATCH_INTERVAL_S)
            with waiting.lock:
                if not waiting.events or waiting.is_closed:
                    waiting.watcher = None
                    return
            version = self._version()
            if version != seen:
                seen = version
                self._wake_changed(waiting)

    def _version(self) -> int:
        try:
            return self._store.version()
        except StoreError:
            return -1

    def _wake_changed(self, waiting: _Waiting) -> None:
        with suppress(StoreError):
            access_version = self._store.access_version()
            if access_version != waiting.access_version:
                waiting.access_version = access_version
                self.access_changed()
        for docid in list(waiting.events):
            try:
                record = self._store.get_document(docid)
                # Counted only for documents whose readers asked for it.
                viewers = self._store.viewers(docid) if docid in waiting.viewers else -1
            except StoreError:
                continue
            seq = -1 if record is None else record.seq
            if waiting.seqs.get(docid) != seq:
                self.wake(docid, seq)
            elif waiting.viewers.get(docid, -1) != viewers:
                self.viewers_changed(docid)
            if docid in waiting.viewers:
                waiting.viewers[docid] = viewers


def _set(events: Iterable[threading.Event]) -> None:
    for event in events:
        event.set()
