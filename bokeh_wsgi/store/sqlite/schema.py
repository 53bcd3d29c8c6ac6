"""The SQL schema of the SQLite store, and its migrations.

A new file gets all `MIGRATIONS`, an older one the missing ones. Released migrations are never changed.
"""

import sqlite3
import time
from pathlib import Path
from typing import Final

from bokeh_wsgi.exc import StoreError

from .errors import primary_code

APPLICATION_ID = 0x626B7767  # "bkwg": identifies our files

DOCUMENTS: Final = """
CREATE TABLE documents (
    id INTEGER PRIMARY KEY,
    docid TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    title TEXT NOT NULL,
    created REAL NOT NULL,
    changed REAL NOT NULL,
    seq INTEGER NOT NULL DEFAULT 0,
    history_bytes INTEGER NOT NULL DEFAULT 0,
    snapshot_seq INTEGER,
    snapshot_bytes INTEGER NOT NULL DEFAULT 0,
    UNIQUE (owner, title)
);
CREATE TABLE history (
    document INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    part INTEGER NOT NULL,
    frame BLOB NOT NULL,
    UNIQUE (document, seq, part)
);
CREATE TABLE snapshots (
    document INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    part INTEGER NOT NULL,
    frame BLOB NOT NULL,
    UNIQUE (document, part)
);
CREATE TABLE keys (
    document INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (document, key)
) WITHOUT ROWID;
CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID
"""

ACCOUNTS: Final = """
ALTER TABLE documents ADD COLUMN published INTEGER NOT NULL DEFAULT 0;
ALTER TABLE documents ADD COLUMN tokens INTEGER NOT NULL DEFAULT 0;
CREATE INDEX documents_published ON documents (published, changed) WHERE published;
CREATE TABLE users (
    name TEXT PRIMARY KEY,
    password_hash TEXT NOT NULL,
    created REAL NOT NULL,
    disabled INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE credentials (
    id TEXT PRIMARY KEY,
    user TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    created REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX credentials_user ON credentials (user);
CREATE TABLE shares (
    document INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    user TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    right TEXT NOT NULL,
    PRIMARY KEY (document, user)
) WITHOUT ROWID;
CREATE INDEX shares_user ON shares (user);
CREATE TABLE codes (
    code TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    expires REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE tries (
    name TEXT PRIMARY KEY,
    expected REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE access (version INTEGER NOT NULL);
INSERT INTO access (version) VALUES (0)
"""

VIEWERS: Final = """
CREATE TABLE viewers (
    document INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    process TEXT NOT NULL,
    number INTEGER NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (document, process)
) WITHOUT ROWID
"""

HOSTS: Final = "ALTER TABLE documents ADD COLUMN host TEXT NOT NULL DEFAULT ''"

# A frame's checksum is in the row of its first part; NULL in older rows.
CHECKSUMS: Final = """
ALTER TABLE history ADD COLUMN checksum INTEGER;
ALTER TABLE snapshots ADD COLUMN checksum INTEGER
"""

MIGRATIONS: Final = (DOCUMENTS, ACCOUNTS, VIEWERS, HOSTS, CHECKSUMS)
"""Migration n upgrades a file from version n - 1 to version n."""


def prepare(connection: sqlite3.Connection, path: Path, *, timeout_s: float) -> None:
    """Create missing tables and switch to WAL; raises StoreError for files of other programs."""
    newest = len(MIGRATIONS)
    if _version(connection, path) < newest:
        # Must be set before the first table is created. The file then shrinks when documents are deleted.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("BEGIN IMMEDIATE")
        for schema in MIGRATIONS[_version(connection, path) :]:  # another process may have migrated it
            for statement in schema.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {newest}")
        connection.execute("COMMIT")
    _use_wal(connection, timeout_s)


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """The schema version of the file, 0 if empty; raises StoreError for unknown files."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application == APPLICATION_ID and version > len(MIGRATIONS):
        raise StoreError(
            f"The store {path} was written by a later bokeh_wsgi (schema {version}; this one knows "
            f"{len(MIGRATIONS)}): upgrade bokeh_wsgi, or choose another store."
        )
    if application != APPLICATION_ID and tables:
        raise StoreError(f"{path} is the database of another program: choose another file for the store.")
    return int(version) if tables else 0


def _use_wal(connection: sqlite3.Connection, timeout_s: float) -> None:
    """Switch to WAL, so that readers do not wait for writers. Retries, since SQLite does not wait here."""
    end = time.monotonic() + timeout_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)
