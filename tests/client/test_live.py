"""`Session.live`: what others change comes to the script, and what its callbacks do goes back."""

import socket
import threading
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
from bokeh.document import Document
from bokeh.io import curdoc
from bokeh.models import ColumnDataSource, CustomJS
from bokeh.models.widgets import Button, Div, RadioGroup, Slider
from bokeh.plotting import figure

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.client import Session
from bokeh_wsgi.client.follow.follow_loop import Live
from bokeh_wsgi.dataplane import OpCode
from bokeh_wsgi.exc import Conflict, SessionError, TakenOver
from tests.waiting import DEADLINE_S, wait_until

from .comparison import differences, publisher_of, shadow_differences
from .conftest import MakeSession, Viewer
from .editing_page import EditingPage, changed, event, patch


class Board:
    """A script with some models, and a page that changes them."""

    def __init__(self, make_session: MakeSession) -> None:
        self.session = make_session(clear=True)
        self.slider = Slider(start=0, end=100, value=0, name="frequency")
        self.button = Button(label="go")
        self.text = Div(text="")
        self.source: Any = ColumnDataSource({"x": np.arange(4.0), "y": np.zeros(4)})
        self.plot = figure(name="plot")
        self.plot.line("x", "y", source=self.source)
        self.document = Document(title="line")
        for root in (self.slider, self.button, self.text, self.plot):
            self.document.add_root(root)
        self.page = EditingPage(make_session())
        self.calls: list[Any] = []

    def note(self, attr: str, old: Any, new: Any) -> None:
        self.calls.append(new)

    def live(self, **options: Any) -> Live:
        self.following = self.session.live(self.document, **options)
        return self.following

    def has_followed(self, seq: int) -> bool:
        return (publisher_of(self.session).followed or 0) >= seq

    def has_counted(self, value: int) -> bool:
        return bool(self.text.tags[0]["count"] == value)

    def wait(self, seq: int) -> None:
        wait_until(lambda: self.has_followed(seq))

    def rest(self) -> None:
        """Until the script has nothing to take in and nothing to send."""
        wait_until(lambda: self.following.is_at_rest and self.has_followed(self.head))

    def has_read(self, seq: int) -> bool:
        """Whether a change came here; a server puts together what comes faster than it is read."""
        return self.following._follower._seq >= seq

    @property
    def head(self) -> int:
        return self.page.session.pull_state().seq


@pytest.fixture
def board(make_session: MakeSession) -> Iterator[Board]:
    made = Board(make_session)
    yield made
    made.session.close()


def test_callbacks_are_called_in_the_thread_of_live_with_the_document_as_curdoc(board: Board) -> None:
    def callback(attr: str, old: Any, new: Any) -> None:
        board.calls.append((attr, old, new, threading.current_thread().name, curdoc()))

    board.slider.on_change("value", callback)
    board.live()
    board.page.set(board.slider, value=7)
    wait_until(lambda: board.calls)
    assert board.calls == [("value", 0, 7, "bokeh-wsgi-live", board.document)]
    assert curdoc() is not board.document


def test_what_a_callback_changes_goes_back_as_one_change(board: Board, viewer: Viewer) -> None:
    def callback(attr: str, old: Any, new: Any) -> None:
        board.text.text = f"at {new}"
        board.source.data["y"][1] = new
        board.plot.title = f"title {new}"
        board.plot.scatter([1], [new])

    board.slider.on_change("value", callback)
    board.live()
    viewer.changes()
    seq = board.page.set(board.slider, value=9)
    wait_until(lambda: board.head > seq)
    theirs, mine = viewer.changes()
    assert [op.code for op in theirs.ops] == [OpCode.PATCH]
    assert mine.seq == seq + 1
    assert {op.code for op in mine.ops} >= {OpCode.PATCH, OpCode.WRITE}
    assert viewer.attributes(board.text)["text"] == "at 9"
    assert viewer.column(board.source, "y").tolist() == [0, 9, 0, 0]
    assert differences(board.session, board.document) == []


def test_nothing_is_sent_where_nothing_was_changed(board: Board) -> None:
    board.slider.on_change("value", board.note)
    board.button.on_click(lambda: board.calls.append("click"))
    board.live()
    board.page.set(board.slider, value=3)
    board.page.append(board.source, "y", [1.0])
    seq = board.page.event("button_click", board.button)
    wait_until(lambda: board.calls == [3, "click"])
    board.rest()
    assert board.head == seq
    assert shadow_differences(board.session) == []


def test_a_value_that_is_the_same_calls_nobody(board: Board) -> None:
    board.slider.on_change("value", board.note)
    board.live()
    board.page.set(board.slider, value=0)
    board.wait(board.page.set(board.slider, step=2))
    assert board.calls == []
    assert board.slider.step == 2


def test_all_values_of_a_change_are_set_before_the_first_callback(board: Board) -> None:
    board.slider.on_change("value", lambda attr, old, new: board.calls.append(board.text.text))
    board.live()
    board.page.send(patch(changed(board.slider.id, "value", 4), changed(board.text.id, "text", "set")))
    wait_until(lambda: board.calls)
    assert board.calls == ["set"]


