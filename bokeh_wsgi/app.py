"""`BokehWSGI`: the plot server, as one WSGI app."""

import secrets
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import platformdirs
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from bokeh_wsgi import cors, errors
from bokeh_wsgi.auth import Accounts, Identify, Policy, Registration, Throttle, Tokens
from bokeh_wsgi.concurrency import ConcurrencyLimit, MemoryLimit
from bokeh_wsgi.context import Context, Quotas
from bokeh_wsgi.hosts import Hosts
from bokeh_wsgi.hub import Hub
from bokeh_wsgi.input_stream import InputStream
from bokeh_wsgi.models import HistoryCompactor, Library, Limits
from bokeh_wsgi.outer_login import is_checked_here
from bokeh_wsgi.presence import Presence
from bokeh_wsgi.reader_memory import ReaderMemory
from bokeh_wsgi.request import Request, no_text
from bokeh_wsgi.responses import as_json
from bokeh_wsgi.routes import match
from bokeh_wsgi.store import Store, open_store
from bokeh_wsgi.stream_slots import SERVER_THREADS, StreamSlots

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class BokehWSGI:
    """A plot server as a WSGI app, which can be mounted at any path.

    Without `multi_user` and `identify` it has a single user: everybody who can connect.

    Thread-safe and fork-safe: may be made before a server forks its workers, which then share the store.
    Raises `StoreError` if the store cannot be used, and ValueError for options that do not go together.
    """

    def __init__(
        self,
        *,
        # Storage of users, documents and histories: "sqlite:///relative.db", "sqlite:////absolute.db",
        # "memory:", or a Store. None: an SQLite file in the user's data folder.
        store: str | Store | None = None,
        # Users have their own passwords and API keys. Documents are private until their owner shares them.
        multi_user: bool = False,
        # Users of the surrounding site: a function of the WSGI environ that returns the name of the signed-in
        # user, or None. Implies multi_user, without passwords.
        identify: Identify | None = None,
        # Who may create an account: everybody ("open"), people with an invitation ("invite"), or only the
        # operator ("closed").
        registration: Registration = "open",
        # Lists published documents at /gallery.
        gallery: bool = False,
        # Signs cookies and tokens. None: a random key in the store, shared by all processes. A list, oldest
        # first, rotates keys: the last one signs, all are accepted.
        secret_key: str | bytes | Sequence[str | bytes] | None = None,
        # How long a browser stays signed in.
        login_s: int = 14 * 86_400,
        # Origins of pages that may show documents in frames: "https://site.example". None: all may frame
        # documents that are published or opened by a token, none those opened by a login.
        embed_origins: Sequence[str] | None = None,
        # Host names of this server, without ports, or "*". Requests for other names are refused, against DNS
        # rebinding. None: any with several users, only localhost and its addresses with a single user.
        hosts: Sequence[str] | None = None,
        # The largest upload in bytes, packed or not. All uploads of a process may take twice as much.
        max_change_bytes: int = 512 << 20,
        # The largest batch of a page's edits in bytes, such as a chosen file in base64.
        max_edit_bytes: int = 64 << 20,
        # The largest document, in bytes of its columns' values.
        max_document_bytes: int = 2 << 30,
        # Documents of one user, and their bytes in the store. Both apply only with several users.
        max_documents: int = 1000,
        max_user_bytes: int = 10 << 30,
        # Number of accounts.
        max_users: int = 10_000,
        # Open streams of one user, or one address of the public, per process. Applies only with several
        # users.
        max_user_streams: int = 200,
        # Concurrent uploads and edits of one user per process, which take memory; an address may have four
        # times as many. Scripts and pages wait for others.
        max_user_uploads: int = 16,
        # Concurrent exports of one user, or one address of the public, per process.
        max_user_exports: int = 8,
        # Bytes of outdated document data that slow readers may keep in memory per process; one user, or one
        # address of the public, may use a quarter of it.
        max_reader_bytes: int = 1 << 30,
        # Interval of heartbeats in idle streams, since a server detects a closed connection only by a write.
        heartbeat_s: float = 15.0,
        # Open responses for live pages per process; other pages poll. None: the number of the WSGI server's
        # threads, less one or two. If that number is known, it is also the upper limit.
        max_streams: int | None = None,
    ) -> None:
        _check_options(registration, embed_origins, hosts)
        has_users = multi_user or identify is not None
        self._own_store = not isinstance(store, Store)
        self.store = store if isinstance(store, Store) else open_store(store or default_store())
        accounts = self.store.accounts
        keys = secret_key if secret_key is not None else accounts.setting("secret_key", _new_key)
        tokens = Tokens([keys] if isinstance(keys, str | bytes) else keys, login_s=login_s)
        limits = Limits(
            max_change_bytes, max_edit_bytes, max_document_bytes, max_user_bytes if has_users else None
        )
        throttle = Throttle(accounts)
        mode = "single" if not has_users else "accounts" if identify is None else "site"
        hub = Hub(self.store)
        self.context = Context(
            store=self.store,
            hub=hub,
            library=Library(self.store, limits),
            compactor=HistoryCompactor(),
            policy=Policy(self.store, accounts, tokens, throttle, mode, identify),  # type: ignore[arg-type]
            accounts=Accounts(accounts, tokens, throttle, registration, max_users, hub.access_changed),
            limits=limits,
            quotas=Quotas(
                max_documents if has_users else None,
                max_user_streams if has_users else None,
                max_user_uploads,
                max_user_exports,
            ),
            streams=StreamSlots(max_streams, max_user_streams if has_users else None),
            presence=Presence(self.store, hub.viewers_changed),
            uploads=ConcurrencyLimit("uploads", "max_user_uploads"),
            exports=ConcurrencyLimit("exports", "max_user_exports"),
            answers=ConcurrencyLimit("answers", "max_user_streams"),
            unpacking=MemoryLimit(2 * max_change_bytes),
            reader_memory=ReaderMemory(max_reader_bytes),
            heartbeat_s=heartbeat_s,
            gallery=gallery,
            embed_origins=tuple(embed_origins or ()),
        )
        self._hosts = Hosts(hosts, loopback=not has_users)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        with SERVER_THREADS.serving(environ):
            fault = no_text(environ)
            if fault:
                response = as_json({"error": "bad-request", "message": fault}, 400)
            else:
                response = self._respond(
                    Request({**environ, "wsgi.input": InputStream(environ["wsgi.input"])})
                )
            response.headers.setdefault("X-Content-Type-Options", "nosniff")
            return response(environ, start_response)

    def _respond(self, request: Request) -> Response:
        if fault := self._hosts.refusal(request.host):
            return errors.failure(self.context, request, 400, fault, code="host")
        try:
            route, arguments = match(request)
        except HTTPException as error:
            return errors.no_route(self.context, request, error)
        return cors.allow(errors.answer(self.context, request, route, arguments), route)

    def judges(self, environ: "WSGIEnvironment") -> bool:
        """Whether a surrounding site may pass the request to this app without a login of its own.

        True for public resources, such as static files; and for requests whose credential this app itself
        checks, and refuses if invalid: an API key, if there are users, or a document token, where the route
        accepts one. The presence of a header is not enough.
        """
        return not no_text(environ) and is_checked_here(self.context, Request(environ))

    def close(self) -> None:
        """End this process's open streams, and close the store if this app opened it."""
        self.context.hub.close()
        if self._own_store:
            self.store.close()


def default_store() -> str:
    """URI of the SQLite file in the user's data folder."""
    path = platformdirs.user_data_path("bokeh_wsgi", appauthor=False) / "documents.db"
    return f"sqlite:///{path.as_posix()}"


def _check_options(
    registration: str, embed_origins: Sequence[str] | None, hosts: Sequence[str] | None
) -> None:
    if registration not in ("open", "invite", "closed"):
        raise ValueError(f'registration is "open", "invite" or "closed", not {registration!r}')
    for name, value in (("embed_origins", embed_origins), ("hosts", hosts)):
        if isinstance(value, str):
            raise ValueError(f"{name} is a list of names, not one: [{value!r}]")
    for origin in embed_origins or ():
        if any(char in origin for char in " ;,'\"") or not origin.startswith(("https://", "http://")):
            raise ValueError(f'embed_origins has origins, as "https://site.example", not {origin!r}')


def _new_key() -> bytes:
    return secrets.token_bytes(32)
