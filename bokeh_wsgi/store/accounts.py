"""The contract of a store's accounts: users, their credentials, codes and tries, and settings of the site."""

from abc import ABC, abstractmethod
from collections.abc import Callable

from .records import Credential, UserRecord


class AccountStore(ABC):
    """What a `Store` keeps besides documents; as that: atomic, thread-safe, durable, and closed with it.

    Names of users are compared as they are.
    """

    @abstractmethod
    def create_user(self, name: str, password_hash: str, *, limit: int | None = None) -> bool:
        """Make a user; False, and nothing is changed, if there is one of that name.

        One is made only while there are fewer than ``limit``.
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
        """Set a password, and end the user's logins but for the one with the id `keep_login`."""

    @abstractmethod
    def rehash_password(self, name: str, old_hash: str, new_hash: str) -> None:
        """Put another hash of the same password in the place of `old_hash`, if that is still the user's."""

    @abstractmethod
    def set_disabled(self, name: str, disabled: bool) -> None: ...

    @abstractmethod
    def add_credential(self, credential: Credential, *, limit: int | None = None) -> None:
        """Keep a credential, while its user has fewer than ``limit`` of its kind."""

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
    def setting(self, name: str, make: Callable[[], bytes]) -> bytes:
        """The value under this name: what `make` returned when somebody asked first, in whatever process."""
