"""The store in this process's memory."""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bokeh_wsgi.exc import Conflict, NotFound, StoreError

from .base import KEPT_KEYS, DocumentRecord, SequenceTaken, Store, new_docid


@dataclass(slots=True)
class _Document:
    docid: str
    owner: str
    title: str
    created: float
    changed: float
    seq: int = 0
    history: dict[int, bytes] = field(default_factory=dict)
    history_bytes: int = 0
    snapshot: tuple[int, bytes] | None = None
    keys: dict[str, int] = field(default_factory=dict)

    @property
    def record(self) -> DocumentRecord:
        size = self.history_bytes + (0 if self.snapshot is None else len(self.snapshot[1]))
        return DocumentRecord(self.docid, self.owner, self.title, self.created, self.changed, self.seq, size)


class MemoryStore(Store):
    """Not shared: a fork gives the child a copy that goes its own way."""

    is_shared = False

    def __init__(self) -> None:
        self._documents: dict[str, _Document] = {}
        self._settings: dict[str, bytes] = {}
        self._version = 0
        self._closed = False
        self._pid = os.getpid()
        self._lock_of_pid = threading.RLock()

    @property
    def _lock(self) -> threading.RLock:
        if self._pid != os.getpid():
            # Whoever held the lock when this process was forked is not here to release it.
            self._pid, self._lock_of_pid = os.getpid(), threading.RLock()
        if self._closed:
            raise StoreError("The store is closed.")
        return self._lock_of_pid

    def _find(self, docid: str) -> _Document:
        try:
            return self._documents[docid]
        except KeyError:
            raise NotFound(f"No document {docid!r}.") from None

    def _titled(self, owner: str, title: str) -> _Document | None:
        for document in self._documents.values():
            if (document.owner, document.title) == (owner, title):
                return document
        return None

    def create_document(self, owner: str, title: str) -> tuple[DocumentRecord, bool]:
        with self._lock:
            document = self._titled(owner, title)
            if document is not None:
                return document.record, False
            now = time.time()
            document = _Document(new_docid(), owner, title, now, now)
            self._documents[document.docid] = document
            self._version += 1
            return document.record, True

    def get_document(self, docid: str) -> DocumentRecord | None:
        with self._lock:
            document = self._documents.get(docid)
            return None if document is None else document.record

    def list_documents(self, owner: str) -> list[DocumentRecord]:
        with self._lock:
            records = [document.record for document in self._documents.values() if document.owner == owner]
        records.reverse()  # sorting is stable: of two that changed at once, the younger one comes first
        return sorted(records, key=lambda record: -record.changed)

    def rename_document(self, docid: str, title: str) -> None:
        with self._lock:
            document = self._find(docid)
            other = self._titled(document.owner, title)
            if other not in (None, document):
                raise Conflict(f"There is another document with the title {title!r}.")
            document.title = title
            self._version += 1

    def delete_document(self, docid: str) -> bool:
        with self._lock:
            self._version += 1
            return self._documents.pop(docid, None) is not None

    def append(self, docid: str, seq: int, frame: bytes | bytearray | memoryview, key: str) -> int:
        with self._lock:
            document = self._find(docid)
            if key and key in document.keys:
                return document.keys[key]
            if seq != document.seq + 1:
                raise SequenceTaken(document.seq)
            document.seq, document.changed = seq, time.time()
            document.history[seq] = bytes(frame)
            document.history_bytes += len(frame)
            if key:
                document.keys[key] = seq
            self._version += 1
            return seq

    def applied(self, docid: str, key: str) -> int | None:
        with self._lock:
            document = self._documents.get(docid)
            return None if document is None else document.keys.get(key)

    def changes(self, docid: str, after: int) -> list[tuple[int, bytes]]:
        with self._lock:
            document = self._documents.get(docid)
            if document is None:
                return []
            numbers = range(document.seq - len(document.history) + 1, document.seq + 1)
            return [(seq, document.history[seq]) for seq in numbers if seq > after]

    def snapshot(self, docid: str) -> tuple[int, bytes] | None:
        with self._lock:
            document = self._documents.get(docid)
            return None if document is None else document.snapshot

    def fold(self, docid: str, seq: int, frame: bytes) -> None:
        with self._lock:
            document = self._find(docid)
            if seq > document.seq:
                raise ValueError(f"cannot fold up to {seq}: the last change is {document.seq}")
            if document.snapshot is not None and seq <= document.snapshot[0]:
                return
            document.snapshot = seq, bytes(frame)
            document.history = {n: kept for n, kept in document.history.items() if n > seq}
            document.history_bytes = sum(map(len, document.history.values()))
            oldest = min(seq, document.seq - KEPT_KEYS)
            document.keys = {key: n for key, n in document.keys.items() if n > oldest}
            self._version += 1

    def history_bytes(self, docid: str) -> int:
        with self._lock:
            document = self._documents.get(docid)
            return 0 if document is None else document.history_bytes

    def setting(self, name: str, make: Callable[[], bytes]) -> bytes:
        with self._lock:
            if name not in self._settings:
                self._settings[name] = make()
                self._version += 1
            return self._settings[name]

    def version(self) -> int:
        with self._lock:
            return self._version

    def close(self) -> None:
        self._closed = True
