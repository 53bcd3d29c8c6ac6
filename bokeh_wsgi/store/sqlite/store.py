"""A store in an SQLite file, for any number of threads and processes of one machine.

With WAL and ``synchronous=FULL`` a commit is on disk when it returns, and readers never wait. Frames are
stored in parts, since SQLite limits values to 1 GB, and copies each value; each frame has a checksum.
"""

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from bokeh_wsgi.exc import Conflict, NotFound, StoreError
from bokeh_wsgi.store.base import KEPT_KEYS, VIEWERS_S, SequenceTaken, Store, new_docid
from bokeh_wsgi.store.parts import frame_of, parts_of
from bokeh_wsgi.store.records import RIGHTS, DocumentRecord, StoreLimit

from .accounts import GET_USER, RAISE_ACCESS_VERSION, SQLiteAccounts
from .connections import Connections

log = logging.getLogger("bokeh_wsgi")

MAX_SEQ = 2**63 - 1
KEPT_FREE_PAGES = 2048
GIVE_BACK_PAGES = 1024
GIVE_BACK_S = 1.0

COLUMNS = """docid, owner, title, created, changed, seq, history_bytes + snapshot_bytes,
    published, documents.tokens, documents.host"""
RECORD = f"SELECT {COLUMNS} FROM documents"

GET_DOCUMENT = f"{RECORD} WHERE docid = ? ORDER BY id"
FIND_DOCUMENT = f"{RECORD} WHERE owner = ? AND title = ? ORDER BY id"
LIST_DOCUMENTS = f"{RECORD} WHERE owner = ? ORDER BY changed DESC, id DESC"
CREATE_DOCUMENT = "INSERT INTO documents (docid, owner, title, created, changed) VALUES (?, ?, ?, ?, ?)"
RENAME_DOCUMENT = "UPDATE documents SET title = ? WHERE docid = ?"
DELETE_DOCUMENT = "DELETE FROM documents WHERE docid = ?"

ROW_OF = "SELECT id, seq, snapshot_seq FROM documents WHERE docid = ? ORDER BY id"
ADD_CHANGE = "INSERT INTO history (document, seq, part, checksum, frame) VALUES (?, ?, ?, ?, ?)"
ADD_KEY = "INSERT INTO keys (document, key, seq) VALUES (?, ?, ?)"
COUNT_CHANGE = """UPDATE documents SET seq = ?, changed = ?, history_bytes = history_bytes + ?,
    host = coalesce(?, host) WHERE id = ?"""
APPLIED = """SELECT keys.seq FROM keys JOIN documents ON documents.id = keys.document
    WHERE docid = ? AND key = ? ORDER BY keys.seq"""
CHANGES = """SELECT history.seq, part, checksum, frame FROM history
    JOIN documents ON documents.id = history.document
    WHERE docid = ? AND history.seq > ? ORDER BY history.seq, part"""
SNAPSHOT = """SELECT snapshot_seq, part, checksum, frame FROM snapshots
    JOIN documents ON documents.id = snapshots.document WHERE docid = ? ORDER BY part"""
HISTORY_BYTES = "SELECT history_bytes FROM documents WHERE docid = ? ORDER BY id"

DROP_SNAPSHOT = "DELETE FROM snapshots WHERE document = ?"
ADD_SNAPSHOT = "INSERT INTO snapshots (document, part, checksum, frame) VALUES (?, ?, ?, ?)"
DROP_HISTORY = "DELETE FROM history WHERE document = ? AND seq <= ?"
DROP_KEYS = "DELETE FROM keys WHERE document = ? AND seq <= ?"
COUNT_FOLD = """UPDATE documents SET snapshot_seq = ?, snapshot_bytes = ?,
    history_bytes = (SELECT coalesce(sum(length(frame)), 0) FROM history WHERE document = documents.id)
    WHERE id = ?"""

DROP_VIEWERS = "DELETE FROM viewers WHERE document = ? AND (process = ? OR at <= ?)"
ADD_VIEWERS = "INSERT INTO viewers (document, process, number, at) VALUES (?, ?, ?, ?)"
COUNT_VIEWERS = """SELECT coalesce(sum(number), 0) FROM viewers JOIN documents ON documents.id = document
    WHERE docid = ? AND at > ?"""

