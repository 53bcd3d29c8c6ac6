"""By which names a server may be called: else a site could reach it by a name of its own (DNS rebinding)."""

from typing import Any

import pytest
from werkzeug.test import Client

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.hosts import Hosts, is_loopback

from .api.conftest import Api

OWN = [
    "localhost",
    "localhost:5006",
    "LOCALHOST:5006",
    "localhost.",
    "plots.localhost:80",
    "127.0.0.1",
    "127.0.0.1:8000",
    "127.8.9.1:5006",
    "[::1]",
    "[::1]:5006",
]
FOREIGN = [
    "evil.example",
    "evil.example:5006",
    "localhost.evil.example",
    "127.0.0.1.evil.example:5006",
    "evil-localhost",
    "notlocalhost",
    "192.168.1.7:5006",
    "0.0.0.0:5006",
    "10.0.0.1",
    "[fe80::1]:5006",
    "[::ffff:192.0.2.1]",
    "127.0.0.1@evil.example",
    "0x7f.1",
    "",
]
MOUNTED: dict[str, dict[str, Any]] = {
    "users with passwords": {"multi_user": True},
    "users of a site": {"identify": lambda _: None},
}


@pytest.mark.parametrize("host", OWN)
def test_a_server_of_one_user_answers_to_names_of_its_machine(host: str) -> None:
    app = BokehWSGI(store="memory:")
    assert Client(app).get("/ping", headers={"Host": host}).status_code == 200
    app.close()


@pytest.mark.parametrize("host", FOREIGN)
def test_a_page_that_has_a_name_lead_here_reads_publishes_and_deletes_nothing(host: str) -> None:
    app = BokehWSGI(store="memory:")
    docid = Api(app).make()
    Api(app).publish(docid, y=[1.0])
    headers = {"Host": host, "Sec-Fetch-Site": "same-origin", "Origin": f"http://{host}"}
    client = Client(app)
    for method, path in [
        ("GET", "/"),
        ("GET", "/userinfo"),
        ("GET", f"/changes?doc={docid}:0&wait=0"),
        ("GET", f"/doc/{docid}"),
        ("GET", f"/doc/{docid}/data/p2.csv"),
        ("POST", "/doc"),
        ("PUT", f"/access/{docid}/published"),
        ("DELETE", f"/doc/{docid}"),
        ("GET", "/static/site.css"),
        ("GET", "/nowhere"),
        ("OPTIONS", "/changes"),
    ]:
        answer = client.open(path, method=method, headers=headers)
        told = answer.get_json()
        assert (answer.status_code, told["error"]) == (400, "host"), path
        assert ("option hosts=[" if "@" not in host and host else "option hosts") in told["message"]
    assert app.store.get_document(docid) is not None
    app.close()


def test_people_are_told_so_in_a_page() -> None:
    app = BokehWSGI(store="memory:")
    answer = Client(app).get("/", headers={"Host": "plots.example", "Accept": "text/html"})
    assert (answer.status_code, answer.mimetype) == (400, "text/html")
    assert "hosts=[&#39;plots.example&#39;]" in answer.text
    app.close()


@pytest.mark.parametrize("kind", MOUNTED)
@pytest.mark.parametrize("host", ["localhost", "plots.example", "192.0.2.7:5006"])
def test_a_server_with_users_answers_to_any_name(kind: str, host: str) -> None:
    app = BokehWSGI(store="memory:", **MOUNTED[kind])
    assert Client(app).get("/ping", headers={"Host": host}).status_code == 200
    app.close()


@pytest.mark.parametrize("options", [{}, *MOUNTED.values()])
def test_the_names_that_are_given_are_the_names(options: dict[str, Any]) -> None:
    app = BokehWSGI(store="memory:", hosts=["plots.example", "192.0.2.7", "::1"], **options)
    client = Client(app)
    for host in ("plots.example", "PLOTS.example:8000", "plots.example.", "192.0.2.7:5006", "[::1]:5006"):
        assert client.get("/ping", headers={"Host": host}).status_code == 200, host
    for host in ("localhost", "evil.example", "plots.example.evil.example:80", ""):
        answer = client.get("/ping", headers={"Host": host})
        assert answer.status_code == 400, host
        assert "hosts" in answer.get_json()["message"]
    app.close()


def test_a_star_is_any_name() -> None:
    app = BokehWSGI(store="memory:", hosts=["*"])
    assert Client(app).get("/ping", headers={"Host": "plots.example"}).status_code == 200
    app.close()


def test_a_name_may_be_written_as_people_do() -> None:
    app = BokehWSGI(store="memory:", hosts=["Plöts.example"])
    assert Client(app).get("/ping", headers={"Host": "xn--plts-6qa.example:80"}).status_code == 200
    app.close()


def test_names_are_a_list() -> None:
    with pytest.raises(ValueError, match="list of names"):
        BokehWSGI(store="memory:", hosts="plots.example")


def test_a_mapped_address_is_the_address() -> None:
    assert is_loopback("::ffff:127.0.0.1")
    assert not is_loopback("::ffff:10.0.0.1")
    assert Hosts(None, loopback=True).refusal("[::ffff:127.0.0.1]:80") == ""
