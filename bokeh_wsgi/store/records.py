"""Records of a store: documents, users and credentials."""

from dataclasses import dataclass

from bokeh_wsgi.exc import LimitExceeded

RIGHTS = ("", "read", "write")
"""The rights that can be shared with a user, in ascending order."""


class StoreLimit(LimitExceeded):
    """A limit that the caller has set is reached; nothing was written."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"There may be {limit} at most in the store.", limit=limit)


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """The metadata of a document.

    ``seq`` is the number of the last change, 0 before the first. ``created`` and ``changed`` (the last change
    or the creation) are Unix times in seconds. ``bytes`` is the stored size of its snapshot and history.
    ``tokens`` is the number that a valid document token has. ``host`` is the machine of the script that last
    sent a GRAPH, "" if unknown; do not show it to users who may only read.
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
    """A user. ``password_hash`` is "" if they cannot sign in with a password; ``created`` is a Unix time."""

    name: str
    password_hash: str
    created: float
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Credential:
    """An API key (``kind`` "key") or a browser's login (``kind`` "login").

    ``secret_hash`` is "" if a signature proves it. ``created`` is a Unix time.
    """

    id: str
    user: str
    kind: str
    name: str
    secret_hash: str
    created: float
