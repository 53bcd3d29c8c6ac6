"""`BokehWSGI`: the plot server, as one WSGI app."""

import logging
import secrets
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import platformdirs
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response

from bokeh_wsgi.auth import Accounts, Identify, Policy, Registration, Throttle, Tokens
from bokeh_wsgi.concurrency import ConcurrencyLimit, MemoryLimit
from bokeh_wsgi.context import Context, Quotas
from bokeh_wsgi.exc import BokehWSGIError
from bokeh_wsgi.hosts import Hosts
from bokeh_wsgi.hub import Hub
from bokeh_wsgi.input_stream import InputStream
from bokeh_wsgi.models import Folder, Library, Limits
from bokeh_wsgi.presence import Presence
from bokeh_wsgi.request import Request, no_text
from bokeh_wsgi.responses import as_json, failure, refusal
from bokeh_wsgi.routes import CORS_PREFLIGHT, TOKEN_ROUTES, URLS, is_for_the_app
from bokeh_wsgi.store import Store, open_store
from bokeh_wsgi.stream_slots import SERVER_THREADS, StreamSlots

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
        # Names by which this server may be called, without ports, or "*"; requests to others are refused,
        # which keeps other sites from reaching it by a name of theirs. None: any, but with one user alone
        # localhost and its addresses.
        hosts: Sequence[str] | None = None,
        # The largest upload, packed or not. All uploads of a process unpack to twice as much at a time.
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
        # How many streams one user, or one address of the public, may hold open in a process, where there are
        # several users; one user alone has no such limit.
        max_user_streams: int = 200,
        # How many uploads, and edits of pages, one user may have under way at a time in a process, which each
        # take memory for what has come; an address may have four times as many. Scripts and pages wait.
        max_user_uploads: int = 16,
        # How many exports of columns one user, or one address of the public, may read at a time in a process.
        max_user_exports: int = 8,
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
            accounts=Accounts(self.store, tokens, throttle, registration, max_users, hub.access_changed),
            limits=limits,
            quotas=Quotas(
                max_documents if has_users else None,
                max_user_bytes if has_users else None,
                max_user_uploads,
                max_user_exports,
            ),
            streams=StreamSlots(max_streams, max_user_streams if has_users else None),
            presence=Presence(self.store, hub.viewers_changed),
            uploads=ConcurrencyLimit("uploads", "max_user_uploads"),
            exports=ConcurrencyLimit("exports", "max_user_exports"),
            unpacking=MemoryLimit(2 * max_change_bytes),
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
                stream = InputStream(environ["wsgi.input"])
                response = self._respond(Request({**environ, "wsgi.input": stream}))
            response.headers.setdefault("X-Content-Type-Options", "nosniff")
            return response(environ, start_response)

    def judges(self, environ: "WSGIEnvironment") -> bool:
        """Whether a site around this app may let the request pass without a login of its own.

        It is for what is nobody's, such as the files of pages; or brings a credential by which alone this app
        decides about it, and refuses it if that is not valid: an API key, if there are users, or a document's
        token where one is of use. That a header is there is not enough.
        """
        if no_text(environ):
            return False
        request = Request(environ)
        try:
            route, arguments = _match(request)
        except HTTPException:
            # A browser that asks what it may send is told nothing of anybody's.
            return request.method == "OPTIONS"
        return is_for_the_app(self.context, request, route, arguments)

    def close(self) -> None:
        """End the open streams of this process and close the store, if it was opened here."""
        self.context.hub.close()
        if self._own_store:
            self.store.close()

    def _respond(self, request: "Request") -> Response:
        if fault := self._hosts.refusal(request.host):
            return failure(self.context, request, 400, fault, code="host")
        try:
            route, arguments = _match(request)
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
        except RecursionError:
            return failure(self.context, request, 400, "This is nested too deep to be read.")
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            message = "Something broke on the server; its log says what."
            return failure(self.context, request, 500, message)
        if isinstance(answer, Response):
            return answer
        return as_json(*answer) if isinstance(answer, tuple) else as_json(answer)


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


def _match(request: Request) -> tuple[Any, Any]:
    """The route of a request, and what its address says; raises HTTPException."""
    # An app mounted at /plots gets "" for /plots itself: the same page as /plots/.
    path = request.environ.get("PATH_INFO") or "/"
    return URLS.bind_to_environ(request.environ).match(path, method=request.method)


def _new_key() -> bytes:
    return secrets.token_bytes(32)
