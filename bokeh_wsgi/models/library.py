"""The open documents of this process."""

import threading
from collections import OrderedDict

from bokeh_wsgi.exc import NotFound
from bokeh_wsgi.process import PerProcess
from bokeh_wsgi.store import Store

from .document import Document, Limits

# Memory that open documents may take; the least recently used are closed first.
OPEN_BYTES = 1 << 30


class _OpenDocuments:
    """The open documents of one process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        # The least recently used first.
        self.by_docid: OrderedDict[str, Document] = OrderedDict()
        # The most recently used one, which needs no lock.
        self.last: Document | None = None


class Library:
    """Opens documents and caches them. Thread-safe, fork-safe."""

    def __init__(self, store: Store, limits: Limits) -> None:
        self._store = store
        self._limits = limits
        self._open = PerProcess(_OpenDocuments)

    def open(self, docid: str) -> Document:
        """The document; raises `NotFound` if it does not exist."""
        opened = self._open.now
        last = opened.last
        if last is not None and last.docid == docid:
            return last
        with opened.lock:
            document = opened.by_docid.get(docid)
            if document is None:
                if self._store.get_document(docid) is None:
                    raise NotFound(f"No document {docid!r}: it was deleted, or its link is wrong.")
                _close_unused(opened.by_docid)
                document = opened.by_docid[docid] = Document(self._store, docid, self._limits)
            opened.by_docid.move_to_end(docid)
            opened.last = document
            return document

    def is_at(self, docid: str, seq: int) -> bool:
        """Whether the document is open, and at this seq as far as this process has seen."""
        document = self._open.now.by_docid.get(docid)
        return document is not None and document.seq == seq

    def forget(self, docid: str) -> None:
        opened = self._open.now
        with opened.lock:
            opened.by_docid.pop(docid, None)
            opened.last = None


def _close_unused(documents: OrderedDict[str, Document]) -> None:
    total = sum(document.nbytes for document in documents.values())
    while total > OPEN_BYTES and len(documents) > 1:
        _, document = documents.popitem(last=False)
        total -= document.nbytes
