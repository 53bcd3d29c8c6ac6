"""Callbacks of time, which documents of Bokeh have: called by `Session.live`, and what they do is stored."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from bokeh.document import Document
from bokeh.io import curdoc
from bokeh.models import ColumnDataSource
from bokeh.models.widgets import Div
from bokeh.plotting import figure

from bokeh_wsgi.client import Session
from tests.waiting import pause, wait_until

from .comparison import differences
from .conftest import MakeSession, Viewer


@pytest.fixture
def session(make_session: MakeSession) -> Iterator[Session]:
    made = make_session(clear=True)
    yield made
    made.close()


@pytest.fixture
def note(document: Document) -> Div:
    made = Div(text="")
    document.add_root(made)
    return made


def test_a_periodic_callback_is_called_and_what_it_changes_is_sent(
    session: Session, document: Document
) -> None:
    source: Any = ColumnDataSource({"y": [0.0]})
    plot = figure()
    plot.line("y", "y", source=source)
    document.add_root(plot)
    documents = []

    def step() -> None:
        documents.append(curdoc())
        source.stream({"y": [float(len(source.data["y"]))]})

    callback = document.add_periodic_callback(step, 20)
    session.live(document)
    wait_until(lambda: len(source.data["y"]) > 5)
    document.remove_periodic_callback(callback)
    viewer = Viewer(session)
    wait_until(lambda: list(viewer.column(source, "y")) == list(source.data["y"]))
    assert set(documents) == {document}
    count = len(source.data["y"])
    later: list[int] = []
    document.add_periodic_callback(lambda: later.append(1), 20)
    wait_until(lambda: len(later) >= 3)
    assert len(source.data["y"]) == count


def test_callbacks_added_by_another_thread_wake_the_one_that_waits(
    session: Session, document: Document, note: Div
) -> None:
    live = session.live(document)
    wait_until(lambda: live.is_at_rest)
    threads: list[str] = []

    def tick() -> None:
        threads.append(threading.current_thread().name)
        note.text = "ticked"

    begun = time.monotonic()
    document.add_next_tick_callback(tick)
    wait_until(lambda: threads)
    assert time.monotonic() - begun < 5
    assert threads == ["bokeh-wsgi-live"]
    wait_until(lambda: differences(session, document) == [])
    assert document.session_callbacks == []


def test_a_timeout_callback_is_called_once_and_not_before_its_time(
    session: Session, document: Document, note: Div
) -> None:
    called: list[float] = []
    session.live(document)
    begun = time.monotonic()
    document.add_timeout_callback(lambda: called.append(time.monotonic() - begun), 100)
    wait_until(lambda: called)
    later: list[int] = []
    document.add_timeout_callback(lambda: later.append(1), 150)
    wait_until(lambda: later)
    assert len(called) == 1
    assert called[0] >= 0.1


def test_a_removed_callback_is_not_called(session: Session, document: Document, note: Div) -> None:
    called: list[int] = []
    session.live(document)
    callback = document.add_timeout_callback(lambda: called.append(1), 50)
    document.remove_timeout_callback(callback)
    later: list[int] = []
    document.add_timeout_callback(lambda: later.append(1), 60)
    wait_until(lambda: later)
    assert called == []


def test_slow_periodic_callbacks_do_not_pile_up(session: Session, document: Document, note: Div) -> None:
    called: list[int] = []

    def slow() -> None:
        called.append(1)
        pause(0.05, "a slow callback")

    callback = document.add_periodic_callback(slow, 5)
    session.live(document)
    wait_until(lambda: len(called) >= 3)
    document.remove_periodic_callback(callback)
    count = len(called)
    later: list[int] = []
    document.add_timeout_callback(lambda: later.append(1), 100)
    wait_until(lambda: later)
    assert len(called) <= count + 1


def test_an_error_in_a_timed_callback_is_told_and_it_goes_on(
    session: Session, document: Document, note: Div, caplog: pytest.LogCaptureFixture
) -> None:
    called: list[int] = []

    def fails() -> None:
        called.append(1)
        raise ValueError("not today")

    document.add_periodic_callback(fails, 10)
    session.live(document)
    wait_until(lambda: len(called) >= 3)
    assert "periodic callback" in caplog.text
    assert "not today" in caplog.text
    wait_until(lambda: curdoc() is not document)  # between two calls


def test_timed_callbacks_come_in_next_change_too(session: Session, document: Document, note: Div) -> None:
    called: list[int] = []
    session.store_document(document)
    document.add_periodic_callback(lambda: called.append(1), 20)
    assert session.next_change(timeout=0.2) is None
    assert len(called) >= 3
