from typing import Any

import pytest

from bokeh_wsgi.app import BokehWSGI

from .conftest import Api


def test_a_title_names_the_same_document_every_time(api: Api) -> None:
    first = api.client.post("/doc", json={"title": "line"})
    again = api.client.post("/doc", json={"title": "line"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.get_json()["docid"] == again.get_json()["docid"]


def test_userinfo_lists_the_documents(api: Api) -> None:
    docid = api.make("line")
    assert api.client.get("/userinfo").get_json() == {
        "username": "defaultuser",
        "multi_user": False,
        "docs": [{"title": "line", "docid": docid, "published": False}],
        "shared": [],
    }


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"title": 1}', b'{"title": "  "}', b'{"title": "a\\u0007"}'])
def test_a_title_that_is_none_is_refused(api: Api, body: bytes) -> None:
    response = api.client.post("/doc", data=body)
    assert response.status_code == 400
    message = response.get_json()["message"]
    assert "title" in message or "Send a JSON object" in message


def test_a_deleted_document_is_gone(api: Api, numbers: Any) -> None:
    docid = api.make()
    api.publish(docid, y=numbers)
    assert api.client.delete(f"/doc/{docid}").status_code == 200
    assert api.client.delete(f"/doc/{docid}").status_code == 404
    assert api.client.get(f"/doc/{docid}").status_code == 404
    assert api.make() != docid


def test_documents_outlive_the_app(tmp_path: Any, numbers: Any) -> None:
    uri = f"sqlite:///{tmp_path}/store.db"
    app = BokehWSGI(store=uri)
    docid = Api(app).make()
    Api(app).publish(docid, y=numbers)
    app.close()
    app = BokehWSGI(store=uri)
    assert Api(app).columns(docid)["y"].tobytes() == numbers.tobytes()
    app.close()


def test_a_renamed_documents_open_pages_follow(api: Api) -> None:
    docid = api.make("t")
    seq = api.publish(docid)
    assert api.client.patch(f"/doc/{docid}", json={"title": "another"}).status_code == 200
    (change,) = api.changes(f"{docid}:{seq}")
    assert '"TitleChanged"' in change.ops[0].json
    assert "<title>another</title>" in api.client.get(f"/doc/{docid}", headers={"Accept": "text/html"}).text


def test_a_title_that_its_script_gave_stays(api: Api) -> None:
    docid = api.make("line")
    seq = api.publish(docid)
    api.client.patch(f"/doc/{docid}", json={"title": "another"})
    assert api.changes(f"{docid}:{seq}") == []


def test_a_title_that_another_document_has_is_refused(api: Api) -> None:
    docid = api.make("one")
    api.make("other")
    answer = api.client.patch(f"/doc/{docid}", json={"title": "other"})
    assert answer.status_code == 409
    assert api.client.get(f"/access/{docid}").get_json()["title"] == "one"
