"""A store in the memory of this process."""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from bokeh_wsgi.exc import Conflict, NotFound, StoreError
from bokeh_wsgi.process import PerProcess

from .base import KEPT_KEYS, VIEWERS_S, SequenceTaken, Store, new_docid
from .memory_accounts import MemoryAccounts
from .records import RIGHTS, DocumentRecord, StoreLimit


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
    published: bool = False
    tokens: int = 0
    host: str = ""
    viewers: dict[str, tuple[int, float]] = field(default_factory=dict)
    shares: dict[str, str] = field(default_factory=dict)

    @property
    def record(self) -> DocumentRecord:
        size = self.history_bytes + (0 if self.snapshot is None else len(self.snapshot[1]))
        return DocumentRecord(
            self.docid,
            self.owner,
            self.title,
            self.created,
            self.changed,
            self.seq,
            size,
            self.published,
            self.tokens,
            self.host,
        )


class MemoryStore(Store):
    """A store in memory, not shared between processes: a forked child has its own copy."""

    is_shared = False
    accounts: MemoryAccounts

    def __init__(self) -> None:
        self._documents: dict[str, _Document] = {}
        self.accounts = MemoryAccounts(lambda: self._lock)
        self._commits = 0
        self._revocations = 0
        self._closed = False
        # One lock per process: a lock that was held during a fork would never be released in the child.
        self._lock_of_process = PerProcess(threading.RLock)

    @property
    def _lock(self) -> threading.RLock:
        if self._closed:
            raise StoreError("The store is closed.")
        return self._lock_of_process.now

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

    def create_document(
        self, owner: str, title: str, *, limit: int | None = None
    ) -> tuple[DocumentRecord, bool]:
        with self._lock:
            document = self._titled(owner, title)
            if document is not None:
                return document.record, False
            if limit is not None and self.usage(owner)[0] >= limit:
                raise StoreLimit(limit)
            now = time.time()
            document = _Document(new_docid(), owner, title, now, now)
            self._documents[document.docid] = document
            self._commits += 1
            return document.record, True

    def get_document(self, docid: str) -> DocumentRecord | None:
        with self._lock:
            document = self._documents.get(docid)
            return None if document is None else document.record

    def list_documents(self, owner: str) -> list[DocumentRecord]:
        with self._lock:
            return _latest_first(d.record for d in self._documents.values() if d.owner == owner)

    def rename_document(self, docid: str, title: str) -> None:
        with self._lock:
            document = self._find(docid)
            other = self._titled(document.owner, title)
            if other not in (None, document):
                raise Conflict(f"There is another document with the title {title!r}.")
            document.title = title
            self._commits += 1

    def delete_document(self, docid: str) -> bool:
        with self._lock:
            self._commits += 1
            return self._documents.pop(docid, None) is not None

    def append(
        self,
        docid: str,
        seq: int,
        frame: bytes | bytearray | memoryview,
        key: str,
        *,
        host: str | None = None,
        max_owner_bytes: int | None = None,
    ) -> int:
        with self._lock:
            document = self._find(docid)
            if key and key in document.keys:
                return document.keys[key]
            if seq != document.seq + 1:
                raise SequenceTaken(document.seq)
            if max_owner_bytes is not None and self.usage(document.owner)[1] > max_owner_bytes:
                raise StoreLimit(max_owner_bytes)
            document.seq, document.changed = seq, time.time()
            document.history[seq] = bytes(frame)
            document.history_bytes += len(frame)
            if host is not None:
                document.host = host
            if key:
                document.keys[key] = seq
            self._commits += 1
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
            self._commits += 1

    def history_bytes(self, docid: str) -> int:
        with self._lock:
            document = self._documents.get(docid)
            return 0 if document is None else document.history_bytes

    def set_viewers(self, docid: str, process: str, number: int) -> None:
        with self._lock:
            viewers = self._find(docid).viewers
            viewers.pop(process, None)
            if number:
                viewers[process] = number, time.time()
            self._commits += 1

    def viewers(self, docid: str) -> int:
        since = time.time() - VIEWERS_S
        with self._lock:
            document = self._documents.get(docid)
            told = [] if document is None else document.viewers.values()
            return sum(number for number, at in told if at > since)

    def publish_document(self, docid: str, published: bool) -> None:
        with self._lock:
            self._find(docid).published = published
            self._revocations += 1

    def share_document(self, docid: str, user: str, right: str) -> None:
        if right not in RIGHTS:
            raise ValueError(f"a right is one of {RIGHTS}, not {right!r}")
        with self._lock:
            shares = self._find(docid).shares
            if self.accounts.get_user(user) is None:
                raise NotFound(f"No user {user!r}.")
            before = shares.pop(user, "")
            if right:
                shares[user] = right
            if RIGHTS.index(right) < RIGHTS.index(before):
                self._revocations += 1

    def share_of(self, docid: str, user: str) -> str:
        return self.shares(docid).get(user, "")

    def shares(self, docid: str) -> dict[str, str]:
        with self._lock:
            document = self._documents.get(docid)
            return {} if document is None else dict(sorted(document.shares.items()))

    def list_shared(self, user: str) -> list[tuple[DocumentRecord, str]]:
        with self._lock:
            rights = {d.docid: d.shares[user] for d in self._documents.values() if user in d.shares}
            records = _latest_first(self._documents[docid].record for docid in rights)
        return [(record, rights[record.docid]) for record in records]

    def list_published(self) -> list[DocumentRecord]:
        with self._lock:
            return _latest_first(d.record for d in self._documents.values() if d.published)

    def withdraw_tokens(self, docid: str) -> int:
        with self._lock:
            document = self._find(docid)
            document.tokens += 1
            self._revocations += 1
            return document.tokens

    def usage(self, owner: str) -> tuple[int, int]:
        with self._lock:
            sizes = [d.record.bytes for d in self._documents.values() if d.owner == owner]
        return len(sizes), sum(sizes)

    def version(self) -> int:
        with self._lock:
            return self._commits + self.accounts.commits + self.access_version()

    def access_version(self) -> int:
        with self._lock:
            return self._revocations + self.accounts.revocations

    def close(self) -> None:
        self._closed = True


def _latest_first(records: Iterable[DocumentRecord]) -> list[DocumentRecord]:
    youngest_first = list(records)[::-1]  # stable sort: of two with equal times, the newer one is first
    return sorted(youngest_first, key=lambda record: -record.changed)
