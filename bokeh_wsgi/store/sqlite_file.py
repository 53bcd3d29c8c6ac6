"""The SQLite file of a store: made, told from other files, and its errors put into words."""

import errno
import os
import shutil
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bokeh_wsgi.exc import StoreDamaged, StoreError, StoreFull

APPLICATION_ID = 0x626B7767  # "bkwg", so that `file` and we can tell our files from others


def create_file(path: Path) -> None:
    """Make the file and its folder, for nobody else to read; SQLite gives its other files the same mode."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.is_file():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        # What is there is not opened: to close it would end this process's locks on it.
        elif not os.access(path, os.R_OK | os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise StoreError(
            f"The store {path} cannot be written ({error.strerror}): check the permissions, "
            "or choose another place for it."
        ) from error


def prepare(connection: sqlite3.Connection, path: Path, schemas: Sequence[str], *, timeout_s: float) -> None:
    """Make the tables that the file lacks, and switch to WAL; raises StoreError if it is not our file.

    Each of the ``schemas`` brings a file from the version before to its own; the first makes version 1.
    """
    newest = len(schemas)
    if _version(connection, path, newest) < newest:
        # Has to be said before the first table. Deleting a document then really makes the file smaller.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("BEGIN IMMEDIATE")
        for schema in schemas[_version(connection, path, newest) :]:  # another process may have been quicker
            for statement in schema.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {newest}")
        connection.execute("COMMIT")
    _use_wal(connection, timeout_s)


def _version(connection: sqlite3.Connection, path: Path, newest: int) -> int:
    """The version of the file's tables; 0 if it is empty, StoreError if it is not a store that we know."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application == APPLICATION_ID and version > newest:
        raise StoreError(
            f"The store {path} was written by a later bokeh_wsgi (schema {version}; this one knows "
            f"{newest}): upgrade bokeh_wsgi, or choose another store."
        )
    if application != APPLICATION_ID and tables:
        raise StoreError(f"{path} is the database of another program: choose another file for the store.")
    return int(version) if tables else 0


def _use_wal(connection: sqlite3.Connection, timeout_s: float) -> None:
    """Readers then do not wait for writers. SQLite does not wait for its turn to switch, so this does."""
    end = time.monotonic() + timeout_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if _primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)


def explain(error: sqlite3.Error | UnicodeDecodeError, path: Path) -> StoreError:
    """The StoreError for an error of SQLite: one sentence with what to do."""
    code = _primary_code(error)
    if isinstance(error, UnicodeDecodeError) or any(sign in str(error) for sign in _SIGNS_OF_DAMAGE):
        code = sqlite3.SQLITE_CORRUPT
    if code == sqlite3.SQLITE_IOERR and _is_full(path):
        code = sqlite3.SQLITE_FULL
    advice = {
        sqlite3.SQLITE_BUSY: _BUSY,
        sqlite3.SQLITE_LOCKED: _BUSY,
        sqlite3.SQLITE_FULL: "has no space left on its disk: make some, or choose another place",
        sqlite3.SQLITE_READONLY: "cannot be written to: check the permissions, or choose another place",
        sqlite3.SQLITE_CANTOPEN: "cannot be opened: check the permissions of the file and its folder",
        sqlite3.SQLITE_PERM: "cannot be opened: check the permissions of the file and its folder",
        sqlite3.SQLITE_NOTADB: "is not an SQLite database: choose another file for the store",
        sqlite3.SQLITE_CORRUPT: "is damaged: put a backup in its place, or choose another file",
        sqlite3.SQLITE_IOERR: "cannot be read or written: check its disk",
        sqlite3.SQLITE_TOOBIG: "cannot hold anything that large: send less at a time",
    }.get(code, "cannot be used")
    return _KINDS.get(code, StoreError)(f"The store {path} {advice} ({error}).")


_BUSY: Final = "is being written to by another process for too long: see what it is doing"
_KINDS: Final[dict[int, type[StoreError]]] = {
    sqlite3.SQLITE_FULL: StoreFull,
    sqlite3.SQLITE_CORRUPT: StoreDamaged,
    sqlite3.SQLITE_NOTADB: StoreDamaged,
}
# Errors that have no code of their own: there was text, and there were these tables and columns.
_SIGNS_OF_DAMAGE: Final = ("decode to UTF-8", "no such table", "no such column")
# Less than this is not enough for the smallest change.
_LEAST_BYTES = 64 << 10


def busy(path: Path) -> StoreError:
    """What to say where others write for longer than one can wait."""
    return StoreError(f"The store {path} {_BUSY}.")


def _is_full(path: Path) -> bool:
    """Whether the disk has no room: SQLite says so of some of its files only."""
    try:
        return shutil.disk_usage(path.absolute().parent).free < _LEAST_BYTES
    except OSError:
        return False


def _primary_code(error: Exception) -> int:
    return int(getattr(error, "sqlite_errorcode", -1)) & 0xFF
