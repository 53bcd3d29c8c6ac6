"""`BokehWSGI`: the plot server, as one WSGI app."""

import logging
import secrets
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import platformdirs
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Request as WSGIRequest
from werkzeug.wrappers import Response

from bokeh_wsgi.auth import Accounts, Identify, Policy, Registration, Throttle, Tokens
from bokeh_wsgi.context import Context, Quotas
from bokeh_wsgi.exc import BokehWSGIError
from bokeh_wsgi.hub import Hub
from bokeh_wsgi.models import Folder, Library, Limits
from bokeh_wsgi.presence import Presence
from bokeh_wsgi.responses import as_json, failure, refusal
from bokeh_wsgi.routes import CORS_PREFLIGHT, TOKEN_ROUTES, URLS
from bokeh_wsgi.store import Store, open_store
from bokeh_wsgi.streams import POOL, Streams

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger("bokeh_wsgi")


class BokehWSGI:
    """A plot server that you mount: a WSGI app that answers below wherever it is mounted.

    Without `multi_user` and `identify` it has one user, who is everybody that reaches it.

    Thread-safe and fork-safe: may be made before a server forks its workers, which then share the store.
    Raises `StoreError` if the store cannot be used, and ValueError for options that do not go together.
    """

    def __init__(
        self,
        *,
        # Where users, documents and their history are kept: "sqlite:///relative.db", "sqlite:////absolute.db",
        # "memory:", or a Store. None: a SQLite file in the user's data folder.
        store: str | Store | None = None,
        # Users with passwords and API keys of their own; documents are their owner's until they are shared.
        multi_user: bool = False,
        # Users of the site around this app, by its own login: a function of the WSGI environ that returns the
        # name of who is signed in, or None. Implies multi_user, without passwords.
        identify: Identify | None = None,
        # Who may make an account: everybody ("open"), who was invited ("invite"), or only the operator.
        registration: Registration = "open",
        # Lists published documents for everybody, at gallery.
        gallery: bool = False,
        # Signs cookies and tokens. None: made once and kept in the store, so that every process of a site
        # has the same. A list, oldest first, rotates keys: the last one signs, all are accepted.
        secret_key: str | bytes | Sequence[str | bytes] | None = None,
        # How long a browser stays signed in.
        login_s: int = 14 * 86_400,
        # Sites whose pages may show documents in frames: "https://site.example". None: all may show what is
        # published or has a token, none what a login opens.
        embed_origins: Sequence[str] | None = None,
        # Names by which this server may be called, without ports; requests to others are refused, which keeps
        # other sites from reaching a private network's server by a name of theirs. None: any.
        hosts: Sequence[str] | None = None,
        # The largest upload, which is also what one request may take in memory, about twice.
        max_change_bytes: int = 512 << 20,
        # The most that a page may send at once, such as a file that was chosen, in base64.
        max_edit_bytes: int = 64 << 20,
        # The largest document, by the bytes of its columns' values.
        max_document_bytes: int = 2 << 30,
        # What one user may have: documents, and bytes in the store; both count with several users only.
        max_documents: int = 1000,
        max_user_bytes: int = 10 << 30,
        # How many accounts there may be.
        max_users: int = 10_000,
        # How many streams one user, or one address of the public, may hold open in a process, with several
        # users.
        max_user_streams: int = 200,
        # An idle stream sends a heartbeat this often; no server notices a dead viewer before a write.
        heartbeat_s: float = 15.0,
        # How many responses a process may hold open for live pages; the others poll. None: as many
        # as the WSGI server has threads for, less one or two; never more, where it tells how many it has.
        max_streams: int | None = None,
    ) -> None:
        _check_options(registration, embed_origins, hosts)
        has_users = multi_user or identify is not None
        self._own_store = not isinstance(store, Store)
        self.store = store if isinstance(store, Store) else open_store(store or default_store())
        keys = secret_key if secret_key is not None else self.store.setting("secret_key", _new_key)
        tokens = Tokens([keys] if isinstance(keys, str | bytes) else keys, login_s=login_s)
        limits = Limits(max_change_bytes, max_edit_bytes, max_document_bytes)
        throttle = Throttle(self.store)
        mode = "single" if not has_users else "accounts" if identify is None else "site"
        hub = Hub(self.store)
        self.context = Context(
            store=self.store,
            hub=hub,
            library=Library(self.store, limits),
            folder=Folder(),
            policy=Policy(self.store, tokens, throttle, mode, identify),  # type: ignore[arg-type]
            accounts=Accounts(self.store, tokens, throttle, registration, max_users, hub.look_again),
            limits=limits,
            quotas=Quotas(max_documents, max_user_bytes) if has_users else Quotas(None, None),
            streams=Streams(max_streams, max_user_streams if has_users else None),
            presence=Presence(self.store, hub.viewers_changed),
            heartbeat_s=heartbeat_s,
            gallery=gallery,
            embed_origins=tuple(embed_origins or ()),
        )
        self._hosts = None if hosts is None else frozenset(host.lower() for host in hosts)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        with POOL.serving(environ):
            return self._respond(Request(environ))(environ, start_response)

    def close(self) -> None:
        """End the open streams of this process and close the store, if it was opened here."""
        self.context.hub.close()
        if self._own_store:
            self.store.close()

    def _respond(self, request: "Request") -> Response:
        if self._hosts is not None and _name_of(request.host) not in self._hosts:
            return as_json({"error": "host", "message": f"This server is not called {request.host!r}."}, 400)
        route: Any = None
        try:
            # An app mounted at /plots gets "" for /plots itself: the same page as /plots/.
            path = request.environ.get("PATH_INFO") or "/"
            adapter = URLS.bind_to_environ(request.environ)
            route, arguments = adapter.match(path, method=request.method if path else None)
        except RequestRedirect as error:
            return Response(status=error.code, headers={"Location": error.new_url})
        except MethodNotAllowed as error:
            if request.method == "OPTIONS":
                return Response("", mimetype="text/plain", headers=CORS_PREFLIGHT)
            message = f"{request.method} is not possible here."
            return failure(self.context, request, 405, message, allow=error.valid_methods)
        except HTTPException as error:
            message = f"No page or route {request.path!r} here."
            return failure(self.context, request, error.code or 500, message)
        response = self._answer(request, route, arguments)
        if route in TOKEN_ROUTES:
            response.headers["Access-Control-Allow-Origin"] = "*"
        return response

    def _answer(self, request: "Request", route: Any, arguments: Any) -> Response:
        try:
            answer = route(self.context, request, **arguments)
        except BokehWSGIError as error:
            if error.status >= 500:
                log.error("%s %s: %s", request.method, request.path, error)
            return refusal(self.context, request, error)
        except HTTPException as error:
            return failure(self.context, request, error.code or 500, error.description or error.name)
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            message = "Something broke on the server; its log says what."
            return failure(self.context, request, 500, message)
        if isinstance(answer, Response):
            return answer
        return as_json(*answer) if isinstance(answer, tuple) else as_json(answer)


class Request(WSGIRequest):
    """Forms are small; uploads are read by other means, with limits of their own."""

    max_content_length = 64 << 10
    max_form_memory_size = 64 << 10
    max_form_parts = 50


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


def _name_of(host: str) -> str:
    """The name in a Host header, in lower case and without the port."""
    name, _, port = host.rpartition(":")
    return (name if name and port.isdecimal() else host).strip("[]").lower()


def _new_key() -> bytes:
    return secrets.token_bytes(32)
