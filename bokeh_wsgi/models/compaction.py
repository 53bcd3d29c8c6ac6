"""Compaction: a history that has grown long becomes a snapshot, in a thread, so that no publisher waits."""

import logging
import os
import threading
from collections import deque
from collections.abc import Iterable
from typing import Final, Protocol

from bokeh_wsgi import dataplane
from bokeh_wsgi.dataplane import Op
from bokeh_wsgi.exc import BokehWSGIError
from bokeh_wsgi.store import Store

from .state import State

log = logging.getLogger("bokeh_wsgi")

MIN_FOLD_BYTES: Final = 4 << 20
"""A history is folded once it outweighs the columns, but not for less than this."""


def is_due(history_bytes: int, state: State) -> bool:
    """Whether a history of so many bytes outweighs what it led to; costs next to nothing."""
    return history_bytes > max(MIN_FOLD_BYTES, state.nbytes)


def fold(store: Store, docid: str, seq: int, ops: Iterable[Op]) -> None:
    """Keep the change from nothing to ``seq`` as the document's snapshot, and drop the history before."""
    store.fold(docid, seq, b"".join(dataplane.encode(docid, ops)))


class Compactable(Protocol):
    """A document with a history."""

    docid: str

    def fold_is_due(self) -> bool: ...

    def fold(self) -> bool: ...


class HistoryCompactor:
    """One thread per process that folds the documents it is told of; it runs only while there is work."""

    def __init__(self) -> None:
        self._start_anew()

    def _start_anew(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._work: deque[Compactable] = deque()
        self._running = False

    def consider(self, document: Compactable) -> None:
        """Fold ``document`` soon if its history has grown enough; returns at once."""
        if not document.fold_is_due():
            return
        if os.getpid() != self._pid:
            self._start_anew()
        with self._lock:
            if document not in self._work:
                self._work.append(document)
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="bokeh-wsgi-fold", daemon=True).start()

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._work:
                    self._running = False
                    return
                document = self._work.popleft()
            try:
                document.fold()
            except BokehWSGIError as error:
                log.warning("history of %s not folded: %s", document.docid, error)
