"""The plot server in sites of others, whose users it takes as its own."""

import io
import json
import re
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import flask
import flask_login
import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client, EnvironBuilder, TestResponse, run_wsgi_app
from werkzeug.wrappers import Response

import bokeh_wsgi.flask
from bokeh_wsgi.app import BokehWSGI
from tests.api.conftest import Api

from .ways_in import CREDENTIALS, MODES, Held, Mode, Way, app_of, expected, opened

PAGE = {"Accept": "text/html"}


class Echo:
    """A WSGI app that says what it was asked, in pieces."""

    def __init__(self) -> None:
        self.begun = 0
        self.closed = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> "Echo":
        names = (
            "REQUEST_METHOD",
            "SCRIPT_NAME",
            "PATH_INFO",
            "QUERY_STRING",
            "CONTENT_LENGTH",
            "HTTP_X_NAME",
        )
        self.told = {name: environ.get(name) for name in names}
        if environ["PATH_INFO"] == "/read":
            self.told["body"] = environ["wsgi.input"].read().decode()
        start_response("207 Something", [("X-Echo", "yes")])
        self.begun = 0
        return self

    def __iter__(self) -> Iterator[bytes]:
        for piece in (json.dumps(self.told).encode(), b"\n", b"last"):
            self.begun += 1
            yield piece

    def close(self) -> None:
        self.closed += 1


def flask_site(app: Any, prefix: str | None = "/bokeh") -> flask.Flask:
    site = flask.Flask("site")
    site.register_blueprint(bokeh_wsgi.flask.blueprint(app), url_prefix=prefix)
    return site


def told(client: Client, path: str, **options: Any) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
    response = client.open(path, **{"method": "GET", **options})
    return response.status_code, json.loads(response.text.split("\n")[0]), list(response.headers)


# A Blueprint

PATHS = [
    "/bokeh",
    "/bokeh/",
    "/bokeh/doc/x?a=b&c=%20d",
    "/bokeh/doc/a%2Fb/",
    "/bokeh/doc/gr%C3%B6%C3%9Fe%F0%9F%93%88",
    "/bokeh/doc/not%FFutf8%FE/x",
    "/bokeh/doc/x//y",
    "/bokeh/a%3Fb%23c%25d",
    "/bokeh/bokeh/bokeh",
]


@pytest.mark.parametrize("outer", ["", "/site", "/a/größe"])
@pytest.mark.parametrize("path", PATHS)
def test_a_path_arrives_through_a_blueprint_as_in_a_mount(path: str, outer: str) -> None:
    raw = outer.encode().decode("latin-1")
    mounted = Client(DispatcherMiddleware(Response(), {f"{raw}/bokeh": Echo()}))
    through = Client(
        DispatcherMiddleware(Response(), {raw: flask_site(Echo())}) if outer else flask_site(Echo())
    )
    assert told(through, outer + path) == told(mounted, outer + path)


@pytest.mark.parametrize("prefix", ["/bokeh/", "/our/plots", "/größe"])
def test_a_blueprint_may_have_any_prefix(prefix: str) -> None:
    _, seen, _ = told(Client(flask_site(Echo(), prefix)), prefix.rstrip("/") + "/doc/x")
    assert seen["SCRIPT_NAME"].encode("latin-1").decode() == prefix.rstrip("/")
    assert seen["PATH_INFO"] == "/doc/x"


def test_a_prefix_may_have_a_part_that_varies() -> None:
    _, seen, _ = told(Client(flask_site(Echo(), "/<team>/plots")), "/blue/plots/doc/x")
    assert (seen["SCRIPT_NAME"], seen["PATH_INFO"]) == ("/blue/plots", "/doc/x")


def test_without_a_prefix_it_answers_what_the_site_does_not() -> None:
    site = flask_site(Echo(), None)
    site.add_url_rule("/home", view_func=lambda: "home")
    assert Client(site).get("/home").text == "home"
    assert told(Client(site), "/doc/x")[1]["PATH_INFO"] == "/doc/x"
    assert told(Client(site), "/")[1]["PATH_INFO"] == "/"


