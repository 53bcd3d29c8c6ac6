"""The users of a Django site are those of the plot server beside it."""

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from bokeh_wsgi.app import BokehWSGI
from tests.person import PAGE, Person

from .ways_in import CREDENTIALS, MODES, Held, Mode, Way, app_of, expected, opened


@pytest.fixture(scope="module")
def django(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Django, set up for this process."""
    import django
    from django.conf import settings

    urls: Any = type(sys)("urls_of_tests")
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
