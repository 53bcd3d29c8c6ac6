"""Apache with mod_wsgi drops the header Authorization, unless WSGIPassAuthorization says otherwise."""

from collections.abc import Iterator

import pytest
from werkzeug.test import Client, TestResponse

from tests.mod_wsgi import ModWSGI

from .people import HTML, People, people_with, token_in


@pytest.fixture
def people() -> Iterator[People]:
    yield from people_with()


def call(people: People, path: str, user: str = "", **headers: str) -> TestResponse:
    """Through Apache; ``user`` sends a key, which does not arrive."""
    sent = {**(people.bearer(user) if user else {}), **headers}
    return Client(ModWSGI(people.app)).get(path, headers=sent)


def test_the_setting_is_named_instead_of_asking_for_a_key(people: People) -> None:
    answer = call(people, "/userinfo", "ada")
    assert answer.status_code == 401
    told = answer.get_json()["message"]
    assert "`WSGIPassAuthorization On`" in told
    assert "send an API key" not in told


def test_a_document_that_seems_not_to_be_there_names_the_setting_too(people: People) -> None:
    answer = call(people, f"/access/{people.docid}", "ada")
    assert answer.status_code == 404
    assert "No document" in answer.get_json()["message"]
    assert "`WSGIPassAuthorization On`" in answer.get_json()["message"]


def test_elsewhere_and_of_credentials_that_did_arrive_the_setting_is_not_named(people: People) -> None:
    assert "WSGIPassAuthorization" not in people.call("GET", "/userinfo").text
    wrong = call(people, "/userinfo", **{"BOKEHUSER-API-KEY": "bwk-wrong"})
    assert (wrong.status_code, "WSGIPassAuthorization" in wrong.text) == (401, False)


def test_a_refusal_says_by_a_header_that_nothing_arrived(people: People) -> None:
    for path in ("/userinfo", f"/access/{people.docid}"):
        assert people.call("GET", path).headers["WWW-Authenticate"] == "Bearer"
    wrong = people.call("GET", "/userinfo", headers={"Authorization": "Bearer bwk-wrong"})
    assert (wrong.status_code, wrong.headers.get("WWW-Authenticate")) == (401, None)
    right = people.call("GET", "/access/none", "ada")
    assert (right.status_code, right.headers.get("WWW-Authenticate")) == (404, None)


def test_a_key_passes_in_the_header_of_bokeh_0_9(people: People) -> None:
    answer = call(people, "/userinfo", **{"BOKEHUSER-API-KEY": people.keys["ada"]})
    assert answer.get_json()["username"] == "ada"


def test_a_page_s_token_passes(people: People) -> None:
    people.api("ada").publish(people.docid, y=[1.0])
    key = {"BOKEHUSER-API-KEY": people.keys["ada"]}
    page = token_in(call(people, f"/doc/{people.docid}", **key, **HTML).text)
    assert call(people, f"/changes?doc={people.docid}:0&wait=0", **page).status_code == 200


def test_browsers_are_told_that_pages_may_send_it(people: People) -> None:
    answer = Client(people.app).options(f"/changes?doc={people.docid}:0", headers={"Origin": "null"})
    allowed = {name.strip() for name in answer.headers["Access-Control-Allow-Headers"].split(",")}
    assert allowed == {"Authorization", "Document-Token"}


def test_a_token_counts_beside_what_a_proxy_puts_into_authorization(people: People) -> None:
    token = people.token("ada")
    headers = {"Document-Token": token, "Authorization": "Basic dXNlcjpwYXNzd29yZA=="}
    answer = people.call("GET", f"/changes?doc={people.docid}:0&wait=0", headers=headers)
    assert answer.status_code == 200
    both = {"Document-Token": "forged", "Authorization": f"Bearer {token}"}
    answer = people.call("GET", f"/changes?doc={people.docid}:0&wait=0", headers=both)
    assert answer.status_code == 401
