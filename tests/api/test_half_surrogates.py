"""Half of a surrogate pair is no text: wherever a request has one, the answer is 400, and it says so."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, TestResponse, run_wsgi_app

from bokeh_wsgi.dataplane import Op, OpCode
from bokeh_wsgi.routes import URLS

from .conftest import GRAPH, Api
from .people import PASSWORD, People, people_with

HALF = "\ud83d"
RAW = b"\xed\xa0\xbd".decode("latin-1")  # as servers hand it on (PEP 3333)


@pytest.fixture
def people() -> Iterator[People]:
    yield from people_with(y=[1.0])


def refused(answer: TestResponse) -> None:
    assert answer.status_code == 400, answer.text
    assert answer.get_json()["message"]


def ask(people: People, method: str = "GET", path: str = "/userinfo", **environ: str) -> TestResponse:
    """With parts of the environ as no client of ours would send them."""
    made = EnvironBuilder(path, method=method, headers=Headers(people.bearer("ada")))
    pieces, status, headers = run_wsgi_app(people.app, {**made.get_environ(), **environ}, buffered=True)
    return TestResponse(pieces, status, headers, made.get_request())


@pytest.mark.parametrize("half", [RAW, f"%{RAW}", HALF], ids=["in bytes", "after a sign", "itself"])
@pytest.mark.parametrize(
    "place",
    [
        "PATH_INFO",
        "QUERY_STRING",
        "CONTENT_TYPE",
        "HTTP_ACCEPT",
        "HTTP_AUTHORIZATION",
        "HTTP_BOKEHUSER_API_KEY",
        "HTTP_COOKIE",
        "HTTP_DOCUMENT_GENERATION",
        "HTTP_IDEMPOTENCY_KEY",
        "HTTP_SCRIPT_HOST",
        "HTTP_USER_AGENT",
    ],
)
def test_in_what_a_request_says_beside_its_body(people: People, place: str, half: str) -> None:
    refused(ask(people, **{place: f"/doc/{half}" if place == "PATH_INFO" else f"a={half}"}))


def test_in_the_path_and_in_the_query_of_every_route(people: People) -> None:
    for rule in URLS.iter_rules():
        for method in (rule.methods or set()) - {"HEAD"}:
            path = rule.rule.replace("<docid>", people.docid)
            refused(ask(people, method, PATH_INFO=f"{path}/{RAW}"))
            for query in (quote(RAW, encoding="latin-1"), f"doc={RAW}", f"next=%ED%A0%BD&{RAW}"):
                refused(ask(people, method, PATH_INFO=path, QUERY_STRING=query))


def test_whole_pairs_are_text(people: People) -> None:
    pair = "📈".encode().decode("latin-1")
    assert ask(people, QUERY_STRING=f"a={quote('📈')}", HTTP_USER_AGENT=pair).status_code == 200
    body = '{"title": "\\ud83d\\udcc8"}'
    made = people.call("POST", "/doc", "ada", data=body, content_type="application/json")
    assert made.get_json()["title"] == "📈"


def name_of(attribute: str, value: Any) -> dict[str, Any]:
    return {"kind": "ModelChanged", "model": {"id": "p2"}, "attr": attribute, "new": value}


def column_of(data: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "ColumnDataChanged", "model": {"id": "p2"}, "attr": "data", "data": data}


BODIES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/doc", {"title": f"a{HALF}"}),
    ("PATCH", "/doc/DOC", {"title": HALF}),
    ("POST", "/keys", {"name": f"lab{HALF}"}),
    ("POST", "/login", {"username": "ada", "password": PASSWORD + HALF}),
    ("POST", "/login", {"username": f"ada{HALF}", "password": PASSWORD}),
    ("POST", "/register", {"username": "eve", "password": PASSWORD + HALF}),
    ("POST", "/register", {"username": "eve", "password": PASSWORD, "invite": HALF}),
    ("POST", "/account/password", {"password": HALF, "new": "another password"}),
    ("POST", "/account/password", {"password": PASSWORD, "new": f"another password{HALF}"}),
    ("PUT", "/access/DOC/users/otto", {"right": HALF}),
    ("POST", "/access/DOC/tokens", {"public": False, HALF: 1}),
    ("POST", "/doc/DOC/edits", {"edits": [{"kind": "TitleChanged", "title": HALF}]}),
    ("POST", "/doc/DOC/edits", {"edits": [name_of("name", HALF)]}),
    ("POST", "/doc/DOC/edits", {"edits": [name_of("tags", [{HALF: 1}])]}),
    ("POST", "/doc/DOC/edits", {"edits": [column_of({"y": ["a", HALF]})]}),
    ("POST", "/doc/DOC/edits", {"edits": [column_of({HALF: [1.0]})]}),
]


@pytest.mark.bokeh  # the types of what is edited
@pytest.mark.parametrize("escaped", [True, False], ids=["escaped", "in bytes"])
@pytest.mark.parametrize(("method", "path", "told"), BODIES)
def test_in_a_body_of_json(
    people: People, method: str, path: str, told: dict[str, Any], escaped: bool
) -> None:
    body = json.dumps(told, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    target = path.replace("DOC", people.docid)
    refused(people.call(method, target, "ada", data=body, content_type="application/json"))


GRAPHS = [
    Op(OpCode.GRAPH, json=GRAPH.replace('"title":"t"', '"title":"\\ud83d"')),
    Op(OpCode.GRAPH, json=GRAPH.replace('"name":"cpu"', '"tags":[{"\\uDC00":1}]')),
    Op(OpCode.GRAPH, json=f'{GRAPH[:-1]},"resources":{{"js_raw":["\\ud83d"]}}}}'),
    Op(OpCode.PATCH, json='{"events":[{"kind":"TitleChanged","title":"\\ud83d"}]}'),
    Op(OpCode.EVENT, json='{"event_name":"\\ud83d"}'),
]


@pytest.mark.parametrize("op", GRAPHS)
def test_in_the_json_of_an_upload(people: People, op: Op) -> None:
    refused(people.api("ada").upload(people.docid, [op]))


def test_in_the_names_of_an_upload(people: People) -> None:
    api: Api = people.api("ada")
    body = api.body(people.docid, [Op(OpCode.REMOVE, model="p2", column="NAME")])
    assert b"NAME" in body
    refused(api.upload_bytes(people.docid, body.replace(b"NAME", b"\xed\xa0\xbdE")))


@pytest.mark.parametrize("text", [b"%ED%A0%BD", b"\xed\xa0\xbd", b"%FF"])
@pytest.mark.parametrize("name", [b"username", b"password", b"next", b"other"])
def test_in_a_form(people: People, name: bytes, text: bytes) -> None:
    browser = people.browser()
    token = browser.form_token("/login").encode()
    here = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
    body = b"csrf=" + token + b"&" + name + b"=" + text
    answer = browser.client.post(
        "/login", data=body, content_type="application/x-www-form-urlencoded", headers=here
    )
    assert answer.status_code == 400, answer.text


def test_in_a_form_of_several_parts(people: People) -> None:
    browser = people.browser()
    token = browser.form_token("/login").encode()
    fields = {b"csrf": token, b"username": b"ada", b"password": b"\xed\xa0\xbd"}
    head = b'--b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
    body = b"".join(head % field for field in fields.items()) + b"--b--\r\n"
    here = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
    answer = browser.client.post(
        "/login", data=body, content_type="multipart/form-data; boundary=b", headers=here
    )
    assert answer.status_code == 400, answer.text
