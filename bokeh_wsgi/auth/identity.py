"""Who asks, what they may do with a document, and where they come from."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from werkzeug.wrappers import Request

from bokeh_wsgi.store import DocumentRecord

from .tokens import DocumentToken

Via = Literal["nobody", "single", "login", "key", "site", "token"]


class Right(IntEnum):
    """What one may do with a document; each includes those before it."""

    NONE = 0
    READ = 1
    WRITE = 2
    OWN = 3

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks; ``user`` is "" for the public. A ``token`` opens its one document and nothing else.

    ``credential`` is the id of the key or login that was shown.
    """

    user: str = ""
    via: Via = "nobody"
    credential: str = ""
    token: DocumentToken | None = None


NOBODY = Identity()


@dataclass(frozen=True, slots=True)
class Access:
    """What ``identity`` may do with the document of ``record``."""

    identity: Identity
    record: DocumentRecord
    right: Right


def is_from_here(request: Request) -> bool:
    """Whether no other site's page can have made this request.

    Browsers say where a request comes from, by ``Sec-Fetch-Site`` or at least by ``Origin``; programs do not.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is None or origin == request.host_url.rstrip("/")


def is_followed_link(request: Request) -> bool:
    """Whether a browser opens a page: that may be from anywhere."""
    return request.method in ("GET", "HEAD") and request.headers.get("Sec-Fetch-Mode") == "navigate"


def cookie_name(name: str, request: Request) -> str:
    """A cookie's name with the server's port: to browsers, all ports of a host are one place."""
    port = request.host.rpartition(":")[2]
    return f"{name}_{port}" if port.isascii() and port.isdigit() else name


def address_of(request: Request) -> str:
    """Where a request comes from; behind a proxy that is the proxy, without werkzeug's ``ProxyFix``."""
    return request.remote_addr or "unknown"
