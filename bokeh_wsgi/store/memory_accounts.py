"""The accounts of `MemoryStore`."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

from bokeh_wsgi.exc import NotFound

from .accounts import AccountStore
from .records import Credential, StoreLimit, UserRecord
from .throttling import next_try

FORGET_TRIES_ABOVE = 10_000


class MemoryAccounts(AccountStore):
    """Accounts in memory. ``lock`` returns the store's lock; raises StoreError once the store is closed.

    ``commits`` and ``revocations`` are added to the store's version numbers.
    """

    def __init__(self, lock: Callable[[], AbstractContextManager[object]]) -> None:
        self.commits = 0
        self.revocations = 0
        self._lock = lock
        self._users: dict[str, UserRecord] = {}
        self._credentials: dict[str, Credential] = {}
        self._codes: dict[str, tuple[str, float]] = {}
        self._tries: dict[str, float] = {}
        self._settings: dict[str, bytes] = {}

    def _find(self, name: str) -> UserRecord:
        try:
            return self._users[name]
        except KeyError:
            raise NotFound(f"No user {name!r}.") from None

    def create_user(self, name: str, password_hash: str, *, limit: int | None = None) -> bool:
        with self._lock():
            if name in self._users:
                return False
            if limit is not None and len(self._users) >= limit:
                raise StoreLimit(limit)
            self._users[name] = UserRecord(name, password_hash, time.time())
            return True

    def get_user(self, name: str) -> UserRecord | None:
        with self._lock():
            return self._users.get(name)

    def list_users(self) -> list[UserRecord]:
        with self._lock():
            return sorted(self._users.values(), key=lambda user: user.name)

    def count_users(self) -> int:
        with self._lock():
            return len(self._users)

    def set_password(self, name: str, password_hash: str, *, keep_login: str = "") -> None:
        with self._lock():
            self._users[name] = replace(self._find(name), password_hash=password_hash)
            for known in list(self._credentials.values()):
                if (known.user, known.kind) == (name, "login") and known.id != keep_login:
                    del self._credentials[known.id]
            self.revocations += 1

    def rehash_password(self, name: str, old_hash: str, new_hash: str) -> None:
        with self._lock():
            user = self._find(name)
            if user.password_hash == old_hash:
                self._users[name] = replace(user, password_hash=new_hash)

    def set_disabled(self, name: str, disabled: bool) -> None:
        with self._lock():
            self._users[name] = replace(self._find(name), disabled=disabled)
            self.revocations += 1

    def add_credential(self, credential: Credential, *, limit: int | None = None) -> None:
        with self._lock():
            self._find(credential.user)
            known = [one for one in self.list_credentials(credential.user) if one.kind == credential.kind]
            if limit is not None and len(known) >= limit:
                raise StoreLimit(limit)
            self._credentials[credential.id] = credential

    def get_credential(self, credential_id: str) -> Credential | None:
        with self._lock():
            return self._credentials.get(credential_id)

    def list_credentials(self, user: str) -> list[Credential]:
        with self._lock():
            found = [known for known in self._credentials.values() if known.user == user]
        return sorted(found, key=lambda credential: (-credential.created, credential.id))

    def delete_credential(self, user: str, credential_id: str) -> bool:
        with self._lock():
            credential = self._credentials.get(credential_id)
            if credential is None or credential.user != user:
                return False
            del self._credentials[credential_id]
            self.revocations += 1
            return True

    def put_code(self, code: str, value: str, expires: float) -> None:
        with self._lock():
            now = time.time()
            self._codes = {known: kept for known, kept in self._codes.items() if kept[1] > now}
            self._codes[code] = (value, expires)

    def get_code(self, code: str) -> str | None:
        with self._lock():
            value, expires = self._codes.get(code, ("", 0.0))
            return value if expires > time.time() else None

    def take_code(self, code: str) -> str | None:
        with self._lock():
            value = self.get_code(code)
            self._codes.pop(code, None)
            return value

    def throttle(self, name: str, interval_s: float, burst: int) -> float:
        with self._lock():
            now = time.time()
            wait_s, expected = next_try(self._tries.get(name, 0.0), now, interval_s, burst)
            if len(self._tries) > FORGET_TRIES_ABOVE:
                self._tries = {known: until for known, until in self._tries.items() if until > now}
            if not wait_s:
                self._tries[name] = expected
            return wait_s

    def forgive(self, name: str) -> None:
        with self._lock():
            self._tries.pop(name, None)

    def setting(self, name: str, make: Callable[[], bytes]) -> bytes:
        with self._lock():
            if name not in self._settings:
                self._settings[name] = make()
                self.commits += 1
            return self._settings[name]
