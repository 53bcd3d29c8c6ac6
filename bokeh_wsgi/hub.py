"""Wakes those who wait for a document to change, whichever process changed it."""

import threading
from collections import defaultdict
from collections.abc import Collection, Iterable
from contextlib import suppress

from bokeh_wsgi.exc import StoreError
from bokeh_wsgi.process import PerProcess
from bokeh_wsgi.store import Store

# How often the store is asked whether another process committed (a few microseconds each time).
WATCH_INTERVAL_S = 0.01


class _Waiting:
    """Who waits in one process, and what they were woken for last."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.events: defaultdict[str, set[threading.Event]] = defaultdict(set)
        self.seqs: dict[str, int] = {}
        # Of documents some of whose readers are told how many look at them.
        self.viewers: dict[str, int] = {}
        self.access_version = -1
        self.access_number = 0
        self.watcher: threading.Thread | None = None
        self.is_closed = False

    def everybody(self) -> list[threading.Event]:
        return [event for events in self.events.values() for event in events]


class Hub:
    """Meeting point of a process's commits and its waiting responses. Thread-safe, fork-safe.

    A commit of this process calls `wake`; those of other processes, if the store is shared with any, are
    noticed by one watching thread, which runs only while somebody waits.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting = PerProcess(_Waiting)

    def join(self, docids: Collection[str], event: threading.Event, *, viewers: bool = False) -> None:
        """From now on, ``event`` is set whenever one of the documents changes or goes.

        With ``viewers`` also when more or fewer pages of other processes look at it: see `viewers_changed`.
        """
        waiting = self._waiting.now
        with waiting.lock:
            for docid in docids:
                waiting.events[docid].add(event)
                if viewers:
                    waiting.viewers.setdefault(docid, -1)
            if waiting.watcher is None and self._store.is_shared:
                # Before the readers check their rights for the first time: what comes later is noticed.
                # A store that cannot be used is the business of who reads: this only has to let go again.
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
        """Wake those who wait for ``docid``, which is at ``seq`` now (-1: it is gone)."""
        waiting = self._waiting.now
        with waiting.lock:
            events = list(waiting.events.get(docid, ()))
            if events:
                waiting.seqs[docid] = seq
        _set(events)

    def viewers_changed(self, docid: str) -> None:
        """Wake those who wait for ``docid``: some of them may want to know how many look at it."""
        waiting = self._waiting.now
        with waiting.lock:
            events = list(waiting.events.get(docid, ()))
        _set(events)

    @property
    def access_number(self) -> int:
        """Another one whenever somebody may do less than before."""
        return self._waiting.now.access_number

    def access_changed(self) -> None:
        """Wake everybody, since some may no longer read what they do."""
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
                # Most readers do not ask for it.
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
