"""Wakes those who wait for a document to change, whichever process changed it."""

import os
import threading
from collections import defaultdict
from collections.abc import Collection
from contextlib import suppress

from bokeh_wsgi.exc import StoreError
from bokeh_wsgi.store import Store

# How often the store is asked whether another process committed (a few microseconds each time).
WATCH_INTERVAL_S = 0.01


class Hub:
    """Meeting point of a process's commits and its waiting responses. Thread-safe, fork-safe.

    A commit of this process calls `wake`; those of other processes, if the store is shared with any, are
    noticed by one watching thread, which runs only while somebody waits. ``access_number`` is another one
    whenever somebody may do less than before.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._pid = os.getpid()
        self._start_anew()

    def _start_anew(self) -> None:
        self._lock = threading.Lock()
        self._waiting: defaultdict[str, set[threading.Event]] = defaultdict(set)
        self._seqs: dict[str, int] = {}
        # Of documents some of whose readers are told how many look at them.
        self._viewers: dict[str, int] = {}
        self._access_version = -1
        self.access_number = 0
        self._watcher: threading.Thread | None = None
        self._closed = False

    def join(self, docids: Collection[str], event: threading.Event, *, viewers: bool = False) -> None:
        """From now on, ``event`` is set whenever one of the documents changes or goes.

        With ``viewers`` also when more or fewer pages of other processes look at it: see `viewers_changed`.
        """
        with self._lock_of_this_process():
            for docid in docids:
                self._waiting[docid].add(event)
                if viewers:
                    self._viewers.setdefault(docid, -1)
            if self._watcher is None and self._store.is_shared:
                # Before the readers check their rights for the first time: what comes later is noticed.
                # A store that cannot be used is the business of who reads: this only has to let go again.
                with suppress(StoreError):
                    self._access_version = self._store.access_version()
                self._watcher = threading.Thread(target=self._watch, name="bokeh-wsgi-hub", daemon=True)
                self._watcher.start()

    def leave(self, docids: Collection[str], event: threading.Event) -> None:
        with self._lock_of_this_process():
            for docid in docids:
                events = self._waiting.get(docid, set())
                events.discard(event)
                if not events:
                    self._waiting.pop(docid, None)
                    self._seqs.pop(docid, None)
                    self._viewers.pop(docid, None)

    def wake(self, docid: str, seq: int) -> None:
        """Wake those who wait for ``docid``, which is at ``seq`` now (-1: it is gone)."""
        with self._lock_of_this_process():
            self._seqs[docid] = seq
            events = list(self._waiting.get(docid, ()))
        for event in events:
            event.set()

    def viewers_changed(self, docid: str) -> None:
        """Wake those who wait for ``docid``: some of them may want to know how many look at it."""
        with self._lock_of_this_process():
            events = list(self._waiting.get(docid, ()))
        for event in events:
            event.set()

    def look_again(self) -> None:
        """Wake everybody, since some may no longer read what they do."""
        with self._lock_of_this_process():
            self.access_number += 1
            everybody = [event for events in self._waiting.values() for event in events]
        for event in everybody:
            event.set()

    @property
    def closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        """End every waiting response."""
        with self._lock_of_this_process():
            self._closed = True
            events = [event for events in self._waiting.values() for event in events]
        for event in events:
            event.set()

    def _lock_of_this_process(self) -> threading.Lock:
        if os.getpid() != self._pid:
            # A fork copies the lock and the list of waiters, but neither the threads nor the responses.
            self._pid = os.getpid()
            self._start_anew()
        return self._lock

    def _watch(self) -> None:
        pause = threading.Event()
        seen = self._version()
        while True:
            pause.wait(WATCH_INTERVAL_S)
            with self._lock:
                if not self._waiting or self._closed:
                    self._watcher = None
                    return
            version = self._version()
            if version != seen:
                seen = version
                self._wake_changed()

    def _version(self) -> int:
        try:
            return self._store.version()
        except StoreError:
            return -1

    def _wake_changed(self) -> None:
        with suppress(StoreError):
            access_version = self._store.access_version()
            if access_version != self._access_version:
                self._access_version = access_version
                self.look_again()
        for docid in list(self._waiting):
            try:
                record = self._store.get_document(docid)
                # Most readers do not ask for it.
                viewers = self._store.viewers(docid) if docid in self._viewers else -1
            except StoreError:
                continue
            seq = -1 if record is None else record.seq
            if self._seqs.get(docid) != seq:
                self.wake(docid, seq)
            elif self._viewers.get(docid, -1) != viewers:
                self.viewers_changed(docid)
            if docid in self._viewers:
                self._viewers[docid] = viewers
