"""Sites of others: what all of them have, and what is said where a library is missing."""

import sys

import flask
import pytest
from werkzeug.test import Client

import bokeh_wsgi.flask
from bokeh_wsgi.app import BokehWSGI
from tests.person import PAGE


def test_the_name_that_a_proxy_gives_is_the_user() -> None:
    app = BokehWSGI(store="memory:", identify=lambda environ: environ.get("REMOTE_USER"))
    client = Client(app)
    assert client.get("/", headers=PAGE).status_code == 401
    page = client.get("/account", headers=PAGE, environ_base={"REMOTE_USER": "Ada L"})
    assert "Ada L" in page.text
    assert client.get("/account", headers={**PAGE, "Remote-User": "Ada L"}).status_code == 401
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
