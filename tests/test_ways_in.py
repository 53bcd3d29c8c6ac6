"""Every way of docs/deploy.md, each kind of users, whatever a request can bring: a table of what it opens."""

from typing import Any

import pytest
from werkzeug.middleware.lint import LintMiddleware
from werkzeug.test import Client
from werkzeug.wrappers import Response

from .ways_in import CREDENTIALS, MODES, WAYS, Held, Mode, app_of, expected, is_public_everywhere, opened

PLACES = [
    (way, mode) for way in WAYS for mode in MODES if way != "by REMOTE_USER" or mode == "users of a site"
]


@pytest.mark.parametrize("credential", CREDENTIALS)
@pytest.mark.parametrize(("way", "mode"), PLACES)
def test_what_a_request_brings_opens_what_it_should_and_nothing_else(
    way: str, mode: Mode, credential: str
) -> None:
    place = WAYS[way]
    app = app_of(mode, place.identify)
    held = Held.of(app)
    brought = CREDENTIALS[credential]
    assert opened(place.make(app), place.prefix, held, brought) == expected(place, mode, brought)
    app.close()


@pytest.mark.parametrize(("way", "mode"), PLACES)
def test_what_is_nobodys_is_everybodys(way: str, mode: Mode) -> None:
    app = app_of(mode, WAYS[way].identify)
    assert is_public_everywhere(WAYS[way].make(app), WAYS[way].prefix)
    app.close()


# Behind a login of the site

WALL = WAYS["as a Blueprint behind a login"]
PAGE_OF_A_SITE = {"Origin": "null", "Sec-Fetch-Site": "cross-site"}


@pytest.mark.parametrize("mode", MODES)
def test_a_page_behind_a_login_is_told_by_the_app_that_its_token_has_ended(mode: Mode) -> None:
    """Not sent to the site's login, of which it could make nothing."""
    app = app_of(mode, WALL.identify)
    held = Held.of(app)
    client = Client(WALL.make(app))
    app.context.policy.tokens.page_token_s = -60
    bearer = {**PAGE_OF_A_SITE, "Authorization": f"Bearer {held.page_token}"}
    answer = client.get(f"/bokeh/changes?doc={held.docid}:0&wait=0", headers=bearer)
    assert (answer.status_code, answer.get_json()["error"]) == (401, "access-denied")
    edits = {**PAGE_OF_A_SITE, "Content-Type": "text/plain"}
    body = f'{held.page_token}\nkey\n{{"edits": []}}'
    answer = client.post(f"/bokeh/doc/{held.docid}/edits", data=body, headers=edits)
    assert (answer.status_code, answer.get_json()["error"]) == (401, "access-denied")
    app.close()


@pytest.mark.parametrize("mode", MODES)
def test_a_page_behind_a_login_sends_its_edits(mode: Mode) -> None:
    app = app_of(mode, WALL.identify)
    held = Held.of(app)
    client = Client(WALL.make(app))
    headers = {**PAGE_OF_A_SITE, "Content-Type": "text/plain"}
    title = '{"edits": [{"kind": "TitleChanged", "title": "edited"}]}'
    path = f"/bokeh/doc/{held.docid}/edits"
    assert client.post(path, data=f"{held.page_token}\nkey\n{title}", headers=headers).status_code == 200
    for token in ("", "x", held.token, held.other_token):
        answer = client.post(path, data=f"{token}\nkey\n{title}", headers=headers)
        assert answer.status_code in (401, 403), token
    # What is no page's has to bring a key.
    answer = client.post(path, json={"edits": []})
    assert (answer.status_code, answer.headers.get("Location")) == (302, "/login")
    app.close()


@pytest.mark.parametrize("mode", MODES)
def test_a_browser_is_told_behind_a_login_what_it_may_send_and_no_more(mode: Mode) -> None:
    app = app_of(mode, WALL.identify)
    client = Client(WALL.make(app))
    answer = client.options("/bokeh/changes", headers=PAGE_OF_A_SITE)
    assert answer.headers["Access-Control-Allow-Methods"] == "GET"
    assert client.options("/elsewhere").headers.get("Location") == "/login"
    app.close()


@pytest.mark.parametrize("mode", MODES)
def test_who_is_signed_in_at_the_site_passes_its_login(mode: Mode) -> None:
    app = app_of(mode, WALL.identify)
    client = Client(WALL.make(app))
    headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
    assert client.get("/bokeh/", headers=headers).headers.get("Location") == "/login"
    client.post("/sign-in/ada")
    answer = client.get("/bokeh/", headers=headers)
    # Users with passwords have to sign in once more, at the app.
    assert answer.headers.get("Location") == (
        "/bokeh/login?next=%2Fbokeh%2F" if mode == "users with passwords" else None
    )
    app.close()


def _answers_all(environ: Any, start_response: Any) -> Any:
    return Response("yes")(environ, start_response)


@pytest.mark.parametrize("inner", ["middleware", "another app"])
def test_of_an_app_that_cannot_be_asked_nothing_passes_the_login(inner: str) -> None:
    app = app_of("users with passwords")
    held = Held.of(app)
    wrapped: Any = LintMiddleware(app) if inner == "middleware" else _answers_all
    site = WALL.make(wrapped)
    bearer = {"Authorization": f"Bearer {held.key}"}
    for path in ("userinfo", "ping", "static/site.css", f"doc/{held.docid}?token={held.token}"):
        assert Client(site).get(f"/bokeh/{path}", headers=bearer).headers.get("Location") == "/login"
    assert Client(site).options("/bokeh/changes").headers.get("Location") == "/login"
    app.close()
