"""The objects and settings that all routes of one `BokehWSGI` share."""

from dataclasses import dataclass

from werkzeug.wrappers import Request

from bokeh_wsgi.auth import Access, Accounts, Identity, Policy, Right, address_of
from bokeh_wsgi.concurrency import ConcurrencyLimit, MemoryLimit
from bokeh_wsgi.hub import Hub
from bokeh_wsgi.models import HistoryCompactor, Library, Limits
from bokeh_wsgi.networks import network_of
from bokeh_wsgi.presence import Presence
from bokeh_wsgi.reader_memory import ReaderMemory
from bokeh_wsgi.store import Store
from bokeh_wsgi.stream_slots import StreamSlots

ADDRESS_USERS = 4


@dataclass(frozen=True, slots=True)
class Quotas:
    """Limits per user: documents (None: unlimited), and what runs concurrently in one process.

    ``streams`` (None: unlimited) also limits responses sent at once, which may be read slowly.
    """

    documents: int | None
    streams: int | None
    uploads: int
    exports: int


@dataclass(frozen=True, slots=True)
class Context:
    store: Store
    hub: Hub
    library: Library
    compactor: HistoryCompactor
    policy: Policy
    accounts: Accounts
    limits: Limits
    quotas: Quotas
    streams: StreamSlots
    presence: Presence
    uploads: ConcurrencyLimit
    exports: ConcurrencyLimit
    answers: ConcurrencyLimit
    unpacking: MemoryLimit
    reader_memory: ReaderMemory
    heartbeat_s: float
    # Whether published documents are listed for everybody.
    gallery: bool
    # Other sites whose pages may show documents in frames: "https://site.example".
    embed_origins: tuple[str, ...]

    @property
    def has_users(self) -> bool:
        return self.policy.mode != "single"

    def callers(self, request: Request, identity: Identity, limit: int) -> dict[str, int]:
        """The users and addresses that a request counts for, each with its limit of concurrent requests.

        A user has ``limit``, and the address `ADDRESS_USERS` times as much, since several users may share it.
        Requests without a user count for their address alone.
        """
        address, caller = f"address {network_of(address_of(request))}", self.caller(request, identity)
        return {address: limit} if caller == address else {caller: limit, address: ADDRESS_USERS * limit}

    def caller(self, request: Request, identity: Identity) -> str:
        """The user or address that a request counts for.

        The token of an embed counts for the address, since it stands in public pages. The token of a page
        counts for its user at the address where it is used, since scripts of the document can pass it on.
        """
        address = f"address {network_of(address_of(request))}"
        token = identity.token
        if not identity.user or not self.has_users or (token is not None and not token.is_page):
            return address
        return f"user {identity.user}" if token is None else f"user {identity.user} at {address}"

    def person(self, request: Request) -> Identity:
        """The identity to render a page for; user "" without a login. Raises `AccessDenied` for a token."""
        identity = self.policy.identify(request)
        return identity if identity.token is None else self.require_user(request)

    def require_user(self, request: Request) -> Identity:
        return self.policy.require_user(request)

    def require_right(self, request: Request, docid: str, right: Right) -> Access:
        return self.policy.access(request, docid, right)