def test_two_blueprints_lead_to_two_apps() -> None:
    site = flask_site(Echo(), "/one")
    site.register_blueprint(bokeh_wsgi.flask.blueprint(Echo(), name="other"), url_prefix="/two/deep")
    assert told(Client(site), "/one/x")[1]["SCRIPT_NAME"] == "/one"
    assert told(Client(site), "/two/deep/x")[1]["SCRIPT_NAME"] == "/two/deep"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_every_method_arrives(method: str) -> None:
    status, seen, headers = told(
        Client(flask_site(Echo())), "/bokeh/x", method=method, headers={"X-Name": "1"}
    )
    assert (status, seen["REQUEST_METHOD"], seen["HTTP_X_NAME"]) == (207, method, "1")
    assert headers == [("X-Echo", "yes")]  # and none of Flask's


def test_a_head_is_answered_without_a_body_and_closed() -> None:
    echo = Echo()
    response = Client(flask_site(echo)).head("/bokeh/x")
    response.close()
    assert (response.status_code, response.data, response.headers["X-Echo"]) == (207, b"", "yes")
    assert echo.closed == 1


def test_a_stream_is_handed_on_piece_by_piece_and_closed_once() -> None:
    echo = Echo()
    pieces, _, _ = run_wsgi_app(flask_site(echo), EnvironBuilder("/bokeh/x").get_environ())
    assert echo.begun <= 2
    assert next(iter(pieces))
    assert (echo.begun, echo.closed) == (1, 0)
    pieces.close()  # type: ignore[attr-defined]
    assert echo.closed == 1


class Untouchable(io.RawIOBase):
    """A body that nobody may read."""

    def readinto(self, buffer: Any) -> int:
        raise AssertionError("somebody read the body")


@pytest.mark.parametrize("content_type", ["application/octet-stream", "application/x-www-form-urlencoded"])
def test_flask_leaves_the_body_to_the_app(content_type: str) -> None:
    site = flask_site(Echo())
    site.config["MAX_CONTENT_LENGTH"] = 10
    builder = EnvironBuilder("/bokeh/x", method="POST", content_type=content_type)
    environ = builder.get_environ() | {"wsgi.input": Untouchable(), "CONTENT_LENGTH": str(100 << 20)}
    _, status, _ = run_wsgi_app(site, environ, buffered=True)
    assert status.startswith("207")
    assert told(Client(site), "/bokeh/read", method="POST", data="x" * 50)[1]["body"] == "x" * 50


def test_the_rules_of_the_site_come_before_the_app() -> None:
    echo = Echo()
    site = flask_site(echo)

    @site.before_request
    def only_friends() -> None:
        if "X-Name" not in flask.request.headers:
            flask.abort(403)

    @site.after_request
    def mark(response: flask.Response) -> flask.Response:
        response.headers["X-Site"] = "seen"
        return response

    assert Client(site).post("/bokeh/doc").status_code == 403
    assert not hasattr(echo, "told")
    response = Client(site).get("/bokeh/doc", headers={"X-Name": "friend"})
    assert (response.status_code, response.headers["X-Site"]) == (207, "seen")


def test_a_login_rule_lets_pass_what_comes_without_a_login() -> None:
    app = BokehWSGI(store="memory:", multi_user=True)
    site = flask_site(app)
    site.add_url_rule("/private/<path:path>", view_func=lambda path: "secret")

    @site.before_request
    def members_only() -> None:
        if not bokeh_wsgi.flask.comes_without_login():
            flask.abort(418)

    client = Client(site)
    bearer, key = {"Authorization": "Bearer x"}, {"BOKEHUSER-API-KEY": "x"}
    judged = [
        client.get("/bokeh/changes?doc=x:0", headers=bearer),
        client.get("/bokeh/userinfo", headers=key),
        client.options("/bokeh/changes"),
        client.get("/bokeh/doc/x?token=y"),
        client.get("/bokeh/ping"),
        client.get("/bokeh/static/site.css"),
        client.get("/bokeh/autoload.js"),
    ]
    assert [response.status_code for response in judged] == [401, 401, 200, 401, 200, 200, 200]
    refused = [
        client.get("/bokeh/"),
        client.get("/bokeh/doc/x?public=true"),
        client.get("/bokeh/doc/x?public=true&token=y", headers=key),
        client.get("/bokeh/userinfo?token=y"),
        client.get("/bokeh/userinfo", headers=bearer),
        client.get("/bokeh/userinfo", headers={"Authorization": "x"}),
        client.post("/bokeh/login", json={}, headers=key),
        client.post("/bokeh/doc"),
        client.get("/bokeh/pings"),
        client.get("/private/static/x", headers=bearer),
        client.get("/private/x?token=y"),
        client.options("/private/x"),
        client.get("/nowhere", headers=bearer),
    ]
    assert [response.status_code for response in refused] == [418] * len(refused)
    app.close()


