"""The contract of stores."""

import secrets
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from bokeh_wsgi.exc import Conflict

from .accounts import AccountStore

KEPT_KEYS = 1000
"""Idempotency keys of a document's last changes that outlive folding."""
VIEWERS_S = 45.0
"""How long what a process says of its viewers holds, unless it says so again."""


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """What a store knows of a document without looking into it.

    ``seq`` is the number of the last change, 0 before the first. ``created`` and ``changed`` (the last change
    or the creation) are Unix times in seconds. ``bytes`` is what its snapshot and history take in the store.
    ``tokens`` is the number that document tokens must have to be valid. ``host`` is the machine whose script
    started the document anew the last time, "" if it did not say: not for people who may only read.
    """

    docid: str
    owner: str
    title: str
    created: float
    changed: float
    seq: int
    bytes: int
    published: bool = False
    tokens: int = 0
    host: str = ""


class SequenceTaken(Conflict):
    """Somebody else has committed; ``current`` is the document's last seq."""

    code = "sequence-taken"

    def __init__(self, current: int) -> None:
        super().__init__(f"The next change is {current + 1}: look at the changes before it, and try again.")
        self.current = current


class Store(AccountStore):
    """Documents, their histories and snapshots, settings, and users with their rights.

    Every method is atomic and thread-safe, and what it wrote is durable when it returns, as far as the store
    is at all. A store may be opened before a fork and used on both sides of it. Where a document is gone,
    methods that write raise NotFound, and those that read return nothing. Everything raises StoreError if the
    store cannot be used: StoreFull if there is no room, StoreDamaged if what it holds is not what was put in.
    Nothing was kept then, and all works again when the cause is gone. Frames are opaque, and may be empty.
    """

    is_shared: ClassVar[bool] = True
    """Whether other processes may commit to what this one sees."""

    @abstractmethod
    def create_document(self, owner: str, title: str) -> tuple[DocumentRecord, bool]:
        """Find the document that `owner` has under `title`, or make it; True if it was made."""

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
    ) -> int:
        """Add a change to the history and return its seq; the record then has ``host`` (None: as before).

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
    def setting(self, name: str, make: Callable[[], bytes]) -> bytes:
        """The value under this name: what `make` returned when somebody asked first, in whatever process."""

    @abstractmethod
    def set_viewers(self, docid: str, process: str, number: int) -> None:
        """Note that so many pages look at the document through a process; that holds for `VIEWERS_S`."""

    @abstractmethod
    def viewers(self, docid: str) -> int:
        """How many pages look at the document through all processes."""

    @abstractmethod
    def version(self) -> int:
        """A number that is another one whenever anything was committed since, by any process. Cheap.

        It only compares with what this process got before.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of files and connections; using the store afterwards raises StoreError."""


def new_docid() -> str:
    """An id that cannot be guessed, fit for URLs and (no dash in front) for command lines."""
    while (docid := secrets.token_urlsafe(12)).startswith("-"):
        pass
    return docid
