"""The exceptions of this package.

::

    BokehWSGIError
    ├── FrameError (ValueError)            400  bytes that are not a valid frame
    ├── BadRequest (ValueError)            400  an invalid request
    ├── AccessDenied (PermissionError)     401  no valid credentials; 403 with ``forbidden=True``
    ├── NotFound (KeyError)                404  no such document, model, source or page
    │   └── NoSuchUser                     404  no user of that name
    ├── Conflict                           409  a change that conflicts with the server's state
    ├── PastGeneration                     409  a change for a document that was started anew meanwhile
    ├── Taken (ValueError)                 409  a name that is in use
    ├── SingleUser                         409  a request for accounts on a server without them
    ├── LengthRequired (ValueError)        411  an upload without a length
    ├── LimitExceeded (ValueError)         413  over a limit of this server, which the message names
    ├── TooMany                            429  too many requests; has the time to try again
    │   └── Busy                           429  too many at a time: try again when one of them ends
    ├── StoreError (OSError)               503  the store is not available
    │   ├── StoreFull                      507  no space left on the disk
    │   └── StoreDamaged                   500  stored data is corrupt
    ├── NotBuilt                           503  the package was installed without the built scripts of pages
    ├── ColumnError (TypeError)                 values of a type that no column has
    └── SessionError (RuntimeError)             errors of a script's session
        ├── ServerUnreachable (ConnectionError) no server answers
        │   └── NotTrusted                      https, but the certificate is not trusted
        ├── TakenOver                           another script has started the document anew
        └── ServerRefused                       a response other than 2xx; has its status and body

Over HTTP, those with a status are ``{"error": code, "message": text, **data}``. `NotDrawn` is a warning.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class BokehWSGIError(Exception):
    """Base of all errors; ``message`` says what is wrong and what to do."""

    status: int = 500
    code: ClassVar[str] = "error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return self.message

    @property
    def public_message(self) -> str:
        """``message`` as clients may read it, without what is for the operator alone."""
        return self.message

    @property
    def data(self) -> dict[str, Any]:
        """Details for programs, as JSON."""
        return {}


class FrameError(BokehWSGIError, ValueError):
    status = 400
    code = "frame"


class BadRequest(BokehWSGIError, ValueError):
    status = 400
    code = "bad-request"


class AccessDenied(BokehWSGIError, PermissionError):
    status = 401
    code = "access-denied"

    def __init__(self, message: str, *, forbidden: bool = False) -> None:
        super().__init__(message)
        if forbidden:
            self.status = 403


class NotFound(BokehWSGIError, KeyError):
    status = 404
    code = "not-found"


class NoSuchUser(NotFound):
    code = "no-user"


class Taken(BokehWSGIError, ValueError):
    status = 409
    code = "taken"


class SingleUser(BokehWSGIError):
    status = 409
    code = "single-user"


class Conflict(BokehWSGIError):
    """A change that conflicts with the server's state; nothing of it was applied.

    ``columns`` are (model, column, current version) of ops with a stale base, ``unknown`` the ids of models
    that the document lacks, ``taken`` the new ids that another session has used already.
    """

    status = 409
    code = "conflict"

    def __init__(
        self,
        message: str,
        *,
        columns: Sequence[tuple[str, str, int]] = (),
        unknown: Sequence[str] = (),
        taken: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.columns = [(model, column, version) for model, column, version in columns]
        self.unknown = list(unknown)
        self.taken = list(taken)

    @property
    def data(self) -> dict[str, Any]:
        return {"columns": self.columns, "unknown": self.unknown, "taken": self.taken}


class PastGeneration(BokehWSGIError):
    """A change for an older generation of a document; nothing of it was applied.

    ``generation`` is the current one, "" if it has no name; ``host`` is the machine of the script that
    started it, "" if unknown.
    """

    status = 409
    code = "generation"

    def __init__(self, generation: str, host: str) -> None:
        where = f", on {host}" if host else ""
        super().__init__(
            f"Another script has started this document anew{where}: changes for its old "
            "state are refused. Stop one of the two scripts, or give one of them another title."
        )
        self.generation = generation
        self.host = host

    @property
    def data(self) -> dict[str, Any]:
        return {"generation": self.generation, "host": self.host}


class LengthRequired(BokehWSGIError, ValueError):
    status = 411
    code = "length-required"


class LimitExceeded(BokehWSGIError, ValueError):
    status = 413
    code = "limit-exceeded"

    def __init__(self, message: str, *, limit: int) -> None:
        super().__init__(message)
        self.limit = limit

    @property
    def data(self) -> dict[str, Any]:
        return {"limit": self.limit}


class TooMany(BokehWSGIError):
    """Too many requests. ``retry_after_s``: when to try again; ``limit``: the exceeded limit, if any."""

    status = 429
    code = "too-many"

    def __init__(self, message: str, *, retry_after_s: float, limit: int | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.limit = limit

    @property
    def data(self) -> dict[str, Any]:
        limit = {} if self.limit is None else {"limit": self.limit}
        return {"retry_after": math.ceil(self.retry_after_s), **limit}


class Busy(TooMany):
    code = "busy"

    def __init__(self, message: str, *, limit: int) -> None:
        super().__init__(message, retry_after_s=1, limit=limit)


class StoreError(BokehWSGIError, OSError):
    """``message`` says where the store is, which clients do not read."""

    status = 503
    code = "store"

    @property
    def public_message(self) -> str:
        return "The store cannot be used now; the log of the server says why."


class NotBuilt(BokehWSGIError):
    status = 503
    code = "not-built"


class StoreFull(StoreError):
    status = 507
    code = "store-full"

    @property
    def public_message(self) -> str:
        return "The store has no space left on its disk: make some, or choose another place."


class StoreDamaged(StoreError):
    """Corrupt data: restore a backup. ``document`` is the docid, "" for more than one."""

    status = 500
    code = "store-damaged"

    def __init__(self, message: str, *, document: str = "") -> None:
        super().__init__(message)
        self.document = document

    @property
    def public_message(self) -> str:
        what = f"The document {self.document!r}" if self.document else "What the store holds"
        advice = ", or delete the document" if self.document else ""
        return f"{what} is damaged: put a backup of the store in its place{advice}."

    @property
    def data(self) -> dict[str, Any]:
        return {"docid": self.document} if self.document else {}


class ColumnError(BokehWSGIError, TypeError):
    code = "column"


class SessionError(BokehWSGIError, RuntimeError):
    code = "session"


class ServerUnreachable(SessionError, ConnectionError):
    code = "unreachable"


class NotTrusted(ServerUnreachable):
    code = "not-trusted"


class TakenOver(SessionError):
    """Another script has started the session's document anew: the server refuses changes of this one.

    ``title`` is the document's; ``host`` is the machine of the other script, "" if unknown.
    """

    code = "taken-over"

    def __init__(self, title: str, host: str) -> None:
        where = f", on {host}" if host else ""
        super().__init__(
            f"another script has started {title!r} anew{where}: stop one of them, use another title, or join "
            "with clear=False"
        )
        self.title = title
        self.host = host


class ServerRefused(SessionError):
    """A response other than 2xx, with its ``status`` and decoded JSON ``body`` (empty if it had none)."""

    code = "refused"

    def __init__(self, message: str, *, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.status = status
        self.body = dict(body)


class NotDrawn(UserWarning):
    """Warns that BokehJS cannot draw a model that the script has stored, and why."""
