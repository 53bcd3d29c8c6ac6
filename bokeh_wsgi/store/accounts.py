"""Interface of a store's accounts: users, credentials, one-time codes, rate limits and site settings."""

from abc import ABC, abstractmethod
from collections.abc import Callable

from .records import Credential, UserRecord


class AccountStore(ABC):
    """The accounts of a `Store`: atomic, thread-safe and durable like it, and closed with it.

    User names are compared exactly.
    """

    @abstractmethod
    def create_user(self, name: str, password_hash: str, *, limit: int | None = None) -> bool:
        """Create a user; False if the name exists.

        ``limit`` is the largest number of users.
        """

    @abstractmethod
    def get_user(self, name: str) -> UserRecord | None: ...

    @abstractmethod
    def list_users(self) -> list[UserRecord]:
        """All users, by name."""

    @abstractmethod
    def count_users(self) -> int: ...

    @abstractmethod
    def set_password(self, name: str, password_hash: str, *, keep_login: str = "") -> None:
        """Set a password, and end the user's logins except the one with the id `keep_login`."""

    @abstractmethod
    def rehash_password(self, name: str, old_hash: str, new_hash: str) -> None:
        """Replace `old_hash` by another hash of the same password, unless the password has changed."""

    @abstractmethod
    def set_disabled(self, name: str, disabled: bool) -> None: ...

    @abstractmethod
    def add_credential(self, credential: Credential, *, limit: int | None = None) -> None:
        """Add a credential; ``limit`` is the largest number of its kind per user."""

    @abstractmethod
    def get_credential(self, credential_id: str) -> Credential | None: ...

    @abstractmethod
    def list_credentials(self, user: str) -> list[Credential]:
        """The user's credentials, newest first."""

    @abstractmethod
    def delete_credential(self, user: str, credential_id: str) -> bool:
        """Delete a credential; False if the user has none with this id."""

    @abstractmethod
    def put_code(self, code: str, value: str, expires: float) -> None:
        """Store a value until it is taken, or until the Unix time `expires`."""

    @abstractmethod
    def get_code(self, code: str) -> str | None:
        """The value of a code; None if it was taken or has expired."""

    @abstractmethod
    def take_code(self, code: str) -> str | None:
        """Remove a code and return its value; None if it was taken or has expired."""

    @abstractmethod
    def throttle(self, name: str, interval_s: float, burst: int) -> float:
        """Count an attempt under this name; 0 if it is allowed, else the seconds until one will be.

        Allows `burst` attempts at once, and one more every `interval_s` seconds (generic cell rate algorithm,
        ITU-T I.371). A refused attempt is not counted.
        """

    @abstractmethod
    def forgive(self, name: str) -> None:
        """Reset the counter of this name."""

    @abstractmethod
    def setting(self, name: str, make: Callable[[], bytes]) -> bytes:
        """The value of a setting. `make` creates it at the first call, over all processes."""
