"""Compaction: replaces a long history by a snapshot, in a background thread."""

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
"""A history smaller than this is not folded. Above, it is folded once it is larger than the columns."""


def is_due(history_bytes: int, state: State) -> bool:
    """Whether the history is larger than the columns. Cheap."""
    return history_bytes > max(MIN_FOLD_BYTES, state.nbytes)


def fold(store: Store, docid: str, seq: int, ops: Iterable[Op]) -> None:
    """Store ``ops``, which create the document at ``seq``, as its snapshot, and drop the history before."""
    store.fold(docid, seq, b"".join(dataplane.encode(docid, ops)))


class Compactable(Protocol):
    """A document with a history."""

    docid: str

    def fold_is_due(self) -> bool: ...

    def fold(self) -> bool: ...


class _Work:
    """The queue of one process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.documents: deque[Compactable] = deque()
        self.is_running = False


class HistoryCompactor:
    """Folds documents in one background thread per process, which runs only while there is work."""

    def __init__(self) -> None:
        self._work = PerProcess(_Work)

    def consider(self, document: Compactable) -> None:
        """Queue ``document`` if its history is due to be folded."""
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
