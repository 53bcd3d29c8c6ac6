"""A server in this process, sessions with it, and what a viewer has."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bokeh.document import Document
from bokeh.model import Model

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.client import Session
from bokeh_wsgi.client.follow import replies
from bokeh_wsgi.client.publish.store_loop import OnTakenOver
from bokeh_wsgi.client.transport import wsgi_transport
from bokeh_wsgi.dataplane import Change, OpCode, Reader
from bokeh_wsgi.models.state import State
from tests.command import Running, running

from .accounts import registered
from .board import Board
from .script_side import ScriptSide

MakeSession = Callable[..., Session]


class Viewer:
    """Follows a document as a page does: applies the changes it has not seen."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.state = State()

    def changes(self) -> list[Change]:
        """What is new since the last call."""
        path = f"changes?doc={self._session.docid}:{self.state.seq}&wait=0"
        reader = Reader(limits=None)
        changes = reader.feed(self._session.http_session.request("GET", path).body)
        assert reader.ended
        for change in changes:
            self.state.apply(change.ops, change.seq)
        return changes

    def ops(self) -> list[OpCode]:
        return [op.code for change in self.changes() for op in change.ops]

    def column(self, source: Model, name: str) -> Any:
        self.changes()
        return self.state.columns[source.id, name].values.column().values()

    def attributes(self, model: Model) -> dict[str, Any]:
        self.changes()
        found: dict[str, Any] = self.state.graph.models[model.id]["attributes"]
        return found


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the quiet before a live script looks through its document, and for its last poll."""
    monkeypatch.setattr(replies, "IDLE_S", 0.05)
    monkeypatch.setattr(wsgi_transport, "LONG_POLL_S", 0.05)


@pytest.fixture
def make_session(app: BokehWSGI) -> MakeSession:
    """Another session of the same server, with the document "line" in use."""

    def make(title: str = "line", *, clear: bool = False, on_taken_over: OnTakenOver = "raise") -> Session:
        session = Session(app=app, on_taken_over=on_taken_over)
        session.use_doc(title, clear=clear)
        return session

    return make


@pytest.fixture
def session(make_session: MakeSession) -> Session:
    return make_session()


@pytest.fixture
def viewer(session: Session) -> Viewer:
    return Viewer(session)


@pytest.fixture
def document() -> Document:
    return Document(title="line")


@pytest.fixture
def shared_app() -> Iterator[BokehWSGI]:
    """A server with users."""
    app = BokehWSGI(store="memory:", multi_user=True)
    yield app
    app.close()


@pytest.fixture
def ann(shared_app: BokehWSGI) -> Session:
    """Has the document "line" in use."""
    session = registered(shared_app, "ann")
    session.use_doc("line")
    return session


@pytest.fixture
def bob(shared_app: BokehWSGI) -> Session:
    return registered(shared_app, "bob")


@pytest.fixture
def start(app: BokehWSGI) -> Iterator[Callable[..., ScriptSide]]:
    """Starts sides of the document "shared", which end with the test."""
    sides: list[ScriptSide] = []

    def begin(document: Document | None = None, **options: Any) -> ScriptSide:
        sides.append(ScriptSide(app, document, **options))
        return sides[-1]

    yield begin
    for side in sides:
        side.session.stop()


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """A server in a process of its own."""
    with running("--store", "memory:") as found:
        yield found


@pytest.fixture
def board(make_session: MakeSession) -> Iterator[Board]:
    board = Board(make_session)
    yield board
    board.session.close()


@pytest.fixture
def any_type_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that lets names of types pass as they are, as a hostile one does."""
    for module in ("patch", "reps", "value_types"):
        monkeypatch.setattr(f"bokeh_wsgi.models.{module}.checked_type_name", lambda value, what: value)
