"""Every error this package raises.

::

    BokehWSGIError
    ├── FrameError (ValueError)            400  bytes that are not a valid frame
    ├── BadRequest (ValueError)            400  a request that makes no sense
    ├── AccessDenied (PermissionError)     401  no valid credentials; 403 with ``forbidden=True``
    ├── NotFound (KeyError)                404  no such document, model, source or page
    │   └── NoSuchUser                     404  no user of that name
    ├── Conflict                           409  a change that does not fit what the server holds
    ├── PastGeneration                     409  made for what the document was before a script started it anew
    ├── Taken (ValueError)                 409  a name that somebody else has
    ├── SingleUser                         409  an account is asked for where there are none
    ├── LengthRequired (ValueError)        411  an upload that does not say how long it is
    ├── LimitExceeded (ValueError)         413  over a limit of this server, which the error names
    ├── TooMany                            429  too often, or too many at once; says when to try again
    │   └── Busy                           429  too many at once: there is a place as soon as one of them ends
    ├── StoreError (OSError)               503  the store cannot be used
    │   ├── StoreFull                      507  it has no space left on its disk
    │   └── StoreDamaged                   500  what it holds is not what was put in
    ├── NotBuilt                           503  the package was installed without the client of its pages
    ├── ColumnError (TypeError)                 values that cannot be a column
    └── SessionError (RuntimeError)             the client side
        ├── ServerUnreachable (ConnectionError) nobody answers
        │   └── NotTrusted                      https, but not with a certificate that is trusted
        ├── TakenOver                           another script has started the session's document anew
        └── ServerRefused                       an answer other than 2xx; carries its status and body

Those with a status are shown over HTTP as ``{"error": code, "message": text, **data}``. And one warning,
`NotDrawn`.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class BokehWSGIError(Exception):
    """Root of the tree; ``message`` says what was wrong and what to do."""

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
        """What a program can use of this error, JSON-ready."""
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
    """A change that does not fit what the server holds; nothing of it was applied.

    ``columns`` are (model, column, current version) of ops whose base is stale, ``unknown`` ids of models
    that the change needs and the document lacks, ``taken`` ids that it defines and another session has used.
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
    """A change for an older generation of a document than the present one; nothing of it was applied.

    ``generation`` is the present one, "" if it has no name; ``host`` the machine whose script started it,
    "" if that did not say.
    """

    status = 409
    code = "generation"

    def __init__(self, generation: str, host: str) -> None:
        where = f", on {host}" if host else ""
        super().__init__(
            f"Another script has started this document anew{where}: what was made for the document before "
            "that is not applied. Stop one of the two scripts, or give one another title."
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
    """``retry_after_s``: when to try again; ``limit``: the number that was exceeded, if one was."""

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
    """Trying again is of no use: a backup is. ``document`` is the docid, "" if it is about more than one."""

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
    """Another script has started the session's document anew: what this one stores is not for it any more.

    ``title`` is the document's, ``host`` the machine of the other script, "" if that is not known.
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
    """An answer other than 2xx: ``status`` and the decoded JSON ``body`` (empty if it was none)."""

    code = "refused"

    def __init__(self, message: str, *, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.status = status
        self.body = dict(body)


class NotDrawn(UserWarning):
    """A page says that BokehJS cannot draw something that the script has stored: which model, and why."""
