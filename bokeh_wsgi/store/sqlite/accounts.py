"""The accounts of `SQLiteStore`, in the same file."""

import sqlite3
import time
from collections.abc import Callable

from bokeh_wsgi.exc import NotFound
from bokeh_wsgi.store.accounts import AccountStore
from bokeh_wsgi.store.records import Credential, StoreLimit, UserRecord
from bokeh_wsgi.store.throttling import next_try

from .connections import Connections

CREATE_USER = "INSERT INTO users (name, password_hash, created) VALUES (?, ?, ?)"
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
COUNT_CREDENTIALS = "SELECT count(*) FROM credentials WHERE user = ? AND kind = ?"
DELETE_CREDENTIAL = "DELETE FROM credentials WHERE user = ? AND id = ?"

DROP_CODES = "DELETE FROM codes WHERE expires <= ?"
PUT_CODE = "INSERT OR REPLACE INTO codes (code, value, expires) VALUES (?, ?, ?)"
GET_CODE = "SELECT value FROM codes WHERE code = ? AND expires > ? ORDER BY code"
DROP_CODE = "DELETE FROM codes WHERE code = ?"

GET_TRIES = "SELECT expected FROM tries WHERE name = ? ORDER BY name"
PUT_TRIES = "INSERT OR REPLACE INTO tries (name, expected) VALUES (?, ?)"
DROP_TRIES = "DELETE FROM tries WHERE name = ?"
DROP_OLD_TRIES = "DELETE FROM tries WHERE expected <= ?"

GET_SETTING = "SELECT value FROM settings WHERE name = ? ORDER BY name"
ADD_SETTING = "INSERT INTO settings (name, value) VALUES (?, ?)"

RAISE_ACCESS_VERSION = "UPDATE access SET version = version + 1"


class SQLiteAccounts(AccountStore):
    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def create_user(self, name: str, password_hash: str, *, limit: int | None = None) -> bool:
        with self._connections.writing() as connection:
            if connection.execute(GET_USER, (name,)).fetchone() is not None:
                return False
            if limit is not None and connection.execute(COUNT_USERS).fetchone()[0] >= limit:
                raise StoreLimit(limit)
            connection.execute(CREATE_USER, (name, password_hash, time.time()))
        return True

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

    def add_credential(self, credential: Credential, *, limit: int | None = None) -> None:
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
            kept = connection.execute(COUNT_CREDENTIALS, (credential.user, credential.kind)).fetchone()[0]
            if limit is not None and kept >= limit:
                raise StoreLimit(limit)
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

    def setting(self, name: str, make: Callable[[], bytes]) -> bytes:
        with self._connections.reading() as connection:
            row = connection.execute(GET_SETTING, (name,)).fetchone()
        if row is not None:
            return bytes(row[0])
        with self._connections.writing() as connection:
            row = connection.execute(GET_SETTING, (name,)).fetchone()
            if row is not None:
                return bytes(row[0])
            value = make()
            connection.execute(ADD_SETTING, (name, value))
        return value


def _user_of(row: tuple[str, str, float, int]) -> UserRecord:
    name, password_hash, created, disabled = row
    return UserRecord(name, password_hash, created, bool(disabled))


def _next_try(
    connection: sqlite3.Connection, name: str, interval_s: float, burst: int
) -> tuple[float, float]:
    row = connection.execute(GET_TRIES, (name,)).fetchone()
    return next_try(0.0 if row is None else row[0], time.time(), interval_s, burst)
