"""What `Session.live` calls back for, in which order, and what goes back to the server."""

import threading
from functools import partial
from typing import Any

import numpy as np
from bokeh.io import curdoc

from bokeh_wsgi.dataplane import OpCode
from tests.waiting import wait_until

from .board import Board
from .comparison import differences, shadow_differences
from .conftest import Viewer
from .editing_page import changed, event, patch


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
