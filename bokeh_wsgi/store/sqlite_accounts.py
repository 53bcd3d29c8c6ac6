"""Users and rights in the SQLite file: the second part of `SQLiteStore`."""

import sqlite3
import time
from typing import Any

from bokeh_wsgi.exc import NotFound

from .accounts import RIGHTS, Credential, UserRecord, next_try
from .base import DocumentRecord, Store
from .connections import Connections

COLUMNS = """docid, owner, title, created, changed, seq, history_bytes + snapshot_bytes,
    published, documents.tokens, documents.host"""
RECORD = f"SELECT {COLUMNS} FROM documents"

CREATE_USER = "INSERT OR IGNORE INTO users (name, password_hash, created) VALUES (?, ?, ?)"
USER = "SELECT name, password_hash, created, disabled FROM users"
GET_USER = f"{USER} WHERE name = ? ORDER BY name"
LIST_USERS = f"{USER} ORDER BY name"
COUNT_USERS = "SELECT count(*) FROM users"
SET_PASSWORD = "UPDATE users SET password_hash = ? WHERE name = ?"
REHASH_PASSWORD = "UPDATE users SET password_hash = ? WHERE name = ? AND password_hash = ?"
END_LOGINS = "DELETE FROM credentials WHERE user = ? AND kind = 'login' AND id != ?"
SET_DISABLED = "UPDATE users SET disabled = ? WHERE name = ?"

ADD_CREDENTIAL = """INSERT INTO credentials (id, user, kind, name, secret_hash, created)
    VALUES (?, ?, ?, ?, ?, ?)"""
CREDENTIAL = "SELECT id, user, kind, name, secret_hash, created FROM credentials"
GET_CREDENTIAL = f"{CREDENTIAL} WHERE id = ? ORDER BY id"
LIST_CREDENTIALS = f"{CREDENTIAL} WHERE user = ? ORDER BY created DESC, id"
DELETE_CREDENTIAL = "DELETE FROM credentials WHERE user = ? AND id = ?"

DROP_CODES = "DELETE FROM codes WHERE expires <= ?"
PUT_CODE = "INSERT OR REPLACE INTO codes (code, value, expires) VALUES (?, ?, ?)"
GET_CODE = "SELECT value FROM codes WHERE code = ? AND expires > ? ORDER BY code"
DROP_CODE = "DELETE FROM codes WHERE code = ?"

GET_TRIES = "SELECT expected FROM tries WHERE name = ? ORDER BY name"
PUT_TRIES = "INSERT OR REPLACE INTO tries (name, expected) VALUES (?, ?)"
DROP_TRIES = "DELETE FROM tries WHERE name = ?"
DROP_OLD_TRIES = "DELETE FROM tries WHERE expected <= ?"

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
USAGE = "SELECT count(*), coalesce(sum(history_bytes + snapshot_bytes), 0) FROM documents WHERE owner = ?"

ACCESS_VERSION = "SELECT version FROM access ORDER BY version"
RAISE_ACCESS_VERSION = "UPDATE access SET version = version + 1"


def record_of(row: tuple[Any, ...]) -> DocumentRecord:
    """The record that a row of `COLUMNS` is."""
    docid, owner, title, created, changed, seq, size, published, tokens, host = row[:10]
    return DocumentRecord(docid, owner, title, created, changed, seq, size, bool(published), tokens, host)


