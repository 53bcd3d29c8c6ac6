"""Sessions with users: register, login, keys; what is saved, and what is sent where."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.wrappers import Request, Response

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.client import Session
from bokeh_wsgi.client.transport.http_transport import is_same_place
from bokeh_wsgi.exc import ServerRefused, ServerUnreachable

from .accounts import PASSWORD, registered
from .test_transport import serving


class Listening:
    """An app, and the credentials of the requests that it got."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.heard: list[tuple[str, str | None]] = []

    def __call__(self, environ: Any, start_response: Any) -> Any:
        self.heard.append((environ["PATH_INFO"], environ.get("HTTP_AUTHORIZATION")))
        return self.app(environ, start_response)


@pytest.fixture
def listening(shared_app: BokehWSGI) -> Listening:
    return Listening(shared_app)


@pytest.fixture
def url(listening: Listening) -> Iterator[str]:
    """A server with users at /bokeh/; all else leads there, as with bokeh-server."""

    @Request.application
    def elsewhere(request: Request) -> Response:
        return Response(status=307, headers={"Location": f"/bokeh{request.path}"})

    with serving(DispatcherMiddleware(elsewhere, {"/bokeh": listening})) as found:
        yield found


def entries(configdir: Path) -> dict[str, dict[str, str]]:
    content: dict[str, dict[str, str]] = json.loads((configdir / "config.json").read_text())
    return content


# Registering, logging in and out


def test_who_registers_has_documents_of_their_own(ann: Session, bob: Session) -> None:
    assert ann.userinfo["username"] == ann.username == "ann"
    assert [found["title"] for found in ann.userinfo["docs"]] == ["line"]
    assert bob.userinfo["docs"] == []
    bob.use_doc("line")
    assert bob.docid != ann.docid


def test_a_name_is_given_once(shared_app: BokehWSGI, ann: Session) -> None:
    with pytest.raises(RuntimeError, match="exists: use login"):
        registered(shared_app, "ann")


def test_a_wrong_password_is_refused(shared_app: BokehWSGI, ann: Session) -> None:
    session = Session(app=shared_app)
    with pytest.raises(ServerRefused, match="name or the password is wrong") as refused:
        session.login("ann", "something else")
    assert refused.value.status == 401
    assert (session.username, session.userapikey) == ("defaultuser", "nokey")


def test_too_many_tries_are_told_how_long_to_wait(shared_app: BokehWSGI, ann: Session) -> None:
    session = Session(app=shared_app)
    refused = next(error for error in wrong_logins(session) if error.status != 401)
    assert refused.status == 429
    assert re.search(r": try again in \d+ s$", str(refused))
    assert refused.body["retry_after"] > 0


def wrong_logins(session: Session) -> Iterator[ServerRefused]:
    for _ in range(1000):
        with pytest.raises(ServerRefused) as refused:
            session.login("ann", "something else")
        yield refused.value


def test_a_login_is_another_key(shared_app: BokehWSGI, ann: Session) -> None:
    again = Session(app=shared_app)
    again.login("ann", PASSWORD)
    assert again.userapikey != ann.userapikey
    assert again.make_doc("line") == ann.docid
    keys = ann.keys()
    assert sorted(key["current"] for key in keys) == [False, True]
    assert all("@" in key["name"] for key in keys)


def test_a_key_can_be_made_for_a_machine_and_revoked(shared_app: BokehWSGI, ann: Session) -> None:
    machine = Session(app=shared_app, username="ann", userapikey=ann.new_key("the lab's oven"))
    assert machine.userinfo["username"] == "ann"
    keys = ann.keys()
    ann.revoke(next(key["id"] for key in keys if key["name"] == "the lab's oven"))
    with pytest.raises(ServerRefused, match="revoked: login again") as refused:
        machine.use_doc("line")
    assert refused.value.status == 401


def test_a_logout_ends_the_key(shared_app: BokehWSGI, ann: Session) -> None:
    old = Session(app=shared_app, username="ann", userapikey=ann.userapikey)
    ann.logout()
    assert (ann.username, ann.userapikey) == ("defaultuser", "nokey")
    with pytest.raises(ServerRefused, match="revoked"):
        _ = old.userinfo
    old.logout()
    assert old.userapikey == "nokey"


def test_without_a_key_a_server_with_users_says_what_to_do(shared_app: BokehWSGI) -> None:
    with pytest.raises(RuntimeError, match=r"has users: session.register\(name, password\) or session.login"):
        Session(app=shared_app).use_doc("line")


@pytest.mark.parametrize("call", ["register", "login"])
def test_a_single_user_server_needs_none(app: BokehWSGI, call: str) -> None:
    with pytest.raises(RuntimeError, match=r"single-user: no (registration|login) needed"):
        getattr(Session(app=app), call)("ann", PASSWORD)


