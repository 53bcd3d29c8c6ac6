"""`BokehWSGI`: the plot server, as one WSGI app."""

import json
import logging
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import platformdirs
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, RequestRedirect, Rule
from werkzeug.wrappers import Request, Response

from bokeh_wsgi import pages
from bokeh_wsgi.api import changes, documents, exports, uploads
from bokeh_wsgi.api.context import Context, mount_of
from bokeh_wsgi.api.streams import Streams
from bokeh_wsgi.auth import Policy, Tokens
from bokeh_wsgi.exc import BokehWSGIError, NotFound
from bokeh_wsgi.hub import Hub
from bokeh_wsgi.models import Folder, Library, Limits
from bokeh_wsgi.pages.static import BOKEH_VERSION, StaticFiles
from bokeh_wsgi.store import Store, open_store

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger("bokeh_wsgi")

URLS = Map(
    [
        Rule("/", endpoint="index", methods=["GET"]),
        Rule("/ping", endpoint="ping", methods=["GET"]),
        Rule("/userinfo", endpoint="userinfo", methods=["GET"]),
        Rule("/doc", endpoint="make", methods=["POST"]),
        Rule("/doc/<docid>", endpoint="page", methods=["GET"]),
        Rule("/doc/<docid>", endpoint="delete", methods=["DELETE"]),
        Rule("/doc/<docid>/changes", endpoint="upload", methods=["POST"]),
        Rule(
            "/doc/<docid>/data/<path:source>.<any(arrow, parquet, csv):form>",
            endpoint="export",
            methods=["GET"],
        ),
        Rule("/doc/<docid>/<path:model>", endpoint="page", methods=["GET"]),
        Rule("/changes", endpoint="changes", methods=["GET"]),
        Rule("/favicon.ico", endpoint="favicon", methods=["GET"]),
        Rule("/static/<path:path>", endpoint="static", methods=["GET"]),
    ],
    strict_slashes=False,
    merge_slashes=False,
)

# Routes that a page in an opaque origin, or a page of another site, calls with a document token.
TOKEN_ROUTES = frozenset({"changes", "export"})
CORS_PREFLIGHT = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET",
    "Access-Control-Allow-Headers": "Authorization",
    "Access-Control-Max-Age": "86400",
}


