"""Stores that come faster than the server answers."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from bokeh.document import Document
from bokeh.models import ColumnDataSource

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.client import Session
from bokeh_wsgi.client.publish import store_loop
from bokeh_wsgi.exc import ServerRefused, ServerUnreachable
from tests.waiting import pause

from .conftest import Viewer
from .test_transport import serving


class Gate:
    """Answers uploads only while it is open."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.open = threading.Event()
        self.open.set()
        self.uploads = 0
        self.status: str | None = None

    def __call__(self, environ: Any, start_response: Any) -> Any:
        if environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"].endswith("/changes"):
            self.open.wait(20)
            self.uploads += 1
            if self.status is not None:
                start_response(self.status, [("Content-Type", "text/plain")])
                return [b""]
        return self.app(environ, start_response)


@pytest.fixture
def gate(app: BokehWSGI) -> Gate:
    return Gate(app)


@pytest.fixture
def url(gate: Gate) -> Iterator[str]:
    with serving(gate) as found:
        yield found
        gate.open.set()


@pytest.fixture
def source(document: Document) -> Any:
    made = ColumnDataSource({"x": np.arange(1000.0), "y": np.zeros(1000)})
    document.add_root(made)
    return made


@pytest.fixture
def remote(url: str, document: Document, source: Any) -> Iterator[Session]:
    with Session(root_url=url, load_from_config=False, retry_s=0.0) as session:
        session.use_doc("line")
        session.store_document(document)
        yield session


def burst(session: Session, source: Any, stores: int) -> None:
    """Stores right after one another; the first one waits for its answer."""
    for step in range(stores):
        source.stream({"x": [float(step)], "y": [1.0]}, rollover=1000)
        source.data["y"][500:600] += 1.0
        session.store_objects(source)


def assert_same(session: Session, source: Any) -> None:
    viewer = Viewer(session)
    for name, values in source.data.items():
        assert viewer.column(source, name).tobytes() == values.tobytes(), name


def test_stores_that_wait_are_sent_as_one(
    remote: Session, gate: Gate, source: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a machine that is busy, two stores of a burst may be further apart.
    monkeypatch.setattr(store_loop, "BURST_S", 10.0)
    burst(remote, source, 1)
    gate.open.clear()
    before = gate.uploads
    burst(remote, source, 30)
    gate.open.set()
    remote.flush()
    assert gate.uploads - before <= 3
    assert_same(remote, source)


def test_without_merging_every_store_is_a_change(
    url: str, document: Document, source: Any, gate: Gate
) -> None:
    with Session(root_url=url, load_from_config=False, merge=False) as session:
        session.use_doc("line")
        session.store_document(document)
        before = gate.uploads
        burst(session, source, 30)
        assert gate.uploads - before == 30
        assert_same(session, source)


def test_what_the_script_does_to_its_arrays_meanwhile_does_not_show(
    remote: Session, gate: Gate, source: Any
) -> None:
    burst(remote, source, 1)
    gate.open.clear()
    burst(remote, source, 5)
    kept = {name: values.copy() for name, values in source.data.items()}
    source.data["y"][:] = -1.0
    gate.open.set()
    remote.flush()
    viewer = Viewer(remote)
    for name, values in kept.items():
        assert viewer.column(source, name).tobytes() == values.tobytes()


def test_a_store_after_a_pause_waits_for_its_answer(remote: Session, gate: Gate, source: Any) -> None:
    burst(remote, source, 20)
    pause(0.02, "longer than the stores of a burst are apart")
    burst(remote, source, 1)
    assert_same(remote, source)


def test_models_may_change_within_a_burst(remote: Session, document: Document, source: Any) -> None:
    for step in range(10):
        source.name = f"step {step}"
        burst(remote, source, 3)
    remote.flush()
    viewer = Viewer(remote)
    assert viewer.attributes(source)["name"] == "step 9"
    assert_same(remote, source)


@pytest.mark.parametrize(
    ("status", "error"), [("413 Too Large", ServerRefused), ("503 Away", ServerUnreachable)]
)
def test_what_goes_wrong_is_raised_by_the_next_call_and_nothing_is_lost(
    status: str, error: type[Exception], remote: Session, gate: Gate, source: Any
) -> None:
    burst(remote, source, 1)
    gate.status = status
    with pytest.raises(error):
        burst(remote, source, 1000)
    gate.status = None
    remote.store_objects(source)
    remote.flush()
    assert_same(remote, source)


def test_somebody_else_s_change_within_a_burst_is_overcome(
    remote: Session, gate: Gate, url: str, source: Any
) -> None:
    burst(remote, source, 1)
    gate.open.clear()
    burst(remote, source, 3)
    threading.Timer(0.1, gate.open.set).start()
    with Session(root_url=url, load_from_config=False) as other:
        other.use_doc("line")
        other.push({"type": "ColumnDataSource", "id": source.id, "attributes": {"data": {"y": [1.0] * 1000}}})
    burst(remote, source, 3)
    remote.flush()
    assert_same(remote, source)


SCRIPT = """
import sys
import numpy as np
from bokeh.document import Document
from bokeh.models import ColumnDataSource
from bokeh_wsgi import Session

source = ColumnDataSource({"x": np.zeros(10)})
document = Document()
document.add_root(source)
session = Session(root_url=sys.argv[1], load_from_config=False)
session.use_doc("script")
session.store_document(document)
for step in range(50):
    source.data["x"][:] = step
    session.store_objects(source)
print(source.id)
"""


def test_a_script_that_ends_has_sent_what_it_stored(url: str) -> None:
    command = [sys.executable, "-c", SCRIPT, url]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    with Session(root_url=url, load_from_config=False) as session:
        session.use_doc("script")
        state = session.pull_state()
    assert state.columns[run.stdout.strip(), "x"].values.column().values().tolist() == [49.0] * 10
