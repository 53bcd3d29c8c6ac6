"""The store in this process's memory."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from bokeh_wsgi.exc import Conflict, NotFound, StoreError
from bokeh_wsgi.process import PerProcess

from .accounts import Credential, UserRecord
from .base import KEPT_KEYS, VIEWERS_S, DocumentRecord, SequenceTaken, Store, new_docid
from .memory_accounts import Accounts


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
    """Not shared: a fork gives the child a copy that goes its own way."""

    is_shared = False

    def __init__(self) -> None:
        self._documents: dict[str, _Document] = {}
        self._settings: dict[str, bytes] = {}
        self._accounts = Accounts()
        self._version = 0
        self._closed = False
        # Whoever held the lock when this process was forked is not here to release it.
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
            return _latest_first(d.record for d in self._documents.values() if d.owner == owner)

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
            self._accounts.forget_document(docid)
            return self._documents.pop(docid, None) is not None

    def append(
        self,
        docid: str,
        seq: int,
        frame: bytes | bytearray | memoryview,
        key: str,
        *,
        host: str | None = None,
    ) -> int:
        with self._lock:
            document = self._find(docid)
            if key and key in document.keys:
                return document.keys[key]
            if seq != document.seq + 1:
                raise SequenceTaken(document.seq)
            document.seq, document.changed = seq, time.time()
            document.history[seq] = bytes(frame)
            document.history_bytes += len(frame)
            if host is not None:
                document.host = host
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

    def set_viewers(self, docid: str, process: str, number: int) -> None:
        with self._lock:
            viewers = self._find(docid).viewers
            viewers.pop(process, None)
            if number:
                viewers[process] = number, time.time()
            self._version += 1

    def viewers(self, docid: str) -> int:
        since = time.time() - VIEWERS_S
        with self._lock:
            document = self._documents.get(docid)
            told = [] if document is None else document.viewers.values()
            return sum(number for number, at in told if at > since)

    def version(self) -> int:
        with self._lock:
            return self._version + self._accounts.version

    def create_user(self, name: str, password_hash: str) -> bool:
        with self._lock:
            return self._accounts.create(name, password_hash)

    def get_user(self, name: str) -> UserRecord | None:
        with self._lock:
            return self._accounts.users.get(name)

    def list_users(self) -> list[UserRecord]:
        with self._lock:
            return sorted(self._accounts.users.values(), key=lambda user: user.name)

    def count_users(self) -> int:
        with self._lock:
            return len(self._accounts.users)

    def set_password(self, name: str, password_hash: str, *, keep_login: str = "") -> None:
        with self._lock:
            self._accounts.set_password(name, password_hash, keep_login)

    def rehash_password(self, name: str, old_hash: str, new_hash: str) -> None:
        with self._lock:
            user = self._accounts.user(name)
            if user.password_hash == old_hash:
                self._accounts.users[name] = replace(user, password_hash=new_hash)

    def set_disabled(self, name: str, disabled: bool) -> None:
        with self._lock:
            self._accounts.set_disabled(name, disabled)

    def add_credential(self, credential: Credential) -> None:
        with self._lock:
            self._accounts.user(credential.user)
            self._accounts.credentials[credential.id] = credential

    def get_credential(self, credential_id: str) -> Credential | None:
        with self._lock:
            return self._accounts.credentials.get(credential_id)

    def list_credentials(self, user: str) -> list[Credential]:
        with self._lock:
            found = [known for known in self._accounts.credentials.values() if known.user == user]
        return sorted(found, key=lambda credential: (-credential.created, credential.id))

    def delete_credential(self, user: str, credential_id: str) -> bool:
        with self._lock:
            return self._accounts.delete_credential(user, credential_id)

    def put_code(self, code: str, value: str, expires: float) -> None:
        with self._lock:
            self._accounts.put_code(code, value, expires)

    def get_code(self, code: str) -> str | None:
        with self._lock:
            return self._accounts.get_code(code)

    def take_code(self, code: str) -> str | None:
        with self._lock:
            value = self._accounts.get_code(code)
            self._accounts.codes.pop(code, None)
            return value

    def throttle(self, name: str, interval_s: float, burst: int) -> float:
        with self._lock:
            return self._accounts.throttle(name, interval_s, burst)

    def forgive(self, name: str) -> None:
        with self._lock:
            self._accounts.tries.pop(name, None)

    def publish_document(self, docid: str, published: bool) -> None:
        with self._lock:
            self._find(docid).published = published
            self._accounts.version += 1

    def share_document(self, docid: str, user: str, right: str) -> None:
        with self._lock:
            self._find(docid)
            self._accounts.user(user)
            self._accounts.share(docid, user, right)

    def share_of(self, docid: str, user: str) -> str:
        with self._lock:
            return self._accounts.shares.get((docid, user), "")

    def shares(self, docid: str) -> dict[str, str]:
        with self._lock:
            return {user: right for (of, user), right in sorted(self._accounts.shares.items()) if of == docid}

    def list_shared(self, user: str) -> list[tuple[DocumentRecord, str]]:
        with self._lock:
            rights = {
                docid: right for (docid, whose), right in self._accounts.shares.items() if whose == user
            }
            records = _latest_first(d.record for docid, d in self._documents.items() if docid in rights)
        return [(record, rights[record.docid]) for record in records]

    def list_published(self) -> list[DocumentRecord]:
        with self._lock:
            return _latest_first(d.record for d in self._documents.values() if d.published)

    def withdraw_tokens(self, docid: str) -> int:
        with self._lock:
            document = self._find(docid)
            document.tokens += 1
            self._accounts.version += 1
            return document.tokens

    def usage(self, owner: str) -> tuple[int, int]:
        with self._lock:
            sizes = [d.record.bytes for d in self._documents.values() if d.owner == owner]
        return len(sizes), sum(sizes)

    def access_version(self) -> int:
        with self._lock:
            return self._accounts.version

    def close(self) -> None:
        self._closed = True


def _latest_first(records: Iterable[DocumentRecord]) -> list[DocumentRecord]:
    youngest_first = list(records)[::-1]  # sorting is stable: so it is of two that changed at once
    return sorted(youngest_first, key=lambda record: -record.changed)
