"""How `Session.live`, `run` and `next_change` begin and end."""

import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from bokeh.document import Document

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.client import Session
from bokeh_wsgi.exc import SessionError
from tests.waiting import DEADLINE_S, wait_until

from .board import Board
from .comparison import differences
from .editing_page import changed, event, patch


def test_live_again_takes_over(board: Board) -> None:
    first = board.live()
    second = board.live()
    assert not first.is_on
    assert second.is_on
    names = [thread.name for thread in threading.enumerate()]
    assert names.count("bokeh-wsgi-live") == 1
    board.slider.on_change("value", board.note)
    board.page.set(board.slider, value=2)
    wait_until(lambda: board.calls == [2])


def test_the_session_s_end_is_the_end_of_live(board: Board) -> None:
    live = board.live()
    board.session.close()
    assert not live.is_on
    assert "bokeh-wsgi-live" not in [thread.name for thread in threading.enumerate()]


def test_run_calls_back_in_the_calling_thread_until_a_callback_stops_it(board: Board) -> None:
    def callback(attr: str, old: Any, new: Any) -> None:
        board.calls.append(threading.current_thread())
        board.text.text = "last"
        board.session.stop()

    board.slider.on_change("value", callback)
    board.session.store_document(board.document)
    threading.Timer(0.2, lambda: board.page.set(board.slider, value=2)).start()
    board.session.run()
    assert board.calls == [threading.current_thread()]
    assert differences(board.session, board.document) == []


def test_next_change_is_one_round(board: Board) -> None:
    board.slider.on_change("value", board.note)
    board.session.store_document(board.document)
    assert board.session.next_change(timeout=0.05) is None
    seq = board.page.send(patch(changed(board.slider.id, "value", 3)), event("button_click", board.button.id))
    change = board.session.next_change(timeout=5)
    assert change is not None
    assert change.seq >= seq
    assert change.changed == ((board.slider, "value"),)
    assert [(one.event_name, one.model) for one in change.events] == [("button_click", board.button)]  # type: ignore[attr-defined]
    assert board.calls == [3]
    assert board.session.next_change(timeout=0.05) is None


def test_next_change_and_live_exclude_each_other(board: Board) -> None:
    board.live()
    with pytest.raises(SessionError, match="without run"):
        board.session.next_change(timeout=0)


def test_poll_document_takes_changes_in_now_and_then(board: Board) -> None:
    board.slider.on_change("value", board.note)
    board.session.poll_document(board.document, interval=0.3)
    board.page.set(board.slider, value=1)
    wait_until(lambda: board.calls == [1])
    board.page.set(board.slider, value=2)
    board.page.set(board.slider, value=3)
    wait_until(lambda: board.calls == [1, 3])


def test_a_deleted_document_ends_live_with_the_reason(board: Board, caplog: pytest.LogCaptureFixture) -> None:
    live = board.live()
    board.page.session.delete_doc()
    wait_until(lambda: not live.is_on)
    assert "deleted" in caplog.text
    with pytest.raises(SessionError, match="was deleted"):
        board.session.store_objects(board.slider)


def test_a_deleted_document_ends_run_with_the_reason(board: Board) -> None:
    board.session.store_document(board.document)
    threading.Timer(0.2, board.page.session.delete_doc).start()
    with pytest.raises(SessionError, match="was deleted"):
        board.session.run()


def test_what_was_not_found_yet_is_stored_at_the_end(board: Board) -> None:
    board.text.tags = [{"count": 0}]

    def callback(attr: str, old: Any, new: Any) -> None:
        tag: Any = board.text.tags[0]
        dict.__setitem__(tag, "count", new)

    board.slider.on_change("value", callback)
    live = board.live()
    for value in (1, 2):
        board.page.set(board.slider, value=value)
        wait_until(partial(board.has_counted, value))
    live.stop()
    assert differences(board.session, board.document) == []


class Cut:
    """An app that answers as another one does, until it ``breaks``: then its streams raise errors."""

    def __init__(self, app: BokehWSGI) -> None:
        self._app = app
        self.breaks = False

    def __call__(self, environ: Any, start_response: Any) -> Any:
        if self.breaks and environ["PATH_INFO"].endswith("/changes") and environ["REQUEST_METHOD"] == "GET":
            raise ZeroDivisionError("nobody expects this")
        return self._app(environ, start_response)


@pytest.fixture
def cut(app: BokehWSGI) -> Cut:
    return Cut(app)


@pytest.fixture
def cut_off(cut: Cut) -> Iterator[Session]:
    session = Session(app=cut)
    session.use_doc("line", clear=True)
    yield session
    session.http_session.close()


def test_an_error_that_nobody_expects_ends_live_and_is_told(
    cut: Cut, cut_off: Session, document: Document, caplog: pytest.LogCaptureFixture
) -> None:
    live = cut_off.live(document)
    cut.breaks = True
    wait_until(lambda: not live.is_on)
    assert "nobody expects this" in caplog.text
    with pytest.raises(SessionError, match="ZeroDivisionError: nobody expects this"):
        cut_off.store_document(document)


def test_an_error_that_nobody_expects_ends_run(cut: Cut, cut_off: Session, document: Document) -> None:
    document.add_next_tick_callback(lambda: setattr(cut, "breaks", True))
    with pytest.raises(SessionError, match="ZeroDivisionError: nobody expects this"):
        cut_off.run(document)


def test_an_error_that_nobody_expects_ends_next_change(
    cut: Cut, cut_off: Session, document: Document
) -> None:
    cut_off.store_document(document)
    assert cut_off.next_change(0) is None
    cut.breaks = True
    with pytest.raises(SessionError, match="ZeroDivisionError: nobody expects this"):
        cut_off.next_change(DEADLINE_S)
