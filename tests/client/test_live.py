"""`Session.live`: what others change comes to the script, whatever it changes itself meanwhile."""

import socket
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
from bokeh.document import Document
from bokeh.models import ColumnDataSource, CustomJS
from bokeh.models.widgets import Div, RadioGroup, Slider
from bokeh.plotting import figure

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.client import Session
from bokeh_wsgi.dataplane import OpCode
from bokeh_wsgi.exc import Conflict, TakenOver
from tests.waiting import DEADLINE_S, wait_until

from .board import Board
from .comparison import differences, shadow_differences
from .conftest import MakeSession, Viewer
from .editing_page import EditingPage, changed, patch


def test_models_that_another_script_adds_appear_and_can_be_changed(
    board: Board, make_session: MakeSession
) -> None:
    board.live()
    other, theirs = make_session(), Document()
    other.load_document(theirs)
    fresh = Slider(start=0, end=1, value=0, name="fresh")
    theirs.add_root(fresh)
    other.store_document(theirs)
    wait_until(lambda: board.document.get_model_by_name("fresh") is not None)
    mine: Any = board.document.get_model_by_name("fresh")
    assert mine is not fresh
    mine.on_change("value", board.note)
    fresh.value = 0.5
    other.store_objects(fresh)
    wait_until(lambda: board.calls)
    assert board.calls == [0.5]
    theirs.remove_root(fresh)
    other.store_document(theirs)
    wait_until(lambda: board.document.get_model_by_name("fresh") is None)
    assert differences(board.session, board.document) == []


@pytest.fixture
def follower(board: Board, make_session: MakeSession) -> Iterator[Board]:
    """A script that has the board's document and made nothing of it."""
    board.session.store_document(board.document)
    joined = Board(make_session)
    joined.session.close()
    joined.session, joined.document = make_session(), Document()
    joined.session.load_document(joined.document)
    yield joined
    joined.session.close()


def test_a_script_follows_one_that_starts_the_document_anew(
    follower: Board, make_session: MakeSession
) -> None:
    follower.live()
    other = make_session(clear=True)
    anew = Document()
    anew.add_root(Div(text="anew"))
    other.store_document(anew)
    wait_until(lambda: [type(root) for root in follower.document.roots] == [Div])
    follower.wait(other.seq)
    assert differences(follower.session, follower.document) == []
    assert shadow_differences(follower.session) == []


def test_a_document_with_other_types_under_the_same_ids_is_loaded_anew(
    board: Board, follower: Board, make_session: MakeSession
) -> None:
    follower.live()
    other = make_session(clear=True)
    anew = Document()
    note = Div(text="anew")
    vars(note)["_id"] = board.slider.id
    anew.add_root(note)
    other.store_document(anew)
    wait_until(lambda: [type(root) for root in follower.document.roots] == [Div])
    follower.page.send(patch(changed(board.slider.id, "text", "newer")))
    wait_until(lambda: follower.document.roots[0].text == "newer")  # type: ignore[attr-defined]


def test_values_that_the_script_has_not_stored_yet_win(board: Board) -> None:
    board.live()
    board.slider.value = 50
    board.wait(board.page.set(board.slider, value=20))
    assert board.slider.value == 50
    board.session.store_document(board.document)
    assert board.page.session.pull_state().graph.models[board.slider.id]["attributes"]["value"] == 50


def test_rows_that_both_sides_append_are_all_kept(board: Board) -> None:
    board.live()
    board.source.stream({"x": [10.0], "y": [10.0]})
    board.page.append(board.source, "x", [20.0])
    board.wait(board.page.append(board.source, "y", [20.0]))
    board.session.store_objects(board.source)
    assert board.source.data["x"].tolist() == [0, 1, 2, 3, 20, 10]
    assert board.source.data["y"].tolist() == [0, 0, 0, 0, 20, 10]
    assert differences(board.session, board.document) == []


def test_a_store_that_another_one_was_faster_than_is_made_anew_on_top(
    board: Board, make_session: MakeSession
) -> None:
    """The conflict is met with what was missed, and only rows are sent."""
    live = board.live()
    other, theirs = make_session(), Document()
    other.load_document(theirs)
    source: Any = theirs.select_one({"type": ColumnDataSource})
    live._reader.stop()
    source.stream({"x": [20.0], "y": [20.0]})
    other.store_objects(source)
    viewer = Viewer(other)
    viewer.changes()
    board.source.stream({"x": [10.0], "y": [10.0]})
    board.session.store_objects(board.source)
    (change,) = viewer.changes()
    assert [op.code for op in change.ops] == [OpCode.APPEND] * 2
    assert viewer.column(board.source, "x").tolist() == [0, 1, 2, 3, 20, 10]
    assert differences(board.session, board.document) == []


