"""The documents that this process has open."""

import os
import threading
from collections import OrderedDict

from bokeh_wsgi.exc import NotFound
from bokeh_wsgi.store import Store

from .document import Document, Limits

# Documents stay open up to this many bytes of values; the longest unused ones go first.
OPEN_BYTES = 1 << 30


class Library:
    """Opens documents and keeps those in use. Thread-safe, fork-safe."""

    def __init__(self, store: Store, limits: Limits) -> None:
        self._store = store
        self._limits = limits
        self._start_anew()

    def _start_anew(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._open: OrderedDict[str, Document] = OrderedDict()
        # The one that was asked for last, which is at the end already: found without a lock.
        self._last: Document | None = None

    def open(self, docid: str) -> Document:
        """The document; raises `NotFound` if there is none."""
        if os.getpid() != self._pid:
            self._start_anew()
        last = self._last
        if last is not None and last.docid == docid:
            return last
        with self._lock:
            document = self._open.get(docid)
            if document is None:
                if self._store.get_document(docid) is None:
                    raise NotFound(f"No document {docid!r}: it was deleted, or its link is wrong.")
                self._close_unused()
                document = self._open[docid] = Document(self._store, docid, self._limits)
            self._open.move_to_end(docid)
            self._last = document
            return document

    def forget(self, docid: str) -> None:
        with self._lock:
            self._open.pop(docid, None)
            self._last = None

    def _close_unused(self) -> None:
        total = sum(document.nbytes for document in self._open.values())
        while total > OPEN_BYTES and len(self._open) > 1:
            _, document = self._open.popitem(last=False)
            total -= document.nbytes
