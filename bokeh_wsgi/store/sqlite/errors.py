"""Converts SQLite's errors to StoreErrors that say what to do."""

import shutil
import sqlite3
from pathlib import Path
from typing import Final

from bokeh_wsgi.exc import StoreDamaged, StoreError, StoreFull

_BUSY: Final = "is being written to by another process for too long: see what it is doing"
_KINDS: Final[dict[int, type[StoreError]]] = {
    sqlite3.SQLITE_FULL: StoreFull,
    sqlite3.SQLITE_CORRUPT: StoreDamaged,
    sqlite3.SQLITE_NOTADB: StoreDamaged,
}
# Messages of errors without a specific code that mean that the file is corrupt.
_SIGNS_OF_DAMAGE: Final = ("decode to UTF-8", "no such table", "no such column")
# Free space that the smallest change needs.
_LEAST_BYTES: Final = 64 << 10


def explain(error: sqlite3.Error | UnicodeDecodeError, path: Path) -> StoreError:
    """The StoreError for an error of SQLite: one sentence with what to do."""
    code = primary_code(error)
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


def busy(path: Path) -> StoreError:
    """The error when other processes write for longer than the timeout."""
    return StoreError(f"The store {path} {_BUSY}.")


def _is_full(path: Path) -> bool:
    """Whether the disk is full, which SQLite reports only for some of its files."""
    try:
        return shutil.disk_usage(path.absolute().parent).free < _LEAST_BYTES
    except OSError:
        return False


def primary_code(error: Exception) -> int:
    """SQLite's primary result code of an error; 255 if it has none."""
    return int(getattr(error, "sqlite_errorcode", -1)) & 0xFF