def test_every_link_is_built_from_the_prefix_of_the_blueprint() -> None:
    app = BokehWSGI(store="memory:")
    client = Client(DispatcherMiddleware(Response(), {"/site": flask_site(app)}))
    for path in ["", "/", "/nowhere"]:
        links = re.findall(
            r'(?:href|src|action)="([^"]*)"', client.get(f"/site/bokeh{path}", headers=PAGE).text
        )
        assert links
        assert [link for link in links if not link.startswith(("/site/bokeh/", "#"))] == []
    app.close()


def test_a_document_is_published_and_followed_through_a_blueprint() -> None:
    app = BokehWSGI(store="memory:")
    api = Api(DispatcherMiddleware(flask_site(app), {"/plots": app}))
    api.client = _Below(api.client, "/bokeh")  # type: ignore[assignment]
    docid = api.make()
    assert api.publish(docid, y=[1.0, 2.0]) == 1
    assert api.columns(docid)["y"] == [1.0, 2.0]
    app.close()


class _Below:
    """A client of what is below a path."""

    def __init__(self, client: Client, prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    def post(self, path: str, **options: Any) -> TestResponse:
        return self._client.post(self._prefix + path, **options)

    def get(self, path: str, **options: Any) -> TestResponse:
        return self._client.get(self._prefix + path, **options)


# Users of a Flask site


class User(flask_login.UserMixin):  # type: ignore[misc]
    def __init__(self, name: str) -> None:
        self.id = name
        self.email = f"{name}@site.example"

    @property
    def is_active(self) -> bool:
        return self.id not in DISABLED


DISABLED: set[str] = set()


def with_login(mount: Callable[[flask.Flask], Any]) -> Any:
    site = flask.Flask("site")
    site.secret_key = "test"
    logins = flask_login.LoginManager(site)
    logins.user_loader(User)

    @site.post("/sign-in/<name>")
    def sign_in(name: str) -> str:
        flask_login.login_user(User(name), remember="remember" in flask.request.args)
        return "in"

    @site.post("/sign-out")
    def sign_out() -> str:
        flask_login.logout_user()
        return "out"

    return mount(site)


def as_blueprint(site: flask.Flask) -> Any:
    app = BokehWSGI(store="memory:", identify=bokeh_wsgi.flask.identify(site))
    site.register_blueprint(bokeh_wsgi.flask.blueprint(app), url_prefix="/bokeh")
    return site


def beside(site: flask.Flask) -> Any:
    app = BokehWSGI(store="memory:", identify=bokeh_wsgi.flask.identify(site))
    return DispatcherMiddleware(site, {"/bokeh": app})


class Person:
    """Somebody's browser at a site that has the plot server at /bokeh."""

    def __init__(self, site: Any, name: str = "") -> None:
        self.client = Client(site)
        if name:
            self.client.post(f"/sign-in/{name}")

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(f"/bokeh{path}", headers={**PAGE, "Sec-Fetch-Site": "same-origin"}, **options)

    def csrf(self) -> str:
        return re.findall(r'name="csrf" content="([^"]*)"', self.get("/").text)[0]  # type: ignore[no-any-return]

    def send(self, method: str, path: str, *, csrf: str | None = None, **options: Any) -> TestResponse:
        """As a script of the server's pages does."""
        token = self.csrf() if csrf is None else csrf
        headers = {"X-CSRF-Token": token, "Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
        return self.client.open(f"/bokeh{path}", method=method, headers=headers, **options)


@pytest.fixture(params=[as_blueprint, beside], ids=["Blueprint", "DispatcherMiddleware"])
def site(request: pytest.FixtureRequest) -> Any:
    DISABLED.clear()
    return with_login(request.param)


def test_a_user_of_the_site_sees_their_own_documents_without_another_login(site: Any) -> None:
    ada, bob, nobody = Person(site, "ada"), Person(site, "bob"), Person(site)
    docid = ada.send("POST", "/doc", json={"title": "ada's plot"}).get_json()["docid"]
    assert "ada&#39;s plot" in ada.get("/").text
    assert ada.get(f"/doc/{docid}").status_code == 200
    assert "ada&#39;s plot" not in bob.get("/").text
    assert bob.get(f"/doc/{docid}").status_code == 404
    assert nobody.get("/").status_code == 401
    assert nobody.get(f"/doc/{docid}").status_code == 404


def test_signing_out_at_the_site_is_enough(site: Any) -> None:
    ada = Person(site, "ada")
    docid = ada.send("POST", "/doc", json={"title": "t"}).get_json()["docid"]
    ada.client.post("/sign-out")
    assert ada.get("/").status_code == 401
    assert ada.get(f"/doc/{docid}").status_code == 404


def test_a_user_whom_the_site_disables_is_nobody(site: Any) -> None:
    ada = Person(site, "ada")
    assert ada.get("/").status_code == 200
    DISABLED.add("ada")
    assert ada.get("/").status_code == 401
    DISABLED.clear()
    assert ada.get("/").status_code == 200


@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")  # in Flask-Login
def test_a_browser_that_the_site_remembers_is_known(site: Any) -> None:
    ada = Person(site)
    ada.client.post("/sign-in/ada?remember=1")
    ada.client.delete_cookie("session")
    assert ada.get("/account").status_code == 200


def test_a_user_of_the_site_makes_a_key_for_scripts(site: Any) -> None:
    ada = Person(site, "ada")
    key = ada.send("POST", "/keys", json={"name": "laptop"}).get_json()["key"]
    bearer = {"Authorization": f"Bearer {key}"}
    assert Client(site).get("/bokeh/userinfo", headers=bearer).get_json()["username"] == "ada"
    assert Client(site).post("/bokeh/doc", json={"title": "t"}, headers=bearer).status_code == 201


def test_the_buttons_of_the_index_need_its_form_token(site: Any) -> None:
    ada, bob = Person(site, "ada"), Person(site, "bob")
    docid = ada.send("POST", "/doc", json={"title": "t"}).get_json()["docid"]
    changes: list[tuple[str, str, Any]] = [
        ("PATCH", f"/doc/{docid}", {"title": "renamed"}),
        ("PUT", f"/access/{docid}/published", None),
        ("PUT", f"/access/{docid}/users/bob", {"right": "read"}),
        ("DELETE", f"/doc/{docid}", None),
    ]
    for method, path, body in changes:
        for wrong in ("", "forged", bob.csrf()):
            assert ada.send(method, path, csrf=wrong, json=body).status_code == 403, (method, path)
        assert ada.send(method, path, json=body).status_code == 200, (method, path)
    assert ada.get(f"/doc/{docid}").status_code == 404


def test_another_sites_page_cannot_use_a_sign_in_of_the_site(site: Any) -> None:
    ada = Person(site, "ada")
    docid = ada.send("POST", "/doc", json={"title": "t"}).get_json()["docid"]
    foreign = {"X-CSRF-Token": ada.csrf(), "Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert ada.client.delete(f"/bokeh/doc/{docid}", headers=foreign).status_code == 403


def test_there_is_no_sign_in_but_that_of_the_site(site: Any) -> None:
    ada = Person(site, "ada")
    for path in ("/login", "/register"):
        assert ada.get(path).status_code == 409
    page = ada.get("/account").text
    assert "Make key" in page
    assert 'type="password"' not in page


def test_a_site_says_what_its_users_are_called() -> None:
    site = with_login(lambda site: site)
    identify = bokeh_wsgi.flask.identify(site, lambda user: user.email)
    ada = Person(DispatcherMiddleware(site, {"/bokeh": BokehWSGI(store="memory:", identify=identify)}), "ada")
    assert "ada@site.example" in ada.get("/account").text


def test_who_was_there_before_in_an_application_context_is_not_taken_for_the_next() -> None:
    site = with_login(lambda site: site)
    app = DispatcherMiddleware(
        site, {"/bokeh": BokehWSGI(store="memory:", identify=bokeh_wsgi.flask.identify(site))}
    )
    ada, bob = Person(app, "ada"), Person(app, "bob")
    with site.app_context():
        assert ">ada<" in ada.get("/account").text
        assert ">bob<" in bob.get("/account").text


def test_in_a_request_to_another_site_its_own_users_count() -> None:
    inner = with_login(as_blueprint)
    outer = flask.Flask("outer")
    outer.register_blueprint(bokeh_wsgi.flask.blueprint(inner.wsgi_app, name="inner"), url_prefix="/inner")
    client = Client(outer)
    client.post("/inner/sign-in/ada")
    page = client.get("/inner/bokeh/account", headers={**PAGE, "Sec-Fetch-Site": "same-origin"})
    assert ">ada<" in page.text


# Users by the server in front


def test_the_name_that_a_proxy_gives_is_the_user() -> None:
    app = BokehWSGI(store="memory:", identify=lambda environ: environ.get("REMOTE_USER"))
    client = Client(app)
    assert client.get("/", headers=PAGE).status_code == 401
    page = client.get("/account", headers=PAGE, environ_base={"REMOTE_USER": "Ada L"})
    assert "Ada L" in page.text
    assert client.get("/account", headers={**PAGE, "Remote-User": "Ada L"}).status_code == 401
    app.close()


# Users of a Django site


@pytest.fixture(scope="module")
def django(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Django, set up for this process."""
    import django
    from django.conf import settings

    urls: Any = type(sys)("urls_of_test_sites")
    urls.urlpatterns = []
    sys.modules[urls.__name__] = urls
    folder = tmp_path_factory.mktemp("django")
    settings.configure(
        ALLOWED_HOSTS=["localhost"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "site.db"}},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        ROOT_URLCONF=urls.__name__,
        SECRET_KEY="test",
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    django.setup()
    from django.contrib.auth import get_user_model, login, logout
    from django.core.management import call_command
    from django.db import connections
    from django.http import HttpResponse
    from django.urls import path

    def sign_in(request: Any, name: str) -> Any:
        login(request, get_user_model().objects.get(username=name))
        return HttpResponse("in")

    def sign_out(request: Any) -> Any:
        logout(request)
        return HttpResponse("out")

    urls.urlpatterns = [path("sign-in/<name>", sign_in), path("sign-out", sign_out)]
    with pytest.MonkeyPatch.context() as patch:
        # The browser of other tests has its event loop in this thread, where Django then expects no queries.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        call_command("migrate", verbosity=0)
        for name in ("ada", "bob"):
            get_user_model().objects.create_user(name)
        yield
        connections.close_all()


@pytest.fixture(params=["db", "signed_cookies", "cached_db"])
def django_site(request: pytest.FixtureRequest, django: None) -> Iterator[Any]:
    """A Django site, with each kind of sessions."""
    from django.core.wsgi import get_wsgi_application
    from django.test import override_settings

    with override_settings(SESSION_ENGINE=f"django.contrib.sessions.backends.{request.param}"):
        yield get_wsgi_application()


def in_django(django_site: Any) -> Any:
    import bokeh_wsgi.django

    app = BokehWSGI(store="memory:", identify=bokeh_wsgi.django.identify)
    return DispatcherMiddleware(django_site, {"/bokeh": app})


def test_a_user_of_django_is_one_of_the_plot_server(django_site: Any) -> None:
    app = in_django(django_site)
    ada, bob, nobody = Person(app, "ada"), Person(app, "bob"), Person(app)
    docid = ada.send("POST", "/doc", json={"title": "ada's plot"}).get_json()["docid"]
    assert ada.get(f"/doc/{docid}").status_code == 200
    assert bob.get(f"/doc/{docid}").status_code == 404
    assert nobody.get("/").status_code == 401
    ada.client.post("/sign-out")
    assert ada.get(f"/doc/{docid}").status_code == 404
    assert ada.get("/").status_code == 401


def test_a_user_whom_django_disables_is_nobody(django_site: Any) -> None:
    from django.contrib.auth import get_user_model

    ada = Person(in_django(django_site), "ada")
    assert ada.get("/account").status_code == 200
    users = get_user_model().objects.filter(username="ada")
    users.update(is_active=False)
    try:
        assert ada.get("/account").status_code == 401
    finally:
        users.update(is_active=True)


def test_a_cookie_that_django_did_not_sign_is_nobodys(django_site: Any) -> None:
    nobody = Person(in_django(django_site))
    nobody.client.set_cookie("sessionid", "forged")
    assert nobody.get("/").status_code == 401


def test_a_session_of_an_older_key_of_django_goes_on_at_the_site(django_site: Any) -> None:
    from django.conf import settings
    from django.test import override_settings

    ada = Person(in_django(django_site), "ada")
    before = ada.client.get_cookie("sessionid")
    old = settings.SECRET_KEY
    with override_settings(SECRET_KEY="another", SECRET_KEY_FALLBACKS=[old]):
        assert ada.get("/account").status_code == 200
        # Looking has not given the session another key, which only the site could tell the browser.
        assert ada.get("/account").status_code == 200
    assert ada.client.get_cookie("sessionid") == before
    assert ada.get("/account").status_code == 200


def test_many_threads_ask_django_at_once_and_leave_no_connection(django_site: Any) -> None:
    from django.db import connection

    app = in_django(django_site)
    people = {name: Person(app, name) for name in ("ada", "bob")}
    held: list[bool] = []
    together = threading.Barrier(8)

    def ask(n: int) -> None:
        name = ("ada", "bob")[n % 2]
        cookie = people[name].client.get_cookie("sessionid")
        assert cookie is not None
        client = Client(app)
        client.set_cookie("sessionid", cookie.value)
        together.wait()
        for _ in range(5):
            page = client.get("/bokeh/account", headers={**PAGE, "Sec-Fetch-Site": "same-origin"})
            assert f">{name}<" in page.text
        held.append(connection.connection is not None)

    with ThreadPoolExecutor(8) as pool:
        for asked in [pool.submit(ask, n) for n in range(8)]:
            asked.result()
    assert held == [False] * 8


@pytest.mark.parametrize("mode", MODES)
def test_what_a_request_brings_opens_what_it_should_beside_a_django_site(
    django_site: Any, mode: Mode
) -> None:
    import bokeh_wsgi.django

    for name, brought in CREDENTIALS.items():
        app = app_of(mode, bokeh_wsgi.django.identify)
        held = Held.of(app)
        way = Way(lambda app: DispatcherMiddleware(django_site, {"/bokeh": app}), "/bokeh")
        assert opened(way.make(app), way.prefix, held, brought) == expected(way, mode, brought), name
        app.close()


# What is not installed


@pytest.mark.parametrize(
    ("module", "without", "says"),
    [
        ("bokeh_wsgi.flask", "flask", "pip install flask"),
        ("bokeh_wsgi.django", "django.contrib.auth", "pip install django"),
    ],
)
def test_a_library_that_is_missing_is_named(
    module: str, without: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, without, None)
    with pytest.raises(ImportError, match=says):
        __import__(module)


def test_flask_login_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "flask_login", None)
    with pytest.raises(ImportError, match="pip install flask-login"):
        bokeh_wsgi.flask.identify(flask.Flask("site"))
