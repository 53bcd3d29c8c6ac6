"""Who may change a document from a page, by any way there is."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.auth import tokens
from bokeh_wsgi.dataplane import Op, OpCode, encode_upload

from .conftest import GRAPH, Api
from .people import People, people_with, token_in
from .test_access_ends import page_token, public_token, unshare
from .test_roles import EDIT

pytestmark = pytest.mark.bokeh  # its types are what edits are checked against
Headers = dict[str, str]


@pytest.fixture
def people() -> Iterator[People]:
    yield from people_with(y=[1.0, 2.0])


def edit(people: People, headers: Headers) -> int:
    path = f"/doc/{people.docid}/edits"
    return people.call("POST", path, json={"edits": [EDIT]}, headers=headers).status_code


def name_of_source(people: People) -> object:
    with people.app.context.library.open(people.docid).reading() as state:
        return state.graph.models["p2"]["attributes"].get("name")


@pytest.mark.parametrize("user", ["ada", "wim"])
def test_pages_of_those_who_may_write_change_it(people: People, user: str) -> None:
    assert edit(people, page_token(people, user)) == 200
    assert name_of_source(people) == "gpu"


def test_a_page_knows_whether_it_may(people: People) -> None:
    browser = people.browser()
    browser.sign_in("wim")
    assert '"write":true' in browser.get(f"/doc/{people.docid}").text
    browser.sign_in("rita")
    assert '"write":false' in browser.get(f"/doc/{people.docid}").text


def expired(people: People) -> Headers:
    headers = page_token(people, "wim")
    people.app.context.policy.tokens.page_token_s = -60
    return headers


def withdrawn(people: People) -> Headers:
    headers = page_token(people, "wim")
    assert people.call("DELETE", f"/access/{people.docid}/tokens", "ada").status_code == 200
    return headers


def unshared(people: People) -> Headers:
    headers = page_token(people, "wim")
    unshare(people, "wim")
    return headers


def lowered(people: People) -> Headers:
    headers = page_token(people, "wim")
    people.share("wim", "read")
    return headers


def embedded(people: People) -> Headers:
    """The token of a page that was got with an embed token of somebody who may write."""
    page = people.browser().get(f"/doc/{people.docid}?embed=1&token={people.token('ada')}")
    return token_in(page.text)


NOT: dict[str, tuple[Callable[[People], Headers], int]] = {
    "a reader's page": (lambda people: page_token(people, "rita"), 403),
    "a page for everybody": (public_token, 403),
    "an expired page": (expired, 401),
    "a page whose token was withdrawn": (withdrawn, 401),
    "a page of one who may not any more": (unshared, 404),
    "a page of one who may only read now": (lowered, 401),
    "an embedded page": (embedded, 403),
    "an embed code": (lambda people: {"Authorization": f"Bearer {people.token('ada')}"}, 403),
    "a forged token": (lambda people: {"Authorization": "Bearer forged.token"}, 401),
    "nobody": (lambda people: {}, 404),
}


@pytest.mark.parametrize("who", NOT)
def test_others_change_nothing_by_any_route(people: People, who: str) -> None:
    make, status = NOT[who]
    headers = make(people)
    assert edit(people, headers) == status
    refuses_all_else(people, headers)
    assert name_of_source(people) == "cpu"


def test_a_page_that_may_write_may_do_no_more_than_that(people: People) -> None:
    refuses_all_else(people, page_token(people, "ada"))


def refuses_all_else(people: People, headers: Headers) -> None:
    """Every other route that changes something."""
    upload = b"".join(encode_upload(people.docid, [Op(OpCode.GRAPH, json=GRAPH)]))
    access = f"/access/{people.docid}"
    requests: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", f"/doc/{people.docid}/changes", {"data": upload}),
        ("PATCH", f"/doc/{people.docid}", {"json": {"title": "mine"}}),
        ("DELETE", f"/doc/{people.docid}", {}),
        ("POST", f"{access}/tokens", {"json": {"public": False}}),
        ("DELETE", f"{access}/tokens", {}),
        ("POST", f"{access}/codes", {}),
        ("PUT", f"{access}/published", {}),
        ("PUT", f"{access}/users/otto", {"json": {"right": "write"}}),
        ("POST", "/keys", {"json": {"name": "mine"}}),
        ("POST", "/doc", {"json": {"title": "mine"}}),
    ]
    for method, path, body in requests:
        answer = Client(people.app).open(path, method=method, headers=headers, **body)
        assert answer.status_code in (401, 403, 404), (method, path, answer.status_code)


def frame(people: People, code: str, user: str = "wim") -> Headers:
    """What a frame in a notebook bears, whose browser nobody has signed in with."""
    page = people.browser().get(f"/doc/{people.docid}?embed=1&token={people.token(user)}&code={code}")
    assert page.status_code == 200, page.text
    assert "share=" not in page.text
    return token_in(page.text)


def code_of(people: People, user: str) -> str:
    answer = people.call("POST", f"/access/{people.docid}/codes", user)
    assert answer.status_code == 201, answer.text
    return str(answer.get_json()["code"])


def test_a_frame_with_a_code_may_write_and_no_more(people: People) -> None:
    headers = frame(people, code_of(people, "wim"))
    assert edit(people, headers) == 200
    refuses_all_else(people, headers)


def end_by_logout(people: People) -> None:
    assert people.call("POST", "/logout", "wim").status_code == 200


CODE_ENDS: dict[str, Callable[[People], object]] = {
    "withdrawn": withdrawn,
    "logged out": end_by_logout,
    "disabled": lambda people: people.app.context.accounts.set_disabled("wim", True),
    "unshared": unshared,
    "may only read": lowered,
}


@pytest.mark.parametrize("how", CODE_ENDS)
def test_a_code_ends_with_the_right_of_who_made_it(people: People, how: str) -> None:
    code, was_open = code_of(people, "wim"), frame(people, code_of(people, "wim"))
    CODE_ENDS[how](people)
    assert edit(people, was_open) in (401, 403, 404)
    assert edit(people, frame(people, code, "ada")) == 403
    assert name_of_source(people) == "cpu"


def test_a_code_is_for_one_document_and_some_hours(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    other = people.api("wim").make("other")
    answer = people.call("POST", f"/access/{other}/codes", "wim")
    assert edit(people, frame(people, str(answer.get_json()["code"]))) == 403
    assert edit(people, frame(people, "forged")) == 403
    code = code_of(people, "wim")
    monkeypatch.setattr(tokens, "FRAME_CODE_S", -1)
    assert edit(people, frame(people, code)) == 403


def test_in_a_server_of_one_user_links_may_write_and_public_links_may_not() -> None:
    app = BokehWSGI(store="memory:")
    api = Api(app)
    docid = api.make()
    api.publish(docid, y=[1.0])
    path = f"/doc/{docid}/edits"
    own = token_in(api.client.get(f"/doc/{docid}").text)
    assert api.client.post(path, json={"edits": [EDIT]}, headers=own).status_code == 200
    api.client.put(f"/access/{docid}/published")
    public = token_in(api.client.get(f"/doc/{docid}?public=true").text)
    assert api.client.post(path, json={"edits": [EDIT]}, headers=public).status_code == 403
    # A page of another site has no token.
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert api.client.post(path, json={"edits": [EDIT]}, headers=foreign).status_code == 403
    app.close()


def test_a_browser_may_send_edits_from_an_opaque_origin_and_nothing_else(people: People) -> None:
    doc, access = f"/doc/{people.docid}", f"/access/{people.docid}"
    for path in (f"{doc}/edits", f"{doc}/changes", doc, f"{access}/tokens", "/keys"):
        answer = people.call("OPTIONS", path, headers={"Origin": "null"})
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Access-Control-Allow-Methods"] == "GET"
    token = page_token(people, "wim")["Document-Token"]
    answer = send_text(people, f"{token}\nkey\n{json.dumps({'edits': [EDIT]})}")
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert name_of_source(people) == "gpu"


def send_text(people: People, body: str) -> TestResponse:
    headers = {"Origin": "null", "Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"}
    return people.call("POST", f"/doc/{people.docid}/edits", data=body, headers=headers)


@pytest.mark.parametrize("head", ["", "\n", "forged\nkey\n", "\nkey\n", "x" * 20_000 + "\nkey\n"])
def test_text_without_a_token_is_refused(people: People, head: str) -> None:
    answer = send_text(people, head + json.dumps({"edits": [EDIT]}))
    assert answer.status_code == 401
    assert name_of_source(people) == "cpu"


def test_a_login_s_cookie_is_no_token_for_a_form_of_another_site(people: People) -> None:
    browser = people.browser()
    browser.sign_in("ada")
    headers = {"Content-Type": "text/plain", "Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    body = f"\nkey\n{json.dumps({'edits': [EDIT]})}"
    answer = browser.client.post(f"/doc/{people.docid}/edits", data=body, headers=headers)
    assert answer.status_code == 401
    assert name_of_source(people) == "cpu"