class SQLiteAccounts(Store):
    """What `SQLiteStore` does with users and rights."""

    _connections: Connections

    def create_user(self, name: str, password_hash: str) -> bool:
        with self._connections.writing() as connection:
            return connection.execute(CREATE_USER, (name, password_hash, time.time())).rowcount > 0

    def get_user(self, name: str) -> UserRecord | None:
        with self._connections.reading() as connection:
            row = connection.execute(GET_USER, (name,)).fetchone()
        return None if row is None else _user_of(row)

    def list_users(self) -> list[UserRecord]:
        with self._connections.reading() as connection:
            return [_user_of(row) for row in connection.execute(LIST_USERS)]

    def count_users(self) -> int:
        with self._connections.reading() as connection:
            return int(connection.execute(COUNT_USERS).fetchone()[0])

    def set_password(self, name: str, password_hash: str, *, keep_login: str = "") -> None:
        with self._connections.writing() as connection:
            if not connection.execute(SET_PASSWORD, (password_hash, name)).rowcount:
                raise NotFound(f"No user {name!r}.")
            connection.execute(END_LOGINS, (name, keep_login))
            connection.execute(RAISE_ACCESS_VERSION)

    def rehash_password(self, name: str, old_hash: str, new_hash: str) -> None:
        with self._connections.writing() as connection:
            connection.execute(REHASH_PASSWORD, (new_hash, name, old_hash))

    def set_disabled(self, name: str, disabled: bool) -> None:
        with self._connections.writing() as connection:
            if not connection.execute(SET_DISABLED, (disabled, name)).rowcount:
                raise NotFound(f"No user {name!r}.")
            connection.execute(RAISE_ACCESS_VERSION)

    def add_credential(self, credential: Credential) -> None:
        values = (
            credential.id,
            credential.user,
            credential.kind,
            credential.name,
            credential.secret_hash,
            credential.created,
        )
        with self._connections.writing() as connection:
            if connection.execute(GET_USER, (credential.user,)).fetchone() is None:
                raise NotFound(f"No user {credential.user!r}.")
            connection.execute(ADD_CREDENTIAL, values)

    def get_credential(self, credential_id: str) -> Credential | None:
        with self._connections.reading() as connection:
            row = connection.execute(GET_CREDENTIAL, (credential_id,)).fetchone()
        return None if row is None else Credential(*row)

    def list_credentials(self, user: str) -> list[Credential]:
        with self._connections.reading() as connection:
            return [Credential(*row) for row in connection.execute(LIST_CREDENTIALS, (user,))]

    def delete_credential(self, user: str, credential_id: str) -> bool:
        with self._connections.writing() as connection:
            deleted = connection.execute(DELETE_CREDENTIAL, (user, credential_id)).rowcount > 0
            if deleted:
                connection.execute(RAISE_ACCESS_VERSION)
        return deleted

    def put_code(self, code: str, value: str, expires: float) -> None:
        with self._connections.writing() as connection:
            connection.execute(DROP_CODES, (time.time(),))
            connection.execute(PUT_CODE, (code, value, expires))

    def get_code(self, code: str) -> str | None:
        with self._connections.reading() as connection:
            row = connection.execute(GET_CODE, (code, time.time())).fetchone()
        return None if row is None else str(row[0])

    def take_code(self, code: str) -> str | None:
        with self._connections.writing() as connection:
            row = connection.execute(GET_CODE, (code, time.time())).fetchone()
            connection.execute(DROP_CODE, (code,))
        return None if row is None else str(row[0])

    def throttle(self, name: str, interval_s: float, burst: int) -> float:
        with self._connections.reading() as connection:
            wait_s, _ = _next_try(connection, name, interval_s, burst)
        if wait_s:
            return wait_s
        with self._connections.writing() as connection:
            wait_s, expected = _next_try(connection, name, interval_s, burst)
            if not wait_s:
                connection.execute(DROP_OLD_TRIES, (time.time(),))
                connection.execute(PUT_TRIES, (name, expected))
        return wait_s

    def forgive(self, name: str) -> None:
        with self._connections.reading() as connection:
            if connection.execute(GET_TRIES, (name,)).fetchone() is None:
                return
        with self._connections.writing() as connection:
            connection.execute(DROP_TRIES, (name,))

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
        return [(record_of(row), row[-1]) for row in rows]

    def list_published(self) -> list[DocumentRecord]:
        with self._connections.reading() as connection:
            return [record_of(row) for row in connection.execute(LIST_PUBLISHED)]

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

    def access_version(self) -> int:
        with self._connections.reading() as connection:
            return int(connection.execute(ACCESS_VERSION).fetchone()[0])


def _user_of(row: tuple[str, str, float, int]) -> UserRecord:
    name, password_hash, created, disabled = row
    return UserRecord(name, password_hash, created, bool(disabled))


def _next_try(
    connection: sqlite3.Connection, name: str, interval_s: float, burst: int
) -> tuple[float, float]:
    row = connection.execute(GET_TRIES, (name,)).fetchone()
    return next_try(0.0 if row is None else row[0], time.time(), interval_s, burst)
