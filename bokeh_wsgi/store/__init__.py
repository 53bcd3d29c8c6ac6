"""Stores: persistent storage of users, documents, histories and snapshots.

===============================  ===============================================================
``memory:``                      in the memory of this process: for tests
``sqlite:///relative.db``        a file, for any number of processes of one machine
``sqlite:////absolute/path.db``
===============================  ===============================================================

``sqlite:///…?synchronous=normal`` is faster, but less durable: a crash of the machine may lose the last
changes. A killed process loses nothing.
"""

from bokeh_wsgi.exc import StoreError

from .accounts import AccountStore as AccountStore
from .base import KEPT_KEYS as KEPT_KEYS
from .base import VIEWERS_S as VIEWERS_S
from .base import SequenceTaken as SequenceTaken
from .base import Store as Store
from .memory import MemoryStore as MemoryStore
from .records import Credential as Credential
from .records import DocumentRecord as DocumentRecord
from .records import StoreLimit as StoreLimit
from .records import UserRecord as UserRecord
from .sqlite import SQLiteStore as SQLiteStore


def open_store(uri: str) -> Store:
    """Open the store at `uri`, or create it; raises StoreError."""
    if uri == "memory:":
        return MemoryStore()
    if uri.startswith("sqlite:"):
        return SQLiteStore.from_uri(uri)
    raise StoreError(f"No store is called {uri!r}; use memory: or sqlite:///path/to/file.db.")