def test_an_invitation_is_needed_where_the_server_says_so() -> None:
    app = BokehWSGI(store="memory:", multi_user=True, registration="invite")
    with pytest.raises(ServerRefused, match="invitation") as refused:
        registered(app, "ann")
    assert refused.value.status == 403
    session = Session(app=app)
    session.register("ann", PASSWORD, invite=app.context.accounts.new_invitation())
    assert session.userinfo["username"] == "ann"
    app.close()


@pytest.mark.process  # the browser
def test_the_browser_signs_in_by_a_code_and_never_sees_the_key(
    ann: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOKEH_BROWSER", "none")
    url = ann.browser_login()
    assert url.startswith(f"{ann.base_url}login/code#code=")
    assert ann.userapikey.split("-")[-1] not in url
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BOKEH_BROWSER", f"{browser} %s")
    assert ann.browser_login() == opened.read_text().strip() != url


# What is saved


def test_a_login_is_found_by_later_sessions_at_that_server(url: str, tmp_path: Path) -> None:
    with Session(root_url=url, configdir=tmp_path) as session:
        session.register("ann", PASSWORD)
        assert entries(tmp_path)[url]["userapikey"] == session.userapikey
        assert PASSWORD not in (tmp_path / "config.json").read_text()
    with Session(root_url=url, configdir=tmp_path) as session:
        assert session.userinfo["username"] == session.username == "ann"
        session.logout()
    assert entries(tmp_path) == {}


@pytest.mark.parametrize(("first", "then"), [("", "bokeh/"), ("bokeh/", "")])
def test_a_server_is_the_same_by_the_address_that_it_prints(
    url: str, tmp_path: Path, first: str, then: str
) -> None:
    with Session(root_url=url + first, configdir=tmp_path) as session:
        session.register("ann", PASSWORD)
    with Session(root_url=url + then, configdir=tmp_path) as session:
        assert session.userinfo["username"] == session.username == "ann"
        session.logout()
    assert entries(tmp_path) == {}


def test_a_key_that_the_caller_gives_wins(url: str, tmp_path: Path) -> None:
    with Session(root_url=url, configdir=tmp_path) as session:
        session.register("ann", PASSWORD)
        key = session.userapikey
        session.register("bob", PASSWORD)
    with Session(root_url=url, configdir=tmp_path, username="ann", userapikey=key) as session:
        assert session.userinfo["username"] == "ann"
    stranger = Session(root_url=url, configdir=tmp_path, load_from_config=False)
    with stranger, pytest.raises(ServerRefused, match="has users"):
        _ = stranger.userinfo


def test_a_login_works_where_nothing_can_be_saved(url: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with Session(root_url=url, configdir=tmp_path / "file") as session:
        with pytest.warns(UserWarning, match="cannot be kept for later scripts"):
            session.register("ann", PASSWORD)
        assert session.userinfo["username"] == "ann"


# What is sent where


def test_the_key_goes_to_the_mount_and_the_password_goes_without_it(
    url: str, listening: Listening, tmp_path: Path
) -> None:
    with Session(root_url=url, configdir=tmp_path) as session:
        session.register("ann", PASSWORD)
        session.login("ann", PASSWORD)
        session.use_doc("line")
        key = session.userapikey
    assert listening.heard == [
        ("/ping", None),
        ("/register", None),
        ("/login", None),
        ("/doc", f"Bearer {key}"),
    ]


def test_no_other_place_gets_a_key(url: str, listening: Listening, tmp_path: Path) -> None:
    elsewhere = Response(status=302, headers={"Location": f"{url}bokeh/ping"})
    with serving(elsewhere) as other:
        session = Session(root_url=other, username="ann", userapikey="bwk-a-secret", configdir=tmp_path)
        with pytest.raises(ServerUnreachable, match="which is another place: not followed"):
            session.use_doc("line")
        session.close()
    assert listening.heard == []


@pytest.mark.parametrize(
    ("first", "then", "follows"),
    [
        ("http://a/ping", "http://a/bokeh/ping", True),
        ("http://a/ping", "https://a/ping", True),
        ("https://a/ping", "http://a/ping", False),
        ("http://a/ping", "http://b/ping", False),
        ("http://a:1/ping", "http://a:2/ping", False),
        ("https://a/ping", "https://a:444/ping", False),
        ("http://a/ping", "https://a@b/ping", False),
    ],
)
def test_a_redirect_is_followed_on_the_same_host_and_never_down_to_http(
    first: str, then: str, follows: bool
) -> None:
    assert is_same_place(first, then) is follows


def test_a_key_of_bokeh_0_9_does_no_harm_where_there_are_no_users(app: BokehWSGI) -> None:
    session = Session(app=app, username="bob", userapikey="0f2c0bd4-5ad2-4c47-9c0b-a3b0e64b1b1b")
    session.use_doc("line")
    assert session.userinfo["username"] == "defaultuser"
