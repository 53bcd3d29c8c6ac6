"""The users of a Flask site are those of the plot server in it."""

from collections.abc import Callable
from typing import Any

import flask
import flask_login
import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

import bokeh_wsgi.flask
from bokeh_wsgi.app import BokehWSGI
from tests.person import PAGE, Person


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