def test_two_live_scripts_answer_each_other(board: Board, make_session: MakeSession) -> None:
    other, theirs = make_session(), Document()
    board.slider.on_change("value", lambda attr, old, new: setattr(board.text, "text", f"{new}"))
    board.live()
    other.load_document(theirs)
    their_text = theirs.select_one({"type": Div})
    assert their_text is not None
    their_text.on_change("text", board.note)
    with other.live(theirs):
        board.page.set(board.slider, value=8)
        wait_until(lambda: board.calls == ["8"])


def test_javascript_callbacks_and_the_title_come_too(board: Board, make_session: MakeSession) -> None:
    board.live()
    other, theirs = make_session(), Document()
    other.load_document(theirs)
    theirs.js_on_event("document_ready", CustomJS(code="1"))
    theirs.title = "another"
    other.store_document(theirs)
    wait_until(lambda: board.document.callbacks.js_event_callbacks["document_ready"])
    assert board.document.title == "another"
    (callback,) = board.document.callbacks.js_event_callbacks["document_ready"]
    assert isinstance(callback, CustomJS)
    assert callback.code == "1"
    board.rest()
    assert shadow_differences(board.session) == []


def test_a_script_that_starts_again_finds_what_people_left(app: BokehWSGI, board: Board) -> None:
    board.session.store_document(board.document)
    board.session.close()
    board.page.set(board.slider, value=42)
    again = Session(app=app)
    again.use_doc("line")
    document = Document()
    again.load_document(document)
    slider: Any = document.get_model_by_name("frequency")
    assert slider.value == 42
    slider.on_change("value", board.note)
    with again.live():
        board.page.set(board.slider, value=43)
        wait_until(lambda: board.calls == [43])
    again.close()


def test_changes_inside_plain_values_are_found_when_it_is_quiet(board: Board) -> None:
    board.text.tags = [{"count": 0}]

    def callback(attr: str, old: Any, new: Any) -> None:
        tag: Any = board.text.tags[0]
        dict.__setitem__(tag, "count", new)

    board.slider.on_change("value", callback)
    board.live()
    for value in (1, 2, 3):
        board.page.set(board.slider, value=value)
        wait_until(partial(board.has_counted, value))
    wait_until(lambda: differences(board.session, board.document) == [])


def test_a_script_that_compares_nothing_does_so_while_it_is_live(app: BokehWSGI, board: Board) -> None:
    session = Session(app=app, diff="off")
    session.use_doc("off", clear=True)
    document = Document()
    source: Any = ColumnDataSource({"y": np.arange(3.0)})
    plot, choice = figure(), RadioGroup(labels=["a", "b"])
    plot.line("y", "y", source=source)
    document.add_root(plot)
    document.add_root(choice)
    choice.on_change("active", lambda attr, old, new: source.stream({"y": [float(new)]}))
    page = EditingPage(Session(app=app))
    page.session.use_doc("off")
    with session.live(document):
        page.set(choice, active=1)
        wait_until(lambda: len(page.session.pull_state().columns[source.id, "y"].values.column().data) == 4)
        page.append(source, "y", [7.0])
        wait_until(lambda: source.data["y"].tolist() == [0, 1, 2, 1, 7])
    session.close()


def test_a_session_with_an_app_is_told_of_viewers_too(board: Board) -> None:
    told: list[int] = []
    board.session.on_viewers(told.append)
    board.live()
    path = f"changes?doc={board.session.docid}:0&wait=0&page=a"
    headers = {"Authorization": f"Bearer {board.session.embed_token()}"}
    board.session.http_session.request("GET", path, headers=headers)
    wait_until(lambda: told == [1])
    assert board.session.viewers() == 1


def test_notices_change_nothing_here(board: Board, viewer: Viewer) -> None:
    live = board.live()
    viewer.changes()
    board.session.notice("computing …")
    (change,) = viewer.changes()
    assert [op.code for op in change.ops] == [OpCode.EVENT]
    board.wait(change.seq)
    assert live.is_on


