"""Users and rights in this process's memory: the second part of `MemoryStore`."""

import dataclasses
import time
from dataclasses import dataclass, field

from bokeh_wsgi.exc import NotFound

from .accounts import RIGHTS, Credential, UserRecord, next_try


@dataclass(slots=True)
class Accounts:
    """What there is beside documents. Not thread-safe: `MemoryStore` has the lock."""

    users: dict[str, UserRecord] = field(default_factory=dict)
    credentials: dict[str, Credential] = field(default_factory=dict)
    codes: dict[str, tuple[str, float]] = field(default_factory=dict)
    tries: dict[str, float] = field(default_factory=dict)
    # By docid and user.
    shares: dict[tuple[str, str], str] = field(default_factory=dict)
    version: int = 0

    def user(self, name: str) -> UserRecord:
        try:
            return self.users[name]
        except KeyError:
            raise NotFound(f"No user {name!r}.") from None

    def create(self, name: str, password_hash: str) -> bool:
        if name in self.users:
            return False
        self.users[name] = UserRecord(name, password_hash, time.time())
        return True

    def set_password(self, name: str, password_hash: str, keep_login: str) -> None:
        self.users[name] = dataclasses.replace(self.user(name), password_hash=password_hash)
        for credential in list(self.credentials.values()):
            if (credential.user, credential.kind) == (name, "login") and credential.id != keep_login:
                del self.credentials[credential.id]
        self.version += 1

    def set_disabled(self, name: str, disabled: bool) -> None:
        self.users[name] = dataclasses.replace(self.user(name), disabled=disabled)
        self.version += 1

    def delete_credential(self, user: str, credential_id: str) -> bool:
        credential = self.credentials.get(credential_id)
        if credential is None or credential.user != user:
            return False
        del self.credentials[credential_id]
        self.version += 1
        return True

    def put_code(self, code: str, value: str, expires: float) -> None:
        now = time.time()
        self.codes = {known: kept for known, kept in self.codes.items() if kept[1] > now}
        self.codes[code] = (value, expires)

    def get_code(self, code: str) -> str | None:
        value, expires = self.codes.get(code, ("", 0.0))
        return value if expires > time.time() else None

    def throttle(self, name: str, interval_s: float, burst: int) -> float:
        now = time.time()
        wait_s, expected = next_try(self.tries.get(name, 0.0), now, interval_s, burst)
        if len(self.tries) > FORGET_TRIES_ABOVE:
            self.tries = {known: until for known, until in self.tries.items() if until > now}
        if not wait_s:
            self.tries[name] = expected
        return wait_s

    def share(self, docid: str, user: str, right: str) -> None:
        if right not in RIGHTS:
            raise ValueError(f"a right is one of {RIGHTS}, not {right!r}")
        before = self.shares.pop((docid, user), "")
        if right:
            self.shares[docid, user] = right
        if RIGHTS.index(right) < RIGHTS.index(before):
            self.version += 1

    def forget_document(self, docid: str) -> None:
        self.shares = {key: right for key, right in self.shares.items() if key[0] != docid}


FORGET_TRIES_ABOVE = 10_000