def test_values_that_were_overtaken_while_a_callback_ran_are_left_out(board: Board) -> None:
    sent = [0]

    def slow(attr: str, old: Any, new: Any) -> None:
        board.calls.append((old, new))
        wait_until(lambda: sent[0] >= min(new + 5, 60))

    board.slider.on_change("value", slow)
    board.live()
    for value in range(1, 61):
        seq = board.page.set(board.slider, value=value)
        wait_until(partial(board.has_read, seq))
        sent[0] = value
    wait_until(lambda: board.calls and board.calls[-1][1] == 60)
    assert len(board.calls) < 25
    assert [old for old, _ in board.calls[1:]] == [new for _, new in board.calls[:-1]]


def test_events_are_never_lost_and_divide_values(board: Board) -> None:
    sent = [0]

    def slow(attr: str, old: Any, new: Any) -> None:
        board.calls.append(new)
        wait_until(lambda: sent[0] >= min(new + 4, 20))

    board.slider.on_change("value", slow)
    board.button.on_click(lambda: board.calls.append(f"click at {board.slider.value}"))
    board.live()
    for value in range(1, 21):
        seq = board.page.set(board.slider, value=value)
        if value % 2 == 0:
            seq = board.page.event("button_click", board.button)
        wait_until(partial(board.has_read, seq))
        sent[0] = value
    wait_until(lambda: len([call for call in board.calls if isinstance(call, str)]) == 10)
    clicks = [call for call in board.calls if isinstance(call, str)]
    assert clicks == [f"click at {value}" for value in range(2, 21, 2)]


def test_an_event_comes_after_the_values_of_its_change(board: Board) -> None:
    board.button.on_click(lambda: board.calls.append(board.slider.value))
    board.live()
    board.page.send(patch(changed(board.slider.id, "value", 5)), event("button_click", board.button.id))
    wait_until(lambda: board.calls)
    assert board.calls == [5]


def test_a_value_that_a_callback_corrects_stays_corrected(board: Board) -> None:
    """Values that came before the correction, and were seen after it, are overtaken."""

    sent = [0]

    def clamp(attr: str, old: Any, new: Any) -> None:
        board.calls.append(new)
        wait_until(lambda: sent[0] >= min(new + 3, 39))
        board.slider.value = min(new, 10)

    board.slider.on_change("value", clamp)
    board.live()
    for value in range(1, 40):
        board.page.set(board.slider, value=value)
        sent[0] = value
    wait_until(lambda: board.slider.value == 10)
    board.rest()
    assert board.page.session.pull_state().graph.models[board.slider.id]["attributes"]["value"] == 10
    assert board.slider.value == 10
    assert shadow_differences(board.session) == []


def test_columns_of_a_page_come_as_rows(board: Board) -> None:
    board.source.on_change("data", lambda attr, old, new: board.calls.append((dict(old), dict(new))))
    board.live()
    board.page.append(board.source, "y", [5.0, 6.0], drop=1)
    wait_until(lambda: len(board.calls) == 1)
    board.page.write(board.source, "x", 2, [-1.0])
    wait_until(lambda: len(board.calls) == 2)
    (old, new), (_, newest) = board.calls
    assert [values.tolist() for values in old.values()] == [[0, 1, 2, 3], [0, 0, 0, 0]]
    assert [values.tolist() for values in new.values()] == [[0, 1, 2, 3], [0, 0, 0, 5, 6]]
    assert newest["x"].tolist() == [0, 1, -1, 3]
    assert newest["x"].dtype == np.float64
    assert shadow_differences(board.session) == []


def test_several_columns_of_a_change_are_one_call(board: Board) -> None:
    board.source.on_change("data", board.note)
    board.live()
    board.wait(board.page.stream(board.source, x=[7.0, 8.0], y=[9.0, 10.0]))
    board.rest()
    assert len(board.calls) == 1
    assert len(board.source.data["x"]) == len(board.source.data["y"]) == 6


def test_columns_keep_the_dtype_that_the_script_gave_them(board: Board) -> None:
    times = np.array(["2024-01-01", "2024-01-02"], dtype="datetime64[s]")
    board.source.data = {"t": times, "n": np.array([1, 2], dtype=np.int64), "s": ["a", "b"]}
    board.live()
    board.page.column(board.source, "t", np.array(["2024-01-03", "2024-01-04"], dtype="datetime64[ms]"))
    board.page.column(board.source, "s", ["c"])
    board.wait(board.page.write(board.source, "n", 1, np.array([5], dtype=np.int32)))
    wait_until(lambda: board.source.data["s"] == ["c"])
    assert board.source.data["t"].dtype == times.dtype
    assert board.source.data["t"].tolist()[1].isoformat() == "2024-01-04T00:00:00"
    assert board.source.data["n"].dtype == np.int64
    assert board.source.data["n"].tolist() == [1, 5]


def test_an_attribute_can_go_back_to_its_default(board: Board) -> None:
    board.slider.step = 5
    board.slider.on_change("step", board.note)
    board.live()
    board.page.send(patch({**changed(board.slider.id, "step", 1), "unset": True}))
    wait_until(lambda: board.calls)
    assert board.calls == [1]
    board.rest()
    assert shadow_differences(board.session) == []


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
    live._follower.stop()
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
    begun = time.monotonic()
    board.page.set(board.slider, value=2)
    board.page.set(board.slider, value=3)
    wait_until(lambda: board.calls == [1, 3])
    assert time.monotonic() - begun > 0.15


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
