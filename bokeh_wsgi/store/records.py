"""What a store knows of documents, users and their credentials: one record for each."""

from dataclasses import dataclass

from bokeh_wsgi.exc import LimitExceeded

RIGHTS = ("", "read", "write")
"""What can be shared with a user, from the least to the most."""


class StoreLimit(LimitExceeded):
    """There is as much in the store as the caller of a method has said there may be: nothing was written."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"There may be {limit} at most in the store.", limit=limit)


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """What a store knows of a document without looking into it.

    ``seq`` is the number of the last change, 0 before the first. ``created`` and ``changed`` (the last change
    or the creation) are Unix times in seconds. ``bytes`` is what its snapshot and history take in the store.
    ``tokens`` is the number that document tokens must have to be valid. ``host`` is the machine whose script
    started the document anew the last time, "" if it did not say: not for people who may only read.
    """

    docid: str
    owner: str
    title: str
    created: float
    changed: float
    seq: int
    bytes: int
    published: bool = False
    tokens: int = 0
    host: str = ""


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