def test_threads_stream_and_store_while_changes_come(board: Board) -> None:
    """No row of anybody is lost, and none doubled."""
    board.source.on_change("data", lambda attr, old, new: None)
    board.live()
    stopped = threading.Event()
    streamed: list[float] = []

    def stream() -> None:
        while not stopped.is_set():
            value = float(len(streamed) + 1000)
            board.source.stream({"x": [value], "y": [value]})
            streamed.append(value)
            if len(streamed) % 3 == 0:
                board.session.store_objects(board.source)
            stopped.wait(0.001)

    thread = threading.Thread(target=stream)
    thread.start()
    theirs = []
    for number in range(60):
        try:
            value = float(-number - 1)
            board.page.stream(board.source, x=[value], y=[value])
            theirs.append(value)
        except Conflict:
            pass  # the script was faster
        board.page.set(board.slider, value=number)
    stopped.set()
    thread.join()
    board.session.store_document(board.document)
    wait_until(lambda: board.has_followed(board.head))
    board.session.store_document(board.document)
    assert differences(board.session, board.document) == []
    x = board.source.data["x"].tolist()
    assert [value for value in x if value >= 1000] == streamed
    assert [value for value in x if value < 0] == theirs
    assert theirs
    assert board.source.data["y"].tolist()[4:] == x[4:]


def test_the_view_is_shared_where_that_is_asked_for(app: BokehWSGI, board: Board) -> None:
    session = Session(app=app)
    session.use_doc("shared", clear=True, share_view=True)
    document = Document()
    document.add_root(Div(text="a"))
    session.store_document(document)
    assert session.pull_state().graph.share_view
    other, theirs = Session(app=app), Document()
    other.use_doc("shared")
    other.load_document(theirs)
    theirs.add_root(Div(text="b"))
    other.store_document(theirs)
    assert session.pull_state().graph.share_view
    session.use_doc("shared", clear=True)
    session.store_document(document)
    assert not session.pull_state().graph.share_view


def test_a_title_that_the_script_has_not_stored_yet_wins(board: Board, viewer: Viewer) -> None:
    board.live()
    board.document.title = "newer"
    board.wait(board.page.send(patch({"kind": "TitleChanged", "title": "late"})))
    assert board.document.title == "newer"
    board.session.store_document(board.document)
    viewer.changes()
    assert viewer.state.graph.title == "newer"
    board.wait(board.page.send(patch({"kind": "TitleChanged", "title": "newest"})))
    wait_until(lambda: board.document.title == "newest")


def test_a_script_whose_document_another_one_starts_anew_is_told(
    board: Board, make_session: MakeSession, caplog: pytest.LogCaptureFixture
) -> None:
    live = board.live()
    other = make_session(clear=True)
    other.store_document(Document())
    wait_until(lambda: not live.is_on)
    assert f"another script has started 'line' anew, on {socket.gethostname()}" in caplog.text
    with pytest.raises(TakenOver, match="join with clear=False"):
        board.session.store_document(board.document)
    assert board.session.pull_state().graph.roots == []


def test_a_script_that_does_not_mind_stops_when_another_one_starts_its_document_anew(
    make_session: MakeSession, caplog: pytest.LogCaptureFixture
) -> None:
    session = make_session(clear=True, on_taken_over="stop")
    document = Document()
    document.add_root(Div(text="ours"))
    live = session.live(document)
    make_session(clear=True).store_document(Document())
    wait_until(lambda: not live.is_on)
    document.roots[0].text = "late"  # type: ignore[attr-defined]
    session.store_document(document)
    session.close()
    assert session.pull_state().graph.roots == []
    assert caplog.text.count("another script has started") == 1


def test_a_live_script_can_take_its_document_back(
    make_session: MakeSession, caplog: pytest.LogCaptureFixture
) -> None:
    session = make_session(clear=True, on_taken_over="retake")
    document = Document()
    slider = Slider(start=0, end=9, value=1)
    document.add_root(slider)
    with session.live(document) as live:
        other = make_session(clear=True)
        theirs = Document()
        theirs.add_root(Div(text="theirs"))
        other.store_document(theirs)
        wait_until(lambda: list(session.pull_state().graph.models) != [] and session.seq > other.seq)
        assert session.pull_state().graph.roots == [slider.id]
        page = EditingPage(make_session())
        page.set(slider, value=5)
        wait_until(lambda: slider.value == 5)
        assert live.is_on
    assert caplog.text.count("another script has started") == 1
    session.close()


def test_an_answer_to_a_document_that_was_started_anew_meanwhile_is_dropped(
    board: Board, follower: Board, make_session: MakeSession
) -> None:
    anew = Document()
    anew.add_root(Div(text="anew", name="note"))

    def answer(attr: str, old: Any, new: Any) -> None:
        make_session(clear=True).store_document(anew)
        follower.document.get_model_by_name("frequency").title = "late"  # type: ignore[union-attr]

    slider: Any = follower.document.get_model_by_name("frequency")
    slider.on_change("value", answer)
    assert follower.session.next_change(0) is None
    board.page.set(board.slider, value=7)
    assert follower.session.next_change(DEADLINE_S) is not None
    assert follower.document.get_model_by_name("note") is not None
    assert differences(follower.session, follower.document) == []
    assert follower.session.next_change(0) is None
