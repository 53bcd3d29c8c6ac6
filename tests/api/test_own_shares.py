"""With whom a document is shared, may end that."""

import pytest

from bokeh_wsgi.app import BokehWSGI

from .people import People


@pytest.fixture
def people() -> People:
    return People(BokehWSGI(store="memory:", multi_user=True))


def test_a_reader_ends_their_own_share(people: People) -> None:
    path = f"/access/{people.docid}/users/rita"
    answer = people.call("DELETE", path, "rita")
    assert (answer.status_code, answer.get_json()) == (200, {"docid": people.docid, "right": "none"})
    assert people.app.store.shares(people.docid) == {"wim": "write"}
    assert people.call("GET", f"/access/{people.docid}", "rita").status_code == 404
    assert people.call("DELETE", path, "rita").status_code == 404
    assert people.call("GET", "/userinfo", "rita").get_json()["shared"] == []


def test_of_a_published_document_the_right_to_read_is_left(people: People) -> None:
    people.publish()
    answer = people.call("DELETE", f"/access/{people.docid}/users/wim", "wim")
    assert (answer.status_code, answer.get_json()["right"]) == (200, "read")
    assert people.call("DELETE", f"/access/{people.docid}/users/wim", "wim").status_code == 403


def test_tokens_end_with_a_writers_own_share_too(people: People) -> None:
    token = {"Document-Token": people.token("ada")}
    assert people.call("GET", f"/access/{people.docid}", headers=token).status_code == 200
    assert people.call("DELETE", f"/access/{people.docid}/users/wim", "wim").status_code == 200
    assert people.call("GET", f"/access/{people.docid}", headers=token).status_code == 401


def test_nobody_ends_the_share_of_others_nor_their_own_by_a_token(people: People) -> None:
    assert people.call("DELETE", f"/access/{people.docid}/users/rita", "wim").status_code == 403
    token = {"Document-Token": people.token("wim")}
    assert people.call("DELETE", f"/access/{people.docid}/users/wim", headers=token).status_code == 403
    assert people.app.store.shares(people.docid) == {"rita": "read", "wim": "write"}


def test_no_owner_gives_up_their_document(people: People) -> None:
    assert people.call("DELETE", f"/access/{people.docid}/users/ada", "ada").status_code == 400
