"""Interface of stores: documents, their histories and snapshots, and rights to them."""

import secrets
from abc import ABC, abstractmethod
from typing import ClassVar

from bokeh_wsgi.exc import Conflict

from .accounts import AccountStore
from .records import DocumentRecord

KEPT_KEYS = 1000
"""Number of a document's last idempotency keys that are kept after folding."""
VIEWERS_S = 45.0
"""Seconds for which a process's number of viewers is valid."""


class SequenceTaken(Conflict):
    """Another commit has used this seq; ``current`` is the document's last seq."""

    code = "sequence-taken"

    def __init__(self, current: int) -> None:
        super().__init__(f"The next change is {current + 1}: look at the changes before it, and try again.")
        self.current = current


class Store(ABC):
    """Stores documents, their histories and snapshots, and users' rights to them; users are in ``accounts``.

    Methods are atomic and thread-safe. Writes are durable when the method returns, if the store is. A store
    may be opened before a fork and used in both processes. If a document does not exist, writing methods
    raise NotFound, and reading ones return nothing. All methods raise StoreError if the store cannot be used:
    StoreFull without space, StoreDamaged for corrupt data. Then nothing was written, and the store works
    again when the cause is fixed. Frames are opaque, and may be empty.

    Methods with a limit check it and write in one step, over all processes. They raise `StoreLimit` if the
    limit is reached; None: no limit.
    """

    is_shared: ClassVar[bool] = True
    """Whether other processes may commit to this store."""
    accounts: AccountStore

    @abstractmethod
    def create_document(
        self, owner: str, title: str, *, limit: int | None = None
    ) -> tuple[DocumentRecord, bool]:
        """The owner's document with this title, created if missing; and whether it was created.

        ``limit`` is the largest number of documents per owner.
        """

    @abstractmethod
    def get_document(self, docid: str) -> DocumentRecord | None: ...

    @abstractmethod
    def list_documents(self, owner: str) -> list[DocumentRecord]:
        """The owner's documents, last changed first."""

    @abstractmethod
    def rename_document(self, docid: str, title: str) -> None:
        """Change the title; raises Conflict if the owner has another document with it."""

    @abstractmethod
    def delete_document(self, docid: str) -> bool:
        """Delete a document and its data; False if it does not exist. Its docid is never reused."""

    @abstractmethod
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
        """Add a change to the history and return its seq; set the record's ``host`` unless None.

        ``max_owner_bytes`` limits the stored bytes of the owner's documents.

        `key` is the idempotency key, "" for none: if an earlier change of the document has it, nothing is
        added, and its seq is returned. Otherwise raises SequenceTaken unless `seq` is the next one.
        """

    @abstractmethod
    def applied(self, docid: str, key: str) -> int | None:
        """The seq of the change with this idempotency key.

        Known while the change is in the history, and for the last `KEPT_KEYS` changes.
        """

    @abstractmethod
    def changes(self, docid: str, after: int) -> list[tuple[int, bytes]]:
        """(seq, frame) of the history's changes after `after`, ascending.

        They start with ``after + 1`` unless that was folded.
        """

    @abstractmethod
    def snapshot(self, docid: str) -> tuple[int, bytes] | None:
        """(seq, frame) of the last fold."""

    @abstractmethod
    def fold(self, docid: str, seq: int, frame: bytes) -> None:
        """Store `frame` as the snapshot at `seq`, and drop the history up to it.

        Does nothing if there is a snapshot at this seq or a later one. Raises ValueError if `seq` is after
        the last change.
        """

    @abstractmethod
    def history_bytes(self, docid: str) -> int:
        """Bytes of the frames in the history, without the snapshot."""

    @abstractmethod
    def set_viewers(self, docid: str, process: str, number: int) -> None:
        """Set the number of a process's pages that show the document, for `VIEWERS_S`."""

    @abstractmethod
    def viewers(self, docid: str) -> int:
        """The number of pages that show the document, over all processes."""

    @abstractmethod
    def publish_document(self, docid: str, published: bool) -> None: ...

    @abstractmethod
    def share_document(self, docid: str, user: str, right: str) -> None:
        """Set the right of `user`: "read", "write" or "" for none; raises ValueError for another."""

    @abstractmethod
    def share_of(self, docid: str, user: str) -> str:
        """The shared right of a user: "read", "write" or ""."""

    @abstractmethod
    def shares(self, docid: str) -> dict[str, str]:
        """All shared rights by user, sorted by name."""

    @abstractmethod
    def list_shared(self, user: str) -> list[tuple[DocumentRecord, str]]:
        """Documents of others that are shared with a user, and the right; last changed first."""

    @abstractmethod
    def list_published(self) -> list[DocumentRecord]:
        """Published documents of all users, last changed first."""

    @abstractmethod
    def withdraw_tokens(self, docid: str) -> int:
        """Increment and return the document's token number, which invalidates all earlier tokens."""

    @abstractmethod
    def usage(self, owner: str) -> tuple[int, int]:
        """The number of a user's documents, and their bytes in the store."""

    @abstractmethod
    def version(self) -> int:
        """A number that changes with every commit of any process. Cheap.

        Comparable only with earlier results in this process.
        """

    @abstractmethod
    def access_version(self) -> int:
        """A number that rises with every loss of a right: a user is disabled; a credential, a share or a
        publication ends; tokens are withdrawn. Cheap."""

    @abstractmethod
    def close(self) -> None:
        """Close files and connections; later calls raise StoreError."""


def new_docid() -> str:
    """A random id for URLs and command lines (so it does not begin with a dash)."""
    while (docid := secrets.token_urlsafe(12)).startswith("-"):
        pass
    return docid