PUBLISH = "UPDATE documents SET published = ? WHERE docid = ?"
SHARE = """INSERT OR REPLACE INTO shares (document, user, right)
    SELECT id, ?, ? FROM documents WHERE docid = ?"""
UNSHARE = "DELETE FROM shares WHERE user = ? AND document = (SELECT id FROM documents WHERE docid = ?)"
SHARES = """SELECT user, right FROM shares JOIN documents ON documents.id = shares.document
    WHERE docid = ? ORDER BY user"""
SHARE_OF = """SELECT right FROM shares JOIN documents ON documents.id = shares.document
    WHERE docid = ? AND user = ? ORDER BY user"""
LIST_SHARED = f"""SELECT {COLUMNS}, right FROM documents JOIN shares ON documents.id = shares.document
    WHERE user = ? ORDER BY changed DESC, documents.id DESC"""
LIST_PUBLISHED = f"{RECORD} WHERE published ORDER BY changed DESC, id DESC"
WITHDRAW_TOKENS = "UPDATE documents SET tokens = tokens + 1 WHERE docid = ? RETURNING tokens"
OWNER_BYTES = """SELECT sum(history_bytes + snapshot_bytes) FROM documents
    WHERE owner = (SELECT owner FROM documents WHERE id = ?)"""
USAGE = "SELECT count(*), coalesce(sum(history_bytes + snapshot_bytes), 0) FROM documents WHERE owner = ?"

ACCESS_VERSION = "SELECT version FROM access ORDER BY version"