class BokehWSGI:
    """A plot server that you mount: a WSGI app that answers below wherever it is mounted.

    Thread-safe and fork-safe: may be made before a server forks its workers, which then share the store.
    Raises `StoreError` if the store cannot be used.
    """

    def __init__(
        self,
        *,
        # Where users, documents and their history are kept: "sqlite:///relative.db", "sqlite:////absolute.db",
        # "memory:", or a Store. None: a SQLite file in the user's data folder.
        store: str | Store | None = None,
        # Signs document tokens. None: made once and kept in the store, so that every process of a site has
        # the same. A list, oldest first, rotates keys: the last one signs, all are accepted.
        secret_key: str | bytes | Sequence[str | bytes] | None = None,
        # The largest upload, which is also what one request may take in memory, about twice.
        max_change_bytes: int = 512 << 20,
        # The largest document, by the bytes of its columns' values.
        max_document_bytes: int = 2 << 30,
        # An idle stream sends a heartbeat this often; no server notices a dead viewer before a write.
        heartbeat_s: float = 15.0,
        # How many responses a process may hold open for live pages; the others poll. None: found out from
        # the WSGI server (see api/streams.py). Set it to threads - 2 under gunicorn's gthread.
        max_streams: int | None = None,
    ) -> None:
        self._own_store = not isinstance(store, Store)
        self.store = store if isinstance(store, Store) else open_store(store or default_store())
        keys = secret_key if secret_key is not None else self.store.setting("secret_key", _new_key)
        limits = Limits(max_change_bytes, max_document_bytes)
        self.context = Context(
            store=self.store,
            hub=Hub(self.store),
            library=Library(self.store, limits),
            folder=Folder(),
            policy=Policy(Tokens([keys] if isinstance(keys, str | bytes) else keys)),
            limits=limits,
            streams=Streams(max_streams),
            heartbeat_s=heartbeat_s,
        )
        self._static = StaticFiles()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        request = Request(environ)
        return self._respond(request)(environ, start_response)

    def close(self) -> None:
        """End the open streams of this process and close the store, if it was opened here."""
        self.context.hub.close()
        if self._own_store:
            self.store.close()

    def _respond(self, request: Request) -> Response:
        endpoint = ""
        try:
            # An app mounted at /plots gets "" for /plots itself: the same page as /plots/.
            path = request.environ.get("PATH_INFO") or "/"
            adapter = URLS.bind_to_environ(request.environ)
            endpoint, arguments = adapter.match(path, method=request.method if path else None)
        except RequestRedirect as error:
            return Response(status=error.code, headers={"Location": error.new_url})
        except MethodNotAllowed as error:
            if request.method == "OPTIONS":
                return Response("", mimetype="text/plain", headers=CORS_PREFLIGHT)
            return self._error(request, 405, f"{request.method} is not possible here.", error.valid_methods)
        except HTTPException as error:
            return self._error(request, error.code or 500, f"No page or route {request.path!r} here.")
        try:
            response: Response = getattr(self, f"_serve_{endpoint}")(request, **arguments)
        except BokehWSGIError as error:
            response = self._refusal(request, error)
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            response = self._error(request, 500, "Something broke on the server; its log says what.")
        if endpoint in TOKEN_ROUTES:
            response.headers["Access-Control-Allow-Origin"] = "*"
        return response

    # What people see

    def _serve_index(self, request: Request) -> Response:
        identity = self.context.policy.identify(request)
        records = self.store.list_documents(identity.user)
        mount = mount_of(request)
        own: Any = [SimpleNamespace(**asdict(record), published=False, viewers=None) for record in records]
        html = pages.index_page(
            mount,
            own=own,
            shared=[],
            username=identity.user,
            csrf="",
            root_url=request.host_url.rstrip("/") + mount,
            multi_user=False,
            gallery=False,
        )
        return Response(html, headers=pages.SERVER_PAGE_HEADERS)

    def _serve_page(self, request: Request, docid: str, model: str | None = None) -> Response:
        identity = self.context.policy.require_read(request, docid)
        with self.context.library.open(docid).reading() as state:
            if model is not None and model not in state.graph.models and state.graph.by_name(model) is None:
                raise NotFound(f"No model with the id or name {model!r} in this document.")
            title = state.graph.title
            resources = _resources(state.graph.resources)
        if not title:
            record = self.store.get_document(docid)
            title = record.title if record else ""
        html = pages.document_page(
            mount_of(request),
            docid,
            title,
            self.context.policy.tokens.issue(docid, identity.user),
            model,
            resources,
            version=BOKEH_VERSION,
            embed="embed" in request.args,
            page_js=self._static.version("page.js"),
        )
        headers = pages.document_headers(js=resources["js"], js_raw=resources["js_raw"])
        return Response(html, headers=headers)

    def _serve_static(self, request: Request, path: str) -> Response:
        return self._static.response(request, path)

    def _serve_favicon(self, request: Request) -> Response:
        return self._static.response(request, "favicon.svg")

    # What programs call

    def _serve_ping(self, request: Request) -> Response:
        return Response("pong", mimetype="text/plain", headers={"Cache-Control": "no-store"})

    def _serve_userinfo(self, request: Request) -> Response:
        return _json(documents.userinfo(self.context, request))

    def _serve_make(self, request: Request) -> Response:
        return _json(*documents.make(self.context, request))

    def _serve_delete(self, request: Request, docid: str) -> Response:
        documents.delete(self.context, request, docid)
        return _json({"docid": docid, "deleted": True})

    def _serve_upload(self, request: Request, docid: str) -> Response:
        return _json(uploads.upload(self.context, request, docid))

    def _serve_changes(self, request: Request) -> Response:
        return changes.changes(self.context, request)

    def _serve_export(self, request: Request, docid: str, source: str, form: str) -> Response:
        return exports.export(self.context, request, docid, source, form)

    # What went wrong

    def _refusal(self, request: Request, error: BokehWSGIError) -> Response:
        if error.status >= 500:
            log.error("%s %s: %s", request.method, request.path, error)
        return self._error(request, error.status, error.message, code=error.code, data=error.data)

    def _error(
        self,
        request: Request,
        status: int,
        message: str,
        allow: Iterable[str] | None = None,
        *,
        code: str = "http",
        data: Mapping[str, Any] | None = None,
    ) -> Response:
        if request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html":
            html = pages.error_page(mount_of(request), status, message=message)
            response = Response(html, status, headers=pages.SERVER_PAGE_HEADERS)
        else:
            response = _json({"error": code, "message": message, **(data or {})}, status)
        if allow:
            response.headers["Allow"] = ", ".join(sorted(allow))
        return response


def default_store() -> str:
    """URI of the SQLite file in the user's data folder."""
    path = platformdirs.user_data_path("bokeh_wsgi", appauthor=False) / "documents.db"
    return f"sqlite:///{path.as_posix()}"


def _json(content: Mapping[str, Any], status: int = 200) -> Response:
    body = json.dumps(content, separators=(",", ":"))
    return Response(body, status, mimetype="application/json", headers={"Cache-Control": "no-store"})


def _resources(told: Mapping[str, Any]) -> dict[str, list[str]]:
    """A graph's resources, of which only lists of texts are believed."""
    resources = {}
    for kind in ("components", "js", "js_raw", "css", "css_raw"):
        listed = told.get(kind)
        resources[kind] = [x for x in listed if isinstance(x, str)] if isinstance(listed, list) else []
    if "bokeh" not in resources["components"]:
        resources["components"].insert(0, "bokeh")
    return resources


def _new_key() -> bytes:
    return secrets.token_bytes(32)
