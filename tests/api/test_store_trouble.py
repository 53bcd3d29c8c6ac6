"""A store that cannot be used: what programs and pages are told, and that all goes on afterwards."""

import logging
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.dataplane import Limits, Reader
from bokeh_wsgi.exc import StoreDamaged, StoreError, StoreFull
from bokeh_wsgi.store import SQLiteStore
from tests.disks import fill, small_disk

from .conftest import Api, columns_after, replaces
from .people import HTML, PASSWORD, People, token_in


@pytest.fixture
def app(store: SQLiteStore) -> Iterator[BokehWSGI]:
    app = BokehWSGI(store=store, max_streams=2)
    yield app
    app.close()


@pytest.fixture
def docid(api: Api) -> str:
    docid = api.make()
    api.publish(docid, y=[1.0, 2.0])
    return docid


def damage(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    assert connection.execute(statement).rowcount > 0
    connection.commit()
    connection.close()


def restarted(store: SQLiteStore) -> Api:
    """Another server at the same store, which has nothing of it in memory."""
    return Api(BokehWSGI(store=store))


def test_a_store_that_is_gone_is_a_503_and_a_log_line_and_comes_back(
    api: Api, docid: str, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    away = path.with_name("elsewhere")
    path.rename(away)
    calls: dict[str, Any] = {
        f"/doc/{docid}/changes": {"method": "POST", "data": api.body(docid, replaces(y=[3.0]))},
        f"/doc/{docid}": {"method": "GET"},
        "/doc": {"method": "POST", "json": {"title": "other"}},
        "/userinfo": {"method": "GET"},
        f"/changes?doc={docid}:0&wait=0": {"method": "GET"},
    }
    for where, call in calls.items():
        caplog.clear()
        answer = api.client.open(where, **call)
        assert answer.status_code == 503, where
        assert answer.get_json()["error"] == "store"
        assert answer.get_json()["message"] == "The store cannot be used now; the log of the server says why."
        assert f"The store {path} was deleted or moved away under the server: put it back" in caplog.text
        assert caplog.records[-1].levelno == logging.ERROR
    page = api.client.get(f"/doc/{docid}", headers=HTML)
    assert (page.status_code, page.mimetype) == (503, "text/html")
    assert not path.exists()
    away.rename(path)
    api.publish(docid, y=[3.0])
    assert api.columns(docid)["y"] == [3.0]


def _at_a_missing_store(tmp_path: Path) -> People:
    path = tmp_path / "home of the operator" / "documents.db"
    people = People(BokehWSGI(store=f"sqlite:///{path}", multi_user=True))
    path.unlink()
    return people


def test_nobody_is_told_where_the_store_is(tmp_path: Path) -> None:
    """A stranger was told the path of the file, with the operator's name in it."""
    people = _at_a_missing_store(tmp_path)
    for answer in (
        people.call("GET", "/doc/whatever"),
        people.call("GET", "/doc/whatever", headers=HTML),
        people.call("GET", "/userinfo", "ada"),
        people.call("POST", "/login", json={"username": "ada", "password": "a wrong one"}),
    ):
        assert answer.status_code == 503
        assert "home of the operator" not in answer.text


def test_a_form_tells_nobody_where_the_store_is(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It showed whatever had gone wrong, and the log had nothing of it."""
    path = tmp_path / "home of the operator" / "documents.db"
    browser = People(BokehWSGI(store=f"sqlite:///{path}", multi_user=True)).browser()
    forms = {form: browser.form_token(form) for form in ("/login", "/register")}
    path.unlink()
    for form, token in forms.items():
        caplog.clear()
        told = {"username": "nina", "password": PASSWORD, "again": PASSWORD, "csrf": token}
        answer = browser.post(form, told)
        assert answer.status_code == 503
        assert "home of the operator" not in answer.text
        assert "home of the operator" in caplog.text


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StoreError("at /home/operator"), 503),
        (StoreFull("at /home/operator"), 507),
        (StoreDamaged("at /home/operator"), 500),
        (StoreDamaged("at /home/operator", document="x"), 500),
    ],
)
def test_what_is_wrong_with_a_store_is_told_in_general(
    error: StoreError, status: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    app = BokehWSGI(store="memory:")

    def fail(_: str) -> None:
        raise error

    monkeypatch.setattr(app.store, "get_document", fail)
    answer = Api(app).client.get("/doc/x")
    assert answer.status_code == status
    assert "operator" not in answer.text
    assert "at /home/operator" in caplog.text


def test_a_path_makes_no_line_of_its_own_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line of a stranger's making stood in the log, when there was anything to log of their request."""
    people = _at_a_missing_store(tmp_path)
    path = "/doc/x%0a2026-11-28 INFO signed-in user='root'%1b[2J"
    caplog.clear()
    assert people.call("GET", path).status_code == 503
    monkeypatch.setattr(people.app.store, "get_document", lambda _: 1 / 0)
    assert people.call("GET", path).status_code == 500
    assert len(caplog.records) == 2
    for record in caplog.records:
        assert record.getMessage().isprintable()
        assert "signed-in" in record.getMessage()


def test_streams_that_a_missing_store_cut_leave_no_trace(
    app: BokehWSGI, api: Api, docid: str, path: Path
) -> None:
    page = token_in(api.client.get(f"/doc/{docid}", headers=HTML).text)
    away = path.with_name("elsewhere")
    path.rename(away)
    for _ in range(5):
        # The page comes again.
        answer = api.client.get(f"/changes?doc={docid}:0&wait=stream", headers=page)
        assert (answer.status_code, answer.get_json()["error"]) == (503, "store")
    away.rename(path)
    assert app.context.presence.viewers(docid) == 0
    assert app.context.streams._held == {}


DAMAGE = {
    "a frame": "UPDATE history SET frame = zeroblob(length(frame)) WHERE seq = 2",
    "a change that is missing": "DELETE FROM history WHERE seq = 2",
    "the last change": "DELETE FROM history WHERE seq = 3",
    "all changes": "DELETE FROM history",
    "a frame of former times": (
        "UPDATE history SET frame = zeroblob(length(frame)), checksum = NULL WHERE seq = 2"
    ),
    "half of a frame of former times": (
        "UPDATE history SET frame = substr(frame, 1, length(frame) / 2), checksum = NULL WHERE seq = 3"
    ),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_on_disk_is_a_500_that_names_the_document_and_a_log_line(
    store: SQLiteStore, api: Api, docid: str, path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    other = api.make("other")
    api.publish(other, y=[1.0])
    api.publish(docid, y=[3.0])
    api.publish(docid, y=[4.0])
    damage(path, f"{DAMAGE[kind]} {'AND' if 'WHERE' in DAMAGE[kind] else 'WHERE'} document = 1")
    server = restarted(store)
    for answer in (
        server.client.get(f"/changes?doc={docid}:0&wait=0"),
        server.upload(docid, replaces(y=[5.0])),
        server.client.get(f"/doc/{docid}"),
        server.client.get(f"/doc/{docid}/data/p2.csv"),
        server.client.post("/doc", json={"title": "line"}),
    ):
        told = answer.get_json()
        assert (answer.status_code, told["error"], told["docid"]) == (500, "store-damaged", docid)
        assert "put a backup of the store in its place, or delete the document" in told["message"]
        assert docid in caplog.records[-1].getMessage()
        assert caplog.records[-1].levelno == logging.ERROR
    assert server.columns(other)["y"] == [1.0]
    assert server.client.delete(f"/doc/{docid}").status_code == 200
    assert server.columns(server.make("line")) == {}


def test_an_older_copy_of_a_document_begins_anew(
    store: SQLiteStore, api: Api, docid: str, path: Path
) -> None:
    """As where a backup was written into the file that is there."""
    api.publish(docid, y=[3.0])
    damage(path, "DELETE FROM history WHERE seq = 2")
    damage(path, "UPDATE documents SET seq = 1")
    assert api.columns(docid)["y"] == [1.0, 2.0]
    assert api.publish(docid, y=[5.0]) == 2


def test_a_full_store_is_a_507_and_a_log_line_until_there_is_room(
    store: SQLiteStore, api: Api, docid: str, numbers: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with store._connections.reading() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
    answer = api.upload(docid, replaces(y=numbers))
    assert (answer.status_code, answer.get_json()["error"]) == (507, "store-full")
    assert "has no space left on its disk" in caplog.text
    assert api.columns(docid)["y"] == [1.0, 2.0]
    api.publish(docid, y=[3.0])
    assert api.columns(docid)["y"] == [3.0]


def test_what_is_there_is_shown_from_a_full_disk(tmp_path: Path, numbers: Any) -> None:
    with small_disk(tmp_path / "disk") as disk:
        app = BokehWSGI(store=f"sqlite:///{disk}/store.db", max_streams=2)
        api = Api(app)
        docid = api.make()
        api.publish(docid, y=[1.0, 2.0])
        fill(disk / "ballast")
        for _ in range(2):
            assert api.upload(docid, replaces(y=numbers)).status_code == 507
            page = api.client.get(f"/doc/{docid}", headers=HTML)
            assert page.status_code == 200
            stream = api.client.get(f"/changes?doc={docid}:0&wait=1", headers=token_in(page.text))
            assert columns_after(Reader(limits=Limits()).feed(stream.data))["y"] == [1.0, 2.0]
        (disk / "ballast").unlink()
        assert api.upload(docid, replaces(y=numbers)).status_code == 200
        app.close()


@pytest.mark.parametrize("seed", range(8))
def test_bits_that_flip_on_the_disk_are_never_shown(tmp_path: Path, numbers: Any, seed: int) -> None:
    path = tmp_path / "whole.db"
    store = SQLiteStore(path)
    api = restarted(store)
    docids = [api.make(str(n)) for n in range(3)]
    for docid in docids:
        for step in range(3):
            api.publish(docid, y=numbers + step)
    store.close()
    rng = random.Random(seed)
    shown = damaged = 0
    for n in range(12):
        content = bytearray(path.read_bytes())
        for _ in range(rng.choice([1, 4, 16])):
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        other = tmp_path / f"{n}.db"
        other.write_bytes(content)
        try:
            store = SQLiteStore(other)
        except StoreError:
            continue
        server = restarted(store)
        for docid in docids:
            answer = server.client.get(f"/changes?doc={docid}:0&wait=0")
            if answer.status_code == 200:
                shown += 1
                columns = columns_after(Reader(limits=Limits()).feed(answer.data))
                assert columns["y"].tobytes() == (numbers + 2).tobytes()
            elif answer.status_code != 404:  # its docid is not the same any more
                damaged += 1
                assert (answer.status_code, answer.get_json()["error"]) == (500, "store-damaged")
        store.close()
    assert shown
    assert damaged
