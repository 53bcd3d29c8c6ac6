"""The contract of stores: documents, their histories and snapshots, and who may see them."""

import secrets
from abc import ABC, abstractmethod
from typing import ClassVar

from bokeh_wsgi.exc import Conflict

from .accounts import AccountStore
from .records import DocumentRecord

KEPT_KEYS = 1000
"""Idempotency keys of a document's last changes that outlive folding."""
VIEWERS_S = 45.0
"""How long what a process says of its viewers holds, unless it says so again."""


class SequenceTaken(Conflict):
    """Somebody else has committed; ``current`` is the document's last seq."""

    code = "sequence-taken"

    def __init__(self, current: int) -> None:
        super().__init__(f"The next change is {current + 1}: look at the changes before it, and try again.")
        self.current = current


class Store(ABC):
    """Documents, their histories and snapshots, and users' rights to them; the users are in ``accounts``.

    Every method is atomic and thread-safe, and what it wrote is durable when it returns, as far as the store
    is at all. A store may be opened before a fork and used on both sides of it. Where a document is gone,
    methods that write raise NotFound, and those that read return nothing. Everything raises StoreError if the
    store cannot be used: StoreFull if there is no room, StoreDamaged if what it holds is not what was put in.
    Nothing was kept then, and all works again when the cause is gone. Frames are opaque, and may be empty.

    Where a method takes a limit, it counts what there is and writes in one step, over all processes. It
    raises `StoreLimit` if the limit is reached; None: there is no limit.
    """

    is_shared: ClassVar[bool] = True
    """Whether other processes may commit to what this one sees."""
    accounts: AccountStore

    @abstractmethod
    def create_document(
        self, owner: str, title: str, *, limit: int | None = None
    ) -> tuple[DocumentRecord, bool]:
        """Find the document that `owner` has under `title`, or make it; True if it was made.

        One is made only while the owner has fewer than ``limit``.
        """

    @abstractmethod
    def get_document(self, docid: str) -> DocumentRecord | None: ...

    @abstractmethod
    def list_documents(self, owner: str) -> list[DocumentRecord]:
        """The owner's documents, the one that changed last first."""

    @abstractmethod
    def rename_document(self, docid: str, title: str) -> None:
        """Give it another title; raises Conflict if its owner has another document of that title."""

    @abstractmethod
    def delete_document(self, docid: str) -> bool:
        """Delete it with all it has; False if it is not there. Its docid never comes back."""

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
        """Add a change to the history and return its seq; the record then has ``host`` (None: as before).

        One is added only while the owner's documents take no more than ``max_owner_bytes`` in the store.

        `key` is the idempotency key, or "" for none: if a change of this document had it before, its seq is
        returned and nothing is added. Otherwise raises SequenceTaken unless `seq` is the next one.
        """

    @abstractmethod
    def applied(self, docid: str, key: str) -> int | None:
        """The seq of the change that had this idempotency key.

        Known at least as long as the change is in the history, and for the last `KEPT_KEYS` changes.
        """

    @abstractmethod
    def changes(self, docid: str, after: int) -> list[tuple[int, bytes]]:
        """(seq, frame) of the history's changes after `after`, ascending.

        They begin at ``after + 1`` unless that was folded.
        """

    @abstractmethod
    def snapshot(self, docid: str) -> tuple[int, bytes] | None:
        """(seq, frame) of the last fold."""

    @abstractmethod
    def fold(self, docid: str, seq: int, frame: bytes) -> None:
        """Keep `frame` as the snapshot at `seq`, and drop the history up to there.

        Does nothing if there is a snapshot of this seq or a later one. Raises ValueError if `seq` is not yet
        reached.
        """

    @abstractmethod
    def history_bytes(self, docid: str) -> int:
        """Bytes of the frames in the history, without the snapshot."""

    @abstractmethod
    def set_viewers(self, docid: str, process: str, number: int) -> None:
        """Note that so many pages look at the document through a process; that holds for `VIEWERS_S`."""

    @abstractmethod
    def viewers(self, docid: str) -> int:
        """How many pages look at the document through all processes."""

    @abstractmethod
    def publish_document(self, docid: str, published: bool) -> None: ...

    @abstractmethod
    def share_document(self, docid: str, user: str, right: str) -> None:
        """Give `user` the right "read" or "write", or with "" none; raises ValueError for another right."""

    @abstractmethod
    def share_of(self, docid: str, user: str) -> str:
        """The right that was shared with a user: "read", "write" or ""."""

    @abstractmethod
    def shares(self, docid: str) -> dict[str, str]:
        """All rights that were shared, by user, in the order of their names."""

    @abstractmethod
    def list_shared(self, user: str) -> list[tuple[DocumentRecord, str]]:
        """Documents of others that are shared with a user, and the right; the one that changed last first."""

    @abstractmethod
    def list_published(self) -> list[DocumentRecord]:
        """Published documents of all users, the one that changed last first."""

    @abstractmethod
    def withdraw_tokens(self, docid: str) -> int:
        """Raise the document's token number, which ends tokens of earlier numbers; returns the new one."""

    @abstractmethod
    def usage(self, owner: str) -> tuple[int, int]:
        """How many documents a user has, and the bytes that they take in the store."""

    @abstractmethod
    def version(self) -> int:
        """A number that is another one whenever anything was committed since, by any process. Cheap.

        It only compares with what this process got before.
        """

    @abstractmethod
    def access_version(self) -> int:
        """A number that rises whenever what anybody may do becomes less: a user is disabled, a credential, a
        share or a publication ends, tokens are withdrawn. Cheap."""

    @abstractmethod
    def close(self) -> None:
        """Let go of files and connections; using the store afterwards raises StoreError."""


def new_docid() -> str:
    """An id that cannot be guessed, fit for URLs and (no dash in front) for command lines."""
    while (docid := secrets.token_urlsafe(12)).startswith("-"):
        pass
    return docid
