import time
from typing import Any

import pytest

from bokeh_wsgi.auth.tokens import PAGE_TOKEN_S
from bokeh_wsgi.dataplane import Op, OpCode

from .conftest import GRAPH, Api
from .people import HTML, token_in


def token_of(api: Api, docid: str) -> dict[str, str]:
    return token_in(api.client.get(f"/doc/{docid}", headers=HTML).text)


def test_a_page_reads_its_document_with_its_token(api: Api, numbers: Any) -> None:
    docid = api.make()
    api.publish(docid, y=numbers)
    assert len(api.changes(f"{docid}:0", headers=token_of(api, docid))) == 1


def test_a_token_opens_no_other_document(api: Api) -> None:
    docid, other = api.make("one"), api.make("other")
    response = api.client.get(f"/changes?doc={other}:0&wait=0", headers=token_of(api, docid))
    assert response.status_code == 403


def test_a_token_changes_nothing(api: Api) -> None:
    docid = api.make()
    headers = token_of(api, docid)
    upload = api.upload(docid, [Op(OpCode.GRAPH, json=GRAPH)], Document_Token=headers["Document-Token"])
    assert upload.status_code == 403
    assert api.client.delete(f"/doc/{docid}", headers=headers).status_code == 403
    assert api.client.post("/doc", json={"title": "x"}, headers=headers).status_code == 403
    assert api.client.get("/userinfo", headers=headers).status_code == 403


@pytest.mark.parametrize("token", ["", "x", "WyJ4IiwiZGVmYXVsdHVzZXIiXQ.aaaa.bbbb"])
def test_a_forged_token_is_refused(api: Api, token: str) -> None:
    docid = api.make()
    response = api.client.get(f"/changes?doc={docid}:0&wait=0", headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
        {"Origin": "http://elsewhere.example"},
        {"Origin": "null"},
    ],
)
def test_a_script_of_another_site_gets_nothing(api: Api, headers: dict[str, str]) -> None:
    docid = api.make()
    for method, path in [
        ("GET", f"/changes?doc={docid}:0&wait=0"),
        ("GET", "/userinfo"),
        ("POST", "/doc"),
        ("POST", f"/doc/{docid}/changes"),
        ("DELETE", f"/doc/{docid}"),
        ("GET", f"/doc/{docid}/data/p2.csv"),
    ]:
        assert api.client.open(path, method=method, headers=headers).status_code == 403, path


def test_a_link_on_another_site_opens_a_page(api: Api) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Accept": "text/html"}
    assert api.client.get(f"/doc/{api.make()}", headers=headers).status_code == 200


def test_a_token_past_half_its_life_is_renewed_in_the_stream(
    api: Api, numbers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    docid = api.make()
    seq = api.publish(docid, y=numbers)
    headers = token_of(api, docid)
    assert api.changes(f"{docid}:{seq}", headers=headers) == []
    later = time.time() + PAGE_TOKEN_S * 0.6
    monkeypatch.setattr(time, "time", lambda: later)
    (renewal,) = api.changes(f"{docid}:{seq}", headers=headers)
    assert (renewal.seq, renewal.ops) == (seq, [])
    assert api.app.context.policy.tokens.read(renewal.meta["token"]).docid == docid
