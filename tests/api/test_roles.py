"""Every route, asked by everybody: a table of what each of them is answered."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from werkzeug.test import Client

from bokeh_wsgi.dataplane import Op, OpCode, encode_upload
from bokeh_wsgi.routes import URLS

from .conftest import GRAPH
from .people import HTML, PASSWORD, People, people_with

EDIT = {"kind": "ModelChanged", "model": {"id": "p2"}, "attr": "name", "new": "gpu"}

# Who asks. The first five bring an API key or nothing; tokens are for the document, by who made them.
ROLES = (
    "anonymous",
    "other",
    "reader",
    "writer",
    "owner",
    "token",
    "public token",
    "revoked key",
    "disabled",
)

# Each line: method, path, and the status for each role while the document is private.
PRIVATE: list[tuple[str, str, tuple[int, ...]]] = [
    # method, path                          anon other read write own  tok  ptok revk disab
    ("GET", "/doc/DOC", (404, 404, 200, 200, 200, 200, 404, 401, 401)),
    ("GET", "/doc/DOC/p1", (404, 404, 200, 200, 200, 200, 404, 401, 401)),
    ("GET", "/doc/DOC?public=true", (404, 404, 404, 404, 404, 404, 404, 404, 404)),
    ("GET", "/changes?doc=DOC:0&wait=0", (404, 404, 200, 200, 200, 200, 200, 401, 401)),
    ("GET", "/doc/DOC/data/p2.csv", (404, 404, 200, 200, 200, 200, 404, 401, 401)),
    ("GET", "/doc/DOC/viewers", (404, 404, 403, 200, 200, 403, 404, 401, 401)),
    ("GET", "/doc/DOC/data/p2.arrow", (404, 404, 200, 200, 200, 200, 404, 401, 401)),
    ("POST", "/doc/DOC/changes", (404, 404, 403, 200, 200, 403, 404, 401, 401)),
    ("POST", "/doc/DOC/edits", (404, 404, 403, 200, 200, 403, 404, 401, 401)),
    ("GET", "/access/DOC", (404, 404, 200, 200, 200, 200, 404, 401, 401)),
    ("PUT", "/access/DOC/users/otto", (404, 404, 403, 403, 200, 403, 404, 401, 401)),
    ("DELETE", "/access/DOC/users/otto", (404, 404, 403, 403, 200, 403, 404, 401, 401)),
    ("PUT", "/access/DOC/published", (404, 404, 403, 403, 200, 403, 404, 401, 401)),
    ("DELETE", "/access/DOC/published", (404, 404, 403, 403, 200, 403, 404, 401, 401)),
    ("POST", "/access/DOC/tokens", (404, 404, 403, 201, 201, 403, 404, 401, 401)),
    ("DELETE", "/access/DOC/tokens", (404, 404, 403, 403, 200, 403, 404, 401, 401)),
    ("POST", "/access/DOC/codes", (404, 404, 403, 201, 201, 403, 404, 401, 401)),
    ("PATCH", "/doc/DOC", (404, 404, 403, 403, 200, 403, 404, 401, 401)),
    ("DELETE", "/doc/DOC", (404, 404, 403, 403, 200, 403, 404, 401, 401)),
    # What is no document's
    ("GET", "/", (302, 200, 200, 200, 200, 403, 403, 401, 401)),
    ("GET", "/userinfo", (401, 200, 200, 200, 200, 403, 403, 401, 401)),
    ("POST", "/doc", (401, 201, 201, 201, 200, 403, 403, 401, 401)),
    ("GET", "/account", (302, 200, 200, 200, 200, 403, 403, 401, 401)),
    ("POST", "/account/password", (401, 200, 200, 200, 200, 403, 403, 401, 401)),
    ("GET", "/keys", (401, 200, 200, 200, 200, 403, 403, 401, 401)),
    ("POST", "/keys", (401, 201, 201, 201, 201, 403, 403, 401, 401)),
    ("DELETE", "/keys/none", (401, 404, 404, 404, 404, 403, 403, 401, 401)),
    ("POST", "/codes", (401, 201, 201, 201, 201, 403, 403, 401, 401)),
    ("POST", "/logout", (303, 200, 200, 200, 200, 403, 403, 401, 401)),
    ("GET", "/gallery", (404,) * 9),
    ("GET", "/login", (200,) * 9),
    ("POST", "/login", (200,) * 9),
    ("GET", "/login/code?code=none", (403,) * 9),
    ("POST", "/login/code", (403,) * 9),
    ("GET", "/register", (200,) * 9),
    ("POST", "/register", (201,) * 9),
    ("GET", "/ping", (200,) * 9),
    ("GET", "/autoload.js", (200,) * 9),
    ("GET", "/autoload.js/element", (200,) * 9),
    ("GET", "/favicon.ico", (200,) * 9),
    ("GET", "/static/site.css", (200,) * 9),
]
# What publishing changes: everybody may read, and nobody more than before.
PUBLISHED: list[tuple[str, str, tuple[int, ...]]] = [
    ("GET", "/doc/DOC", (200, 200, 200, 200, 200, 200, 200, 401, 401)),
    ("GET", "/doc/DOC/p1", (200, 200, 200, 200, 200, 200, 200, 401, 401)),
    ("GET", "/doc/DOC?public=true", (200,) * 9),
    ("GET", "/changes?doc=DOC:0&wait=0", (200, 200, 200, 200, 200, 200, 200, 401, 401)),
    ("GET", "/doc/DOC/data/p2.csv", (200, 200, 200, 200, 200, 200, 200, 401, 401)),
    ("GET", "/doc/DOC/viewers", (403, 403, 403, 200, 200, 403, 403, 401, 401)),
    ("POST", "/doc/DOC/changes", (403, 403, 403, 200, 200, 403, 403, 401, 401)),
    ("POST", "/doc/DOC/edits", (403, 403, 403, 200, 200, 403, 403, 401, 401)),
    ("GET", "/access/DOC", (200, 200, 200, 200, 200, 200, 200, 401, 401)),
    ("PUT", "/access/DOC/users/otto", (403, 403, 403, 403, 200, 403, 403, 401, 401)),
    ("DELETE", "/access/DOC/users/otto", (403, 403, 403, 403, 200, 403, 403, 401, 401)),
    ("PUT", "/access/DOC/published", (403, 403, 403, 403, 200, 403, 403, 401, 401)),
    ("DELETE", "/access/DOC/published", (403, 403, 403, 403, 200, 403, 403, 401, 401)),
    ("POST", "/access/DOC/tokens", (403, 403, 403, 201, 201, 403, 403, 401, 401)),
    ("DELETE", "/access/DOC/tokens", (403, 403, 403, 403, 200, 403, 403, 401, 401)),
    ("POST", "/access/DOC/codes", (403, 403, 403, 201, 201, 403, 403, 401, 401)),
    ("PATCH", "/doc/DOC", (403, 403, 403, 403, 200, 403, 403, 401, 401)),
    ("DELETE", "/doc/DOC", (403, 403, 403, 403, 200, 403, 403, 401, 401)),
]


@pytest.fixture
def people() -> Iterator[People]:
    yield from people_with(y=[1.0, 2.0])


def headers_of(role: str, people: People) -> dict[str, str]:
    """What a request of this role brings. Public tokens exist only of what was published once."""
    names = {"other": "otto", "reader": "rita", "writer": "wim", "owner": "ada"}
    if role in names:
        return people.bearer(names[role])
    if role == "token":
        return {"Authorization": f"Bearer {people.token('ada')}"}
    if role == "public token":
        was = people.app.store.get_document(people.docid)
        people.publish()
        token = people.token("ada", public=True)
        if was is not None and not was.published:
            people.call("DELETE", f"/access/{people.docid}/published", "ada")
        return {"Authorization": f"Bearer {token}"}
    if role == "revoked key":
        bearer = people.bearer("wim")
        assert people.call("POST", "/logout", "wim").status_code == 200
        return bearer
    if role == "disabled":
        people.app.context.accounts.set_disabled("wim", True)
        return people.bearer("wim")
    return {}


def body_of(method: str, path: str, people: People) -> dict[str, Any]:
    """A body that is right for the route."""
    bodies: dict[tuple[str, str], Callable[[], Any]] = {
        ("POST", "/doc"): lambda: {"title": "line"},
        ("PATCH", "/doc/DOC"): lambda: {"title": "renamed"},
        ("PUT", "/access/DOC/users/otto"): lambda: {"right": "read"},
        ("POST", "/access/DOC/tokens"): lambda: {"public": False},
        ("POST", "/account/password"): lambda: {"password": PASSWORD, "new": "another password"},
        ("POST", "/keys"): lambda: {"name": "another"},
        ("POST", "/login"): lambda: {"username": "ada", "password": PASSWORD},
        ("POST", "/doc/DOC/edits"): lambda: {"edits": [EDIT]},
        ("POST", "/register"): lambda: {"username": "new", "password": PASSWORD},
    }
    if (method, path) == ("POST", "/doc/DOC/changes"):
        return {"data": b"".join(encode_upload(people.docid, [Op(OpCode.GRAPH, json=GRAPH)]))}
    found = bodies.get((method, path))
    return {} if found is None else {"json": found()}


def ask(people: People, role: str, method: str, path: str) -> int:
    headers = headers_of(role, people)
    if method == "GET" and "data" not in path and "changes" not in path:
        headers |= HTML
    target = path.replace("DOC", people.docid)
    body = body_of(method, path, people)
    return Client(people.app).open(target, method=method, headers=headers, **body).status_code


def cases(table: list[tuple[str, str, tuple[int, ...]]]) -> list[Any]:
    return [
        pytest.param(
            role,
            method,
            path,
            expected,
            id=f"{role}: {method} {path}",
            marks=[pytest.mark.bokeh] if path.endswith("/edits") else [],  # checked against its types
        )
        for method, path, row in table
        for role, expected in zip(ROLES, row, strict=True)
    ]


@pytest.mark.parametrize(("role", "method", "path", "expected"), cases(PRIVATE))
def test_a_private_document(people: People, role: str, method: str, path: str, expected: int) -> None:
    assert ask(people, role, method, path) == expected


@pytest.mark.parametrize(("role", "method", "path", "expected"), cases(PUBLISHED))
def test_a_published_document(people: People, role: str, method: str, path: str, expected: int) -> None:
    people.publish()
    assert ask(people, role, method, path) == expected


def test_every_route_is_in_the_table() -> None:
    rules = {
        (method, rule.rule)
        for rule in URLS.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    adapter = URLS.bind("localhost")
    asked = set()
    for method, path, _ in PRIVATE:
        rule, _ = adapter.match(path.split("?")[0], method=method, return_rule=True)
        asked.add((method, rule.rule))
    assert rules - asked == set()


def test_a_private_document_is_answered_as_one_that_does_not_exist(people: People) -> None:
    """Not even the words differ."""
    for method, path, expected in PRIVATE:
        if expected[1] != 404 or "DOC" not in path:
            continue
        answers = [
            people.call(method, path.replace("DOC", docid), "otto", **body_of(method, path, people))
            for docid in (people.docid, "nowhere-at-all-x")
        ]
        texts = [
            answer.text.replace(people.docid, "ID").replace("nowhere-at-all-x", "ID") for answer in answers
        ]
        assert texts[0] == texts[1], path
        assert answers[0].status_code == answers[1].status_code == 404
