"""The identity of a request, its access to a document, and its origin."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from werkzeug.wrappers import Request

from bokeh_wsgi.store import DocumentRecord

from .tokens import DocumentToken

Via = Literal["nobody", "single", "login", "key", "site", "token"]


class Right(IntEnum):
    """A right to a document; each includes the lower ones."""

    NONE = 0
    READ = 1
    WRITE = 2
    OWN = 3

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Identity:
    """The sender of a request; ``user`` is "" for the public. With a ``token``: access to its document only.

    ``credential`` is the id of the key or login of the request.
    """

    user: str = ""
    via: Via = "nobody"
    credential: str = ""
    token: DocumentToken | None = None


NOBODY = Identity()


@dataclass(frozen=True, slots=True)
class Access:
    """The right of ``identity`` to the document of ``record``."""

    identity: Identity
    record: DocumentRecord
    right: Right


def is_from_here(request: Request) -> bool:
    """Whether the request cannot come from a page of another site.

    Browsers send ``Sec-Fetch-Site``, or at least ``Origin``; programs send neither.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is None or origin == request.host_url.rstrip("/")


def is_followed_link(request: Request) -> bool:
    """Whether a browser navigates to a page, possibly from another site."""
    return request.method in ("GET", "HEAD") and request.headers.get("Sec-Fetch-Mode") == "navigate"


def cookie_name(name: str, request: Request) -> str:
    """The cookie's name with the server's port, since browsers share cookies between ports of a host."""
    port = request.host.rpartition(":")[2]
    return f"{name}_{port}" if port.isascii() and port.isdigit() else name


def address_of(request: Request) -> str:
    """The address of the client; behind a proxy that of the proxy, unless werkzeug's ``ProxyFix`` is used."""
    return request.remote_addr or "unknown"
