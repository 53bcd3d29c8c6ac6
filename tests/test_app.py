import importlib
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote
from wsgiref.validate import validator

import numpy as np
import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.lint import LintMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import Client
from werkzeug.wrappers import Response

from bokeh_wsgi.app import BokehWSGI
from tests.api.conftest import Api

PAGE = {"Accept": "text/html"}


def visit_everything(client: Client, docid: str, mount: str) -> None:
    for path in ["", "ping", "userinfo", f"doc/{docid}", f"doc/{docid}/p1", f"doc/{docid}/data/cpu.arrow"]:
        response = client.get(mount + path, headers=PAGE, buffered=True)
        assert response.status_code == 200, path
        assert response.data
    for path in ["nowhere", "doc/nowhere", "static/nowhere.js"]:
        assert client.get(mount + path, headers=PAGE, buffered=True).status_code == 404
    for wait in ["0", "stream"]:
        assert client.get(f"{mount}changes?doc={docid}:0&wait={wait}", buffered=True).status_code == 200
    assert client.put(f"{mount}doc/{docid}", buffered=True).status_code == 405


@pytest.mark.parametrize("wrap", [LintMiddleware, validator])
def test_every_route_keeps_to_wsgi(app: BokehWSGI, wrap: Any) -> None:
    docid = Api(app).make()
    Api(app).publish(docid, y=np.arange(5.0))
    client = Client(wrap(app))
    visit_everything(client, docid, "/")
    assert client.options("/changes", buffered=True).status_code == 200
    assert client.delete(f"/doc/{docid}", buffered=True).status_code == 200


@pytest.mark.parametrize("mount", ["/plots", "/a/b", "/größe"])
def test_every_link_is_built_from_the_mount(app: BokehWSGI, mount: str) -> None:
    docid = Api(app).make()
    Api(app).publish(docid, y=np.arange(5.0))
    # Servers hand paths on as the bytes they came in, read as Latin-1 (PEP 3333).
    client = Client(DispatcherMiddleware(Response("elsewhere"), {mount.encode().decode("latin-1"): app}))
    visit_everything(client, docid, f"{mount}/")
    for path in ["", "/", f"/doc/{docid}", "/nowhere"]:
        links = re.findall(r'(?:href|src|action)="([^"]*)"', client.get(mount + path, headers=PAGE).text)
        assert links
        assert [link for link in links if not link.startswith((quote(mount) + "/", "#"))] == []


def test_a_proxy_may_put_it_below_a_prefix(app: BokehWSGI) -> None:
    docid = Api(app).make()
    client = Client(ProxyFix(app, x_prefix=1))
    html = client.get(f"/doc/{docid}", headers={**PAGE, "X-Forwarded-Prefix": "/team"}).text
    assert '"base":"/team/"' in html


def test_a_mount_without_its_slash_is_the_index(app: BokehWSGI) -> None:
    client = Client(DispatcherMiddleware(Response("elsewhere"), {"/plots": app}))
    assert "<html" in client.get("/plots", headers=PAGE).text


def test_errors_are_json_for_programs_and_pages_for_people(app: BokehWSGI) -> None:
    client = Client(app)
    assert client.get("/doc/nowhere").get_json()["error"] == "not-found"
    page = client.get("/doc/nowhere", headers={"Accept": "text/html,*/*;q=0.8"})
    assert page.mimetype == "text/html"
    assert "Nothing here" in page.text


def test_a_fault_of_ours_is_a_500_without_its_trace(
    app: BokehWSGI, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(app.store, "list_documents", lambda owner: 1 / 0)
    response = Client(app).get("/", headers=PAGE)
    assert response.status_code == 500
    assert "ZeroDivision" not in response.text
    assert "ZeroDivisionError" in caplog.text


def test_page_files_are_zipped_cached_and_open_to_sandboxed_pages(app: BokehWSGI) -> None:
    from bokeh_wsgi.page_files import BOKEH_VERSION

    path = f"/static/bokeh/{BOKEH_VERSION}/js/bokeh.min.js"
    response = Client(app).get(path, headers={"Accept-Encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
    assert "immutable" in response.headers["Cache-Control"]
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    etag = response.headers["ETag"]
    again = Client(app).get(path, headers={"Accept-Encoding": "gzip", "If-None-Match": etag})
    assert again.status_code == 304


def test_a_bokehjs_that_is_not_here_is_answered_with_the_one_that_is(app: BokehWSGI) -> None:
    from bokeh_wsgi.page_files import BOKEH_VERSION

    ours = Client(app).get(f"/static/bokeh/{BOKEH_VERSION}/js/bokeh.min.js")
    other = Client(app).get("/static/bokeh/3.0.0/js/bokeh.min.js")
    assert (other.status_code, other.data) == (200, ours.data)
    assert other.headers["Cache-Control"] == "no-cache"
    assert Client(app).get("/static/bokeh/3.0.0/js/other.js").status_code == 404


def test_a_package_whose_client_was_not_built_says_so(
    app: BokehWSGI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    static = importlib.import_module("bokeh_wsgi.page_files")
    docid = Client(app).post("/doc", json={"title": "line"}).get_json()["docid"]
    assert Client(app).get(f"/doc/{docid}", headers=PAGE).status_code == 200
    monkeypatch.setattr(static, "BUILT", tmp_path / "nothing")
    static.page_files.cache_clear()
    try:
        page = Client(app).get(f"/doc/{docid}", headers=PAGE)
        scripts = [Client(app).get(path) for path in ("/static/page.js", "/autoload.js")]
    finally:
        static.page_files.cache_clear()
    assert page.status_code == 503
    assert "lacks their built script page.js" in page.text
    assert "python -m build_tools" in page.text
    assert [(answer.status_code, answer.get_json()["error"]) for answer in scripts] == [
        (503, "not-built")
    ] * 2


def test_a_path_cannot_leave_the_static_folder(app: BokehWSGI) -> None:
    for path in ["../app.py", "%2e%2e/app.py", "/etc/passwd"]:
        assert Client(app).get(f"/static/{path}").status_code == 404


def test_the_document_page_is_sandboxed_and_never_cached(app: BokehWSGI) -> None:
    docid = Api(app).make()
    headers = Client(app).get(f"/doc/{docid}", headers=PAGE).headers
    assert "sandbox allow-scripts" in headers["Content-Security-Policy"]
    assert "allow-same-origin" not in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