class SQLiteStore(Store):
    """A store in an SQLite file. `synchronous` "normal" is faster, but a machine crash may lose changes."""

    def __init__(self, path: Path | str, *, synchronous: str = "full") -> None:
        if synchronous not in ("full", "normal"):
            raise StoreError(f"synchronous is full or normal, not {synchronous!r}.")
        self._connections = Connections(Path(path).expanduser(), synchronous=synchronous)
        self.accounts = SQLiteAccounts(self._connections)

    @classmethod
    def from_uri(cls, uri: str) -> "SQLiteStore":
        """``sqlite:///relative.db`` or ``sqlite:////absolute.db``, with ``?synchronous=normal`` if wanted."""
        parts = urlsplit(uri)
        path = unquote(parts.path[1:])
        if parts.netloc or not uri.startswith("sqlite:///") or path.strip("/") in ("", ":memory:"):
            raise StoreError(
                f"{uri!r} names no file: write sqlite:///relative.db or sqlite:////absolute/path.db "
                "(and memory: for a store in memory)."
            )
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        synchronous = options.pop("synchronous", "full")
        if options:
            raise StoreError(f"{uri!r}: a store has no option {', '.join(options)}; it has synchronous.")
        return cls(path, synchronous=synchronous)

    @property
    def path(self) -> Path:
        return self._connections.path

    def create_document(
        self, owner: str, title: str, *, limit: int | None = None
    ) -> tuple[DocumentRecord, bool]:
        with self._connections.reading() as connection:
            found = _record(connection, FIND_DOCUMENT, owner, title)
        if found is not None:
            return found, False
        with self._connections.writing() as connection:
            found = _record(connection, FIND_DOCUMENT, owner, title)
            if found is not None:
                return found, False
            if limit is not None and connection.execute(USAGE, (owner,)).fetchone()[0] >= limit:
                raise StoreLimit(limit)
            now = time.time()
            record = DocumentRecord(new_docid(), owner, title, now, now, 0, 0)
            connection.execute(CREATE_DOCUMENT, (record.docid, owner, title, now, now))
        return record, True

    def get_document(self, docid: str) -> DocumentRecord | None:
        with self._connections.reading() as connection:
            return _record(connection, GET_DOCUMENT, docid)

    def list_documents(self, owner: str) -> list[DocumentRecord]:
        with self._connections.reading() as connection:
            return [_record_of(row) for row in connection.execute(LIST_DOCUMENTS, (owner,))]

    def rename_document(self, docid: str, title: str) -> None:
        try:
            with self._connections.writing() as connection:
                _row_of(connection, docid)
                connection.execute(RENAME_DOCUMENT, (title, docid))
        except StoreError as error:
            if isinstance(error.__cause__, sqlite3.IntegrityError):
                raise Conflict(f"There is another document with the title {title!r}.") from None
            raise

    def delete_document(self, docid: str) -> bool:
        with self._connections.writing() as connection:
            deleted = connection.execute(DELETE_DOCUMENT, (docid,)).rowcount > 0
        if deleted:
            with _besides():
                self._give_back()
                self._clear_log()
        return deleted

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
        with self._connections.writing() as connection:
            document, last, _ = _row_of(connection, docid)
            if key:
                done = connection.execute(APPLIED, (docid, key)).fetchone()
                if done is not None:
                    return int(done[0])
            if seq != last + 1:
                raise SequenceTaken(last)
            if max_owner_bytes is not None:
                (size,) = connection.execute(OWNER_BYTES, (document,)).fetchone()
                if size > max_owner_bytes:
                    raise StoreLimit(max_owner_bytes)
            connection.executemany(
                ADD_CHANGE, ((document, seq, *part) for part in parts_of(docid, seq, frame))
            )
            if key:
                connection.execute(ADD_KEY, (document, key, seq))
            connection.execute(COUNT_CHANGE, (seq, time.time(), len(frame), host, document))
        return seq

    def applied(self, docid: str, key: str) -> int | None:
        with self._connections.reading() as connection:
            row = connection.execute(APPLIED, (docid, key)).fetchone()
        return None if row is None else int(row[0])

    def changes(self, docid: str, after: int) -> list[tuple[int, bytes]]:
        with self._connections.reading() as connection:
            rows = connection.execute(CHANGES, (docid, min(after, MAX_SEQ))).fetchall()
        return [(seq, frame_of(docid, seq, parts)) for seq, parts in groupby(rows, itemgetter(0))]

    def snapshot(self, docid: str) -> tuple[int, bytes] | None:
        with self._connections.reading() as connection:
            rows = connection.execute(SNAPSHOT, (docid,)).fetchall()
        return (rows[0][0], frame_of(docid, rows[0][0], rows)) if rows else None

    def fold(self, docid: str, seq: int, frame: bytes) -> None:
        with self._connections.writing() as connection:
            document, last, folded = _row_of(connection, docid)
            if seq > last:
                raise ValueError(f"cannot fold up to {seq}: the last change is {last}")
            if folded is not None and seq <= folded:
                return
            connection.execute(DROP_SNAPSHOT, (document,))
            connection.executemany(ADD_SNAPSHOT, ((document, *part) for part in parts_of(docid, seq, frame)))
            connection.execute(DROP_HISTORY, (document, seq))
            connection.execute(DROP_KEYS, (document, min(seq, last - KEPT_KEYS)))
            connection.execute(COUNT_FOLD, (seq, len(frame), document))
        with _besides():
            self._give_back()

    def history_bytes(self, docid: str) -> int:
        with self._connections.reading() as connection:
            row = connection.execute(HISTORY_BYTES, (docid,)).fetchone()
        return 0 if row is None else int(row[0])

    def set_viewers(self, docid: str, process: str, number: int) -> None:
        now = time.time()
        with self._connections.writing() as connection:
            row = _row_of(connection, docid)[0]
            connection.execute(DROP_VIEWERS, (row, process, now - VIEWERS_S))
            if number:
                connection.execute(ADD_VIEWERS, (row, process, number, now))

    def viewers(self, docid: str) -> int:
        with self._connections.reading() as connection:
            since = time.time() - VIEWERS_S
            (number,) = connection.execute(COUNT_VIEWERS, (docid, since)).fetchone()
        return int(number)

    def publish_document(self, docid: str, published: bool) -> None:
        with self._connections.writing() as connection:
            if not connection.execute(PUBLISH, (published, docid)).rowcount:
                raise NotFound(f"No document {docid!r}.")
            connection.execute(RAISE_ACCESS_VERSION)

    def share_document(self, docid: str, user: str, right: str) -> None:
        if right not in RIGHTS:
            raise ValueError(f"a right is one of {RIGHTS}, not {right!r}")
        with self._connections.writing() as connection:
            if connection.execute(GET_USER, (user,)).fetchone() is None:
                raise NotFound(f"No user {user!r}.")
            row = connection.execute(SHARE_OF, (docid, user)).fetchone()
            before = "" if row is None else row[0]
            if not right:
                connection.execute(UNSHARE, (user, docid))
            elif not connection.execute(SHARE, (user, right, docid)).rowcount:
                raise NotFound(f"No document {docid!r}.")
            if RIGHTS.index(right) < RIGHTS.index(before):
                connection.execute(RAISE_ACCESS_VERSION)

    def share_of(self, docid: str, user: str) -> str:
        with self._connections.reading() as connection:
            row = connection.execute(SHARE_OF, (docid, user)).fetchone()
        return "" if row is None else str(row[0])

    def shares(self, docid: str) -> dict[str, str]:
        with self._connections.reading() as connection:
            return dict(connection.execute(SHARES, (docid,)).fetchall())

    def list_shared(self, user: str) -> list[tuple[DocumentRecord, str]]:
        with self._connections.reading() as connection:
            rows = connection.execute(LIST_SHARED, (user,)).fetchall()
        return [(_record_of(row), row[-1]) for row in rows]

    def list_published(self) -> list[DocumentRecord]:
        with self._connections.reading() as connection:
            return [_record_of(row) for row in connection.execute(LIST_PUBLISHED)]

    def withdraw_tokens(self, docid: str) -> int:
        with self._connections.writing() as connection:
            rows = connection.execute(WITHDRAW_TOKENS, (docid,)).fetchall()
            if not rows:
                raise NotFound(f"No document {docid!r}.")
            connection.execute(RAISE_ACCESS_VERSION)
        return int(rows[0][0])

    def usage(self, owner: str) -> tuple[int, int]:
        with self._connections.reading() as connection:
            count, size = connection.execute(USAGE, (owner,)).fetchone()
        return int(count), int(size)

    def version(self) -> int:
        return self._connections.data_version()

    def access_version(self) -> int:
        with self._connections.reading() as connection:
            return int(connection.execute(ACCESS_VERSION).fetchone()[0])

    def close(self) -> None:
        self._connections.close()

    def _give_back(self) -> None:
        """Return free space to the disk, except for what the next changes will need.

        Works in steps, so that writers do not wait long, and for a second at most, since the deletion waits
        too. The rest is reused, or returned the next time.
        """
        with self._connections.reading() as connection:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            (free,) = connection.execute("PRAGMA freelist_count").fetchone()
        surplus = free - max(KEPT_FREE_PAGES, (pages - free) // 4)
        end = time.monotonic() + GIVE_BACK_S
        while surplus > 0 and time.monotonic() < end:
            self._connections.run(f"PRAGMA incremental_vacuum({min(GIVE_BACK_PAGES, surplus)})")
            surplus -= GIVE_BACK_PAGES

    def _clear_log(self) -> None:
        """Truncate the log, which still has the deleted data, unless there are readers."""
        with self._connections.reading() as connection:
            (timeout_ms,) = connection.execute("PRAGMA busy_timeout").fetchone()
            connection.execute("PRAGMA busy_timeout = 0")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            connection.execute(f"PRAGMA busy_timeout = {timeout_ms}")


@contextmanager
def _besides() -> Iterator[None]:
    """A context for optional work after a call: errors are only logged."""
    try:
        yield
    except StoreError as error:
        log.warning("%s", error)


def _record(connection: sqlite3.Connection, query: str, *values: str) -> DocumentRecord | None:
    row = connection.execute(query, values).fetchone()
    return None if row is None else _record_of(row)


def _row_of(connection: sqlite3.Connection, docid: str) -> tuple[int, int, int | None]:
    """(id, seq, seq of the snapshot)."""
    row = connection.execute(ROW_OF, (docid,)).fetchone()
    if row is None:
        raise NotFound(f"No document {docid!r}.")
    return row[0], row[1], row[2]


def _record_of(row: tuple[Any, ...]) -> DocumentRecord:
    """The record of a row of `COLUMNS`."""
    docid, owner, title, created, changed, seq, size, published, tokens, host = row[:10]
    return DocumentRecord(docid, owner, title, created, changed, seq, size, bool(published), tokens, host)
