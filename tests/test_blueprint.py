"""The plot server in a Flask site, as a Blueprint."""

import io
import json
import re
from collections.abc import Iterator
from typing import Any

import flask
import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client, EnvironBuilder, TestResponse, run_wsgi_app
from werkzeug.wrappers import Response

import bokeh_wsgi.flask
from bokeh_wsgi.app import BokehWSGI
from tests.api.conftest import Api
from tests.person import PAGE


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
