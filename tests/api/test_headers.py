"""What browsers are told besides the content: who may frame it, keep it, read it from elsewhere."""

from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import Client

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.cli.serve import mounted

from .people import HTML, People
from .test_roles import PRIVATE

SITE = "https://site.example"


def people_of(**options: Any) -> Iterator[People]:
    app = BokehWSGI(store="memory:", multi_user=True, gallery=True, **options)
    people = People(app)
    people.api("ada").publish(people.docid)
    people.publish()
    yield people
    app.close()


@pytest.fixture
def people() -> Iterator[People]:
    yield from people_of()


def ancestors(people: People, query: str = "", user: str = "") -> str:
    answer = people.call("GET", f"/doc/{people.docid}{query}", user, headers=HTML)
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    return policy.partition("frame-ancestors ")[2].partition(";")[0]


def test_what_a_login_opens_is_not_for_frames_of_others(people: People) -> None:
    assert ancestors(people, user="ada") == "'self'"


def test_what_is_public_or_has_a_token_may_be_framed(people: People) -> None:
    assert ancestors(people, "?public=true", "ada") == "*"
    assert ancestors(people, f"?token={people.token('ada')}") == "*"
    assert ancestors(people) == "*"


def test_the_operator_says_which_sites_may_frame() -> None:
    for people in people_of(embed_origins=[SITE]):
        for query, user in (("", "ada"), ("?public=true", ""), (f"?token={people.token('ada')}", "")):
            assert ancestors(people, query, user) == f"'self' {SITE}"


@pytest.mark.parametrize("origins", ["https://site.example", ["site.example"], ["https://x; sandbox"], [""]])
def test_origins_that_are_none_are_refused_at_once(origins: Any) -> None:
    with pytest.raises(ValueError, match="embed_origins"):
        BokehWSGI(store="memory:", embed_origins=origins)


def test_pages_of_the_server_are_for_nobodys_frame_and_run_only_its_own_scripts(people: People) -> None:
    for path in ("/", "/account", "/gallery", "/login", "/register", "/none"):
        policy = people.call("GET", path, "ada", headers=HTML).headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy, path
        assert "script-src 'self';" in policy, path
        assert "unsafe" not in policy, path


def test_nothing_private_is_kept_by_caches_or_guessed_at(people: People) -> None:
    paths = [
        "/",
        "/account",
        "/userinfo",
        "/keys",
        f"/doc/{people.docid}",
        f"/access/{people.docid}",
        "/none",
    ]
    for path in [*paths, f"/changes?doc={people.docid}:0&wait=0"]:
        for headers in (HTML, {}):
            answer = people.call("GET", path, "ada", headers=headers)
            assert "no-store" in answer.headers["Cache-Control"], path
    for path in ("/", f"/doc/{people.docid}"):
        assert people.call("GET", path, "ada", headers=HTML).headers["X-Content-Type-Options"] == "nosniff"


def test_only_routes_for_tokens_answer_other_origins(people: People) -> None:
    headers = {"Origin": SITE, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}
    for path, is_open in {
        f"/changes?doc={people.docid}:0&wait=0": True,
        "/static/site.css": True,
        "/autoload.js": True,
        "/": False,
        "/userinfo": False,
        f"/doc/{people.docid}": False,
        f"/access/{people.docid}": False,
        "/gallery": False,
    }.items():
        answer = people.call("GET", path, headers=headers)
        assert (answer.headers.get("Access-Control-Allow-Origin") == "*") is is_open, path
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_no_answer_lets_browsers_guess_what_it_is(people: People) -> None:
    """Whatever is asked, and however it ends."""
    upload = {"data": b"x", "content_type": "application/octet-stream"}
    answers = [
        people.call(method, path.replace("DOC", people.docid), user, headers=headers, **body)
        for method, path, body in [
            *((method, path, {}) for method, path, _ in PRIVATE),
            ("GET", "/static/none.js", {}),
            ("GET", "/doc/none", {}),
            ("PUT", "/ping", {}),
            ("OPTIONS", "/changes", {}),
            ("OPTIONS", "/none", {}),
            ("GET", "/doc//", {}),
            ("POST", "/doc/DOC/changes", upload),
            ("GET", "/changes?doc=x", {}),
            ("GET", "/ping?%ED%A0%80", {}),
        ]
        for user in ("", "ada", "otto")
        for headers in ({}, HTML)
    ]
    assert {answer.status_code for answer in answers} >= {200, 201, 302, 400, 401, 403, 404, 405}
    for answer in answers:
        assert answer.headers["X-Content-Type-Options"] == "nosniff", answer.request.path


def test_nor_does_what_is_refused_for_the_servers_name() -> None:
    app = BokehWSGI(store="memory:", hosts=["plots.example"])
    assert Client(app).get("/").headers["X-Content-Type-Options"] == "nosniff"
    answer = Client(mounted(app)).get("/elsewhere")
    assert answer.status_code == 302
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    app.close()
