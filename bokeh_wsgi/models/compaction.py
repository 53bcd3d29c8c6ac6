"""Compaction: a history that has grown long becomes a snapshot, in a thread, so that no publisher waits."""

import logging
import threading
from collections import deque
from collections.abc import Iterable
from typing import Final, Protocol

from bokeh_wsgi import dataplane
from bokeh_wsgi.dataplane import Op
from bokeh_wsgi.exc import BokehWSGIError
from bokeh_wsgi.process import PerProcess
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


class _Work:
    """What the thread of one process has to do."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.documents: deque[Compactable] = deque()
        self.is_running = False


class HistoryCompactor:
    """One thread per process that folds the documents it is told of; it runs only while there is work."""

    def __init__(self) -> None:
        self._work = PerProcess(_Work)

    def consider(self, document: Compactable) -> None:
        """Fold ``document`` soon if its history has grown enough; returns at once."""
        if not document.fold_is_due():
            return
        work = self._work.now
        with work.lock:
            if document not in work.documents:
                work.documents.append(document)
            if not work.is_running:
                work.is_running = True
                threading.Thread(target=_run, args=[work], name="bokeh-wsgi-fold", daemon=True).start()


def _run(work: _Work) -> None:
    while True:
        with work.lock:
            if not work.documents:
                work.is_running = False
                return
            document = work.documents.popleft()
        try:
            document.fold()
        except BokehWSGIError as error:
            log.warning("history of %s not folded: %s", document.docid, error)
