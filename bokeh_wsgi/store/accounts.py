"""The contract of stores, its second part: users, their credentials, and who may do what."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .base import DocumentRecord


@dataclass(frozen=True, slots=True)
class UserRecord:
    """``password_hash`` is empty for users who cannot sign in with a password; ``created`` is a Unix time."""

    name: str
    password_hash: str
    created: float
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Credential:
    """What a program (``kind`` "key") or a browser (``kind`` "login") shows instead of a password.

    ``secret_hash`` is empty where a signature proves it. ``created`` is a Unix time.
    """

    id: str
    user: str
    kind: str
    name: str
    secret_hash: str
    created: float


class AccountStore(ABC):
    """As `Store`: atomic, thread-safe, durable. Names of users are compared as they are."""

    @abstractmethod
    def create_user(self, name: str, password_hash: str) -> bool:
        """Make a user; False, and nothing is changed, if there is one of that name."""

    @abstractmethod
    def get_user(self, name: str) -> UserRecord | None: ...

    @abstractmethod
    def list_users(self) -> list[UserRecord]:
        """All users, by name."""

    @abstractmethod
    def count_users(self) -> int: ...

    @abstractmethod
    def set_password(self, name: str, password_hash: str, *, keep_login: str = "") -> None:
        """Set a password, and end the user's logins but for the one with the id `keep_login`."""

    @abstractmethod
    def rehash_password(self, name: str, old_hash: str, new_hash: str) -> None:
        """Put another hash of the same password in the place of `old_hash`, if that is still the user's."""

    @abstractmethod
    def set_disabled(self, name: str, disabled: bool) -> None: ...

    @abstractmethod
    def add_credential(self, credential: Credential) -> None: ...

    @abstractmethod
    def get_credential(self, credential_id: str) -> Credential | None: ...

    @abstractmethod
    def list_credentials(self, user: str) -> list[Credential]:
        """The user's, the youngest first."""

    @abstractmethod
    def delete_credential(self, user: str, credential_id: str) -> bool:
        """False if the user has none of this id."""

    @abstractmethod
    def put_code(self, code: str, value: str, expires: float) -> None:
        """Keep a value until it is taken, or until the Unix time `expires`."""

    @abstractmethod
    def get_code(self, code: str) -> str | None:
        """The value under this code, if it has not been taken and has not expired."""

    @abstractmethod
    def take_code(self, code: str) -> str | None:
        """The value under this code, once: None for everybody who comes later, or too late."""

    @abstractmethod
    def throttle(self, name: str, interval_s: float, burst: int) -> float:
        """Count a try under this name; 0 if it is allowed, else the seconds until one will be.

        `burst` tries are allowed at once, and one more every `interval_s` seconds (the generic cell rate
        algorithm, ITU-T I.371). A try that is not allowed is not counted.
        """

    @abstractmethod
    def forgive(self, name: str) -> None:
        """Forget the tries under this name."""

    @abstractmethod
    def publish_document(self, docid: str, published: bool) -> None: ...

    @abstractmethod
    def share_document(self, docid: str, user: str, right: str) -> None:
        """Give `user` the right "read" or "write", or with "" none; raises ValueError for another right."""

    @abstractmethod
    def share_of(self, docid: str, user: str) -> str:
        """The right that was shared with a user: "read", "write" or ""."""

    @abstractmethod
    def shares(self, docid: str) -> dict[str, str]:
        """All rights that were shared, by user, in the order of their names."""

    @abstractmethod
    def list_shared(self, user: str) -> list[tuple["DocumentRecord", str]]:
        """Documents of others that are shared with a user, and the right; the one that changed last first."""

    @abstractmethod
    def list_published(self) -> list["DocumentRecord"]:
        """Published documents of all users, the one that changed last first."""

    @abstractmethod
    def withdraw_tokens(self, docid: str) -> int:
        """Raise the document's token number, which ends tokens of earlier numbers; returns the new one."""

    @abstractmethod
    def usage(self, owner: str) -> tuple[int, int]:
        """How many documents a user has, and the bytes that they take in the store."""

    @abstractmethod
    def access_version(self) -> int:
        """A number that rises whenever what anybody may do becomes less: a user is disabled, a credential, a
        share or a publication ends, tokens are withdrawn. Cheap."""


RIGHTS = ("", "read", "write")
"""What `AccountStore.share_document` takes."""


def next_try(expected: float, now: float, interval_s: float, burst: int) -> tuple[float, float]:
    """(seconds to wait, the new expected time) for a try now.

    `expected` is the time at which the tries so far would be used up; 0 where there were none.
    """
    start = max(expected, now)
    wait_s = start - now - interval_s * (burst - 1)
    # Clocks of several machines, and one that was set back, must not lock anybody out for long.
    if wait_s > interval_s * burst:
        start, wait_s = now, 0.0
    return (wait_s, expected) if wait_s > 0 else (0.0, start + interval_s)
