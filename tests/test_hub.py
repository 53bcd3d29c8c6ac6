"""What the meeting point of commits and waiting responses remembers."""

import threading
from pathlib import Path

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.hub import Hub
from bokeh_wsgi.store import MemoryStore, SQLiteStore
from tests.api.conftest import Api
from tests.waiting import wait_until


def test_documents_that_nobody_waits_for_are_not_remembered() -> None:
    """An entry for each document that ever changed or went stayed, for as long as the process ran."""
    app = BokehWSGI(store="memory:")
    api = Api(app)
    for number in range(20):
        docid = api.make(f"title {number}")
        api.publish(docid, y=[1.0])
        assert api.client.delete(f"/doc/{docid}").status_code == 200
    assert app.context.hub._waiting.now.seqs == {}


def test_what_is_remembered_of_a_document_goes_with_who_waits_for_it() -> None:
    hub, event = Hub(MemoryStore()), threading.Event()
    hub.join(["one"], event)
    hub.wake("one", 1)
    hub.wake("other", 1)
    assert event.is_set()
    assert hub._waiting.now.seqs == {"one": 1}
    hub.leave(["one"], event)
    assert hub._waiting.now.seqs == {}


def test_changes_before_anybody_waited_wake_nobody_late(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "store.db")
    hub, other, event = Hub(store), SQLiteStore(tmp_path / "store.db"), threading.Event()
    docid = store.create_document("ada", "line")[0].docid
    other.append(docid, 1, b"x", "")
    hub.wake(docid, 1)
    hub.join([docid], event)
    other.append(docid, 2, b"x", "")
    wait_until(event.is_set)
    assert hub._waiting.now.seqs == {docid: 2}
    hub.leave([docid], event)
    other.close()
    store.close()
