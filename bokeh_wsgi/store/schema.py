"""The SQL schema of a SQLite file, version by version.

A new file gets all of `MIGRATIONS`, an older one those that it lacks. What was released is never changed.
"""

from typing import Final

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

# Of a frame, in the row of its first part; NULL where it was written before there were any.
CHECKSUMS: Final = """
ALTER TABLE history ADD COLUMN checksum INTEGER;
ALTER TABLE snapshots ADD COLUMN checksum INTEGER
"""

MIGRATIONS: Final = (DOCUMENTS, ACCOUNTS, VIEWERS, HOSTS, CHECKSUMS)
