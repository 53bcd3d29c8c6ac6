"""What the routes of one `BokehWSGI` share."""

from dataclasses import dataclass

from werkzeug.urls import iri_to_uri
from werkzeug.wrappers import Request

from bokeh_wsgi.auth import Access, Accounts, Identity, Policy, Right
from bokeh_wsgi.hub import Hub
from bokeh_wsgi.models import Folder, Library, Limits
from bokeh_wsgi.presence import Presence
from bokeh_wsgi.store import Store
from bokeh_wsgi.streams import Streams


@dataclass(frozen=True, slots=True)
class Quotas:
    """What one user may have: documents, and bytes in the store; None: any number."""

    documents: int | None
    bytes: int | None


@dataclass(frozen=True, slots=True)
class Context:
    store: Store
    hub: Hub
    library: Library
    folder: Folder
    policy: Policy
    accounts: Accounts
    limits: Limits
    quotas: Quotas
    streams: Streams
    presence: Presence
    heartbeat_s: float
    # Whether published documents are listed for everybody.
    gallery: bool
    # Other sites whose pages may show documents in frames: "https://site.example"; none: see pages/views.py.
    embed_origins: tuple[str, ...]

    @property
    def has_users(self) -> bool:
        return self.policy.mode != "single"

    def require_user(self, request: Request) -> Identity:
        return self.policy.require_user(request)

    def require(self, request: Request, docid: str, right: Right) -> Access:
        return self.policy.access(request, docid, right)


def mount_of(request: Request) -> str:
    """The path that every link of this server starts with: where it is mounted, with a slash at its end."""
    return iri_to_uri(request.root_path).rstrip("/") + "/"


def root_of(request: Request) -> str:
    """The mount as an absolute URL, with a slash at its end."""
    return request.host_url.rstrip("/") + mount_of(request)
