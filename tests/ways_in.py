"""The ways of docs/deploy.md to a plot server, what a request can bring, and what that opens there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import flask
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import Client
from werkzeug.wrappers import Response

import bokeh_wsgi.flask
from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.cli.serve import mounted
from bokeh_wsgi.dataplane import Op, OpCode

from .api.conftest import GRAPH, Api

Mode = Literal["one user", "users with passwords", "users of a site"]
MODES: tuple[Mode, ...] = ("one user", "users with passwords", "users of a site")


def app_of(mode: Mode, identify: Callable[[Any], str | None] = lambda _: None) -> BokehWSGI:
    if mode == "users of a site":
        return BokehWSGI(store="memory:", identify=identify)
    return BokehWSGI(store="memory:", multi_user=mode == "users with passwords")


def by_a_proxy(environ: Mapping[str, Any]) -> str | None:
    name: str | None = environ.get("REMOTE_USER")
    return name


def signed_in_at_the_site(_: object) -> str | None:
    return flask.session.get("user") if flask.has_request_context() else None


def flask_site(app: BokehWSGI, *, walled: bool) -> flask.Flask:
    site = flask.Flask("site")
    site.secret_key = "test"
    site.register_blueprint(bokeh_wsgi.flask.blueprint(app), url_prefix="/bokeh")

    @site.post("/sign-in/<name>")
    def sign_in(name: str) -> str:
        flask.session["user"] = name
        return "in"

    def members_only() -> Any:
        is_open = flask.request.endpoint == "sign_in" or bokeh_wsgi.flask.comes_without_login()
        return None if is_open or "user" in flask.session else flask.redirect("/login")

    if walled:
        site.before_request(members_only)

    return site


@dataclass(frozen=True)
class Way:
    """How requests get to the app: ``make`` puts it where it is, below ``prefix``."""

    make: Callable[[BokehWSGI], Any]
    prefix: str = ""
    identify: Callable[[Any], str | None] = lambda _: None
    # A login of the site is before it.
    walled: bool = False


def at_plots(app: BokehWSGI) -> Any:
    return ProxyFix(DispatcherMiddleware(NotFound(), {"/plots": app}), x_for=1, x_proto=1)


WAYS: dict[str, Way] = {
    "bokeh-server": Way(mounted, "/bokeh"),
    "bokeh-server behind a proxy": Way(
        lambda app: ProxyFix(mounted(app, "/lab"), x_for=1, x_proto=1), "/lab/bokeh"
    ),
    "under a WSGI server": Way(lambda app: app),
    "behind nginx": Way(at_plots, "/plots"),
    "by REMOTE_USER": Way(lambda app: app, identify=by_a_proxy),
    "as a Blueprint": Way(lambda app: flask_site(app, walled=False), "/bokeh", signed_in_at_the_site),
    "as a Blueprint behind a login": Way(
        lambda app: flask_site(app, walled=True), "/bokeh", signed_in_at_the_site, walled=True
    ),
    "beside a Flask site": Way(
        lambda app: DispatcherMiddleware(flask.Flask("site"), {"/bokeh": app}),
        "/bokeh",
        signed_in_at_the_site,
    ),
}


@dataclass
class Held:
    """A server with the document of ada (or of the one user), and what opens it."""

    app: BokehWSGI
    docid: str
    key: str
    revoked: str
    token: str
    other_token: str
    page_token: str

    @classmethod
    def of(cls, app: BokehWSGI) -> "Held":
        api, key, revoked = Api(app), "", ""
        if app.context.has_users:
            app.store.accounts.create_user("ada", "")
            _, key = app.context.accounts.new_key("ada", "test")
            gone, revoked = app.context.accounts.new_key("ada", "gone")
            app.context.accounts.revoke("ada", gone.id)
            api.client = Bearing(app, key)
        docid = api.make("line")
        api.publish(docid, y=[1.0])

        def token_of(docid: str) -> str:
            made = api.client.post(f"/access/{docid}/tokens", json={"public": False})
            return str(made.get_json()["token"])

        page = api.client.get(f"/doc/{docid}", headers={"Accept": "text/html"}).text
        page_token = page.split('"token":"')[1].split('"')[0]
        return cls(app, docid, key, revoked, token_of(docid), token_of(api.make("other")), page_token)


class Bearing(Client):
    def __init__(self, app: Any, key: str) -> None:
        super().__init__(app)
        self._key = key

    def open(self, *args: Any, **kwargs: Any) -> Any:
        kwargs["headers"] = {"Authorization": f"Bearer {self._key}", **dict(kwargs.get("headers") or {})}
        return super().open(*args, **kwargs)


WRONG_KEY = "bwk-0123456789abcdef-" + "x" * 43
ALL = frozenset({"list", "make", "page", "read", "export", "write", "delete"})
READS = frozenset({"page", "read", "export"})
PAGE = frozenset({"page"})
NOTHING: frozenset[str] = frozenset()

Opened = frozenset[str]


@dataclass(frozen=True)
class Credential:
    """What a request brings, headers and a query, and what that opens where there are users.

    ``one``: on a server of one user behind a site's login; without that, it is open to who brings nothing.
    """

    headers: Callable[[Held], dict[str, str]] = lambda _: {}
    query: Callable[[Held], str] = lambda _: ""
    users: Opened = NOTHING
    one: Opened = NOTHING
    one_without_a_login: Opened = ALL


def header(name: str, value: str) -> Credential:
    """A header that nobody goes by."""
    return Credential(lambda _: {name: value})


def bearer(value: Callable[[Held], str], opens: Opened = NOTHING) -> Credential:
    """What stands as a token of a document, and so opens what that does, and nothing else."""
    return Credential(
        lambda held: {"Authorization": f"Bearer {value(held)}"},
        users=opens,
        one=opens,
        one_without_a_login=opens,
    )


def key(make: Callable[[Held], dict[str, str]], *, users: Opened = NOTHING) -> Credential:
    """A key, which a server of one user does not look at."""
    return Credential(make, users=users)


def query(make: Callable[[Held], str], opens: Opened = NOTHING, *, ignored: bool = False) -> Credential:
    """What a page goes by in its address, unless it is ``ignored``; other routes do not look at it."""
    rest = ALL if ignored else (ALL - PAGE) | opens
    return Credential(query=make, users=opens, one=opens, one_without_a_login=rest)


CREDENTIALS: dict[str, Credential] = {
    "nothing": Credential(),
    "Authorization: x": header("Authorization", "x"),
    "Authorization: Basic": header("Authorization", "Basic YWRhOmFkYQ=="),
    "Authorization: Token": header("Authorization", "Token x"),
    "Authorization, empty": header("Authorization", ""),
    "Bearer, empty": bearer(lambda _: ""),
    "Bearer x": bearer(lambda _: "x"),
    "a wrong key": key(lambda _: {"Authorization": f"Bearer {WRONG_KEY}"}),
    "a revoked key": key(lambda held: {"Authorization": f"Bearer {held.revoked or WRONG_KEY}"}),
    "a key": key(lambda held: {"Authorization": f"Bearer {held.key or WRONG_KEY}"}, users=ALL),
    "BOKEHUSER-API-KEY: nokey": header("BOKEHUSER-API-KEY", "nokey"),
    "BOKEHUSER-API-KEY: x": header("BOKEHUSER-API-KEY", "x"),
    "BOKEHUSER-API-KEY, empty": header("BOKEHUSER-API-KEY", ""),
    "BOKEHUSER: ada": header("BOKEHUSER", "ada"),
    "an old script's key": key(
        lambda held: {"BOKEHUSER": "ada", "BOKEHUSER-API-KEY": held.key or "x"}, users=ALL
    ),
    "a key under another name": key(lambda held: {"BOKEHUSER": "eve", "BOKEHUSER-API-KEY": held.key or "x"}),
    "a login's cookie, forged": header("Cookie", "bokeh_wsgi_login=IjVmMWMi.aaaa.bbbb"),
    "a site's cookie, forged": header("Cookie", "session=eyJ1c2VyIjoiYWRhIn0.aaaa.bbbb"),
    "Remote-User: ada": header("Remote-User", "ada"),
    "X-Remote-User: ada": header("X-Remote-User", "ada"),
    "X-Forwarded-User: ada": header("X-Forwarded-User", "ada"),
    "X-CSRF-Token: x": header("X-CSRF-Token", "x"),
    "?token=": query(lambda _: "token=", ignored=True),
    "?token=x": query(lambda _: "token=x"),
    "?token= and a code": query(lambda _: "token=x&code=x"),
    "?token= of another document": query(lambda held: f"token={held.other_token}"),
    "?token= of the document": query(lambda held: f"token={held.token}", PAGE),
    "?public=true": query(lambda _: "public=true"),
    "?public=true and a token": query(lambda held: f"public=true&token={held.token}"),
    "a token of another document": bearer(lambda held: held.other_token),
    "a token of the document": bearer(lambda held: held.token, READS),
    "a page's token": bearer(lambda held: held.page_token, READS),
    "a token, and a forged one": bearer(lambda held: f"{held.token},x"),
}


def expected(way: Way, mode: Mode, credential: Credential) -> Opened:
    if mode != "one user":
        return credential.users
    return credential.one if way.walled else credential.one_without_a_login


def opened(site: Any, prefix: str, held: Held, credential: Credential) -> Opened:
    """What one can do who brings this and nothing else."""
    doc, upload = f"doc/{held.docid}", Api(held.app).body(held.docid, [Op(OpCode.GRAPH, json=GRAPH)])
    asked: list[tuple[str, str, str, dict[str, Any]]] = [
        ("list", "GET", "userinfo", {}),
        ("make", "POST", "doc", {"json": {"title": "planted"}}),
        ("page", "GET", doc, {}),
        ("read", "GET", f"changes?doc={held.docid}:0&wait=0", {}),
        ("export", "GET", f"{doc}/data/p2.csv", {}),
        ("write", "POST", f"{doc}/changes", {"data": upload}),
        ("delete", "DELETE", doc, {}),
    ]
    done = set()
    for what, method, path, body in asked:
        mark = "&" if "?" in path else "?"
        target = f"{prefix}/{path}{mark}{credential.query(held)}".rstrip("?&")
        client = Client(site, use_cookies=False)
        answer = client.open(target, method=method, headers=credential.headers(held), **body)
        if 200 <= answer.status_code < 300:
            done.add(what)
        else:
            assert answer.status_code in (302, 400, 401, 403, 404), (what, answer.text)
    return frozenset(done)


def is_public_everywhere(site: Any, prefix: str) -> bool:
    """Whether what is nobody's is answered to who brings nothing."""
    paths = ("ping", "static/site.css", "autoload.js", "favicon.ico")
    answers: list[Response] = [Client(site).get(f"{prefix}/{path}") for path in paths]
    return all(answer.status_code == 200 for answer in answers)
