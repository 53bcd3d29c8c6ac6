"""Folds long histories aside, so that no publisher waits for it."""

import logging
import os
import threading
from collections import deque

from bokeh_wsgi.exc import BokehWSGIError

from .document import Document

log = logging.getLogger("bokeh_wsgi")


class Folder:
    """One thread per process that folds the documents it is told of; it runs only while there is work."""

    def __init__(self) -> None:
        self._start_anew()

    def _start_anew(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._work: deque[Document] = deque()
        self._running = False

    def consider(self, document: Document) -> None:
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
