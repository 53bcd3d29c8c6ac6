"""A growing column: appends cost what they add, and what was given out stays as it was."""

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bokeh_wsgi.dataplane import Column, GrowingColumn, Op, OpCode, Ramp, column_from, concat
from bokeh_wsgi.dataplane.growable_buffer import GrowableBuffer
from bokeh_wsgi.exc import FrameError
from tests.effort import tries

KINDS: list[Any] = [
    [1.5, 2.5, 3.5],
    ["a", "", "ccc"],
    ["a", None, "b"],
    [1, None, 3],
    [("a", "b"), ("c", "d"), ("e", "f")],
    [[1.0], [], [2.0, 3.0]],
    [[[1], [2, 3]], [], [[4]]],
    np.arange(12.0).reshape(3, 2, 2),
    [{"a": 1}, 2, None],
]


def append(values: Column, start: int, drop: int = 0) -> Op:
    return Op(OpCode.APPEND, start=start, count=values.rows, drop=drop, values=values)


@pytest.mark.parametrize("values", KINDS)
def test_a_thousand_appends_with_rollover_keep_the_last_rows(values: Any) -> None:
    column = column_from(values)
    state = GrowingColumn(column)

    for _ in range(1000):
        state.apply(append(column.slice(0, 2), 1, drop=state.rows - 1))

    assert state.column().equals(
        column_from([*list(values)[:2][-1:], *list(values)[:2]])
        if isinstance(values, list)
        else column_from(values[[1, 0, 1]])
    )


@pytest.mark.parametrize("values", KINDS)
def test_views_given_out_stay_as_they_were_under_appends(values: Any) -> None:
    column = column_from(values)
    state = GrowingColumn(column)
    views, copies = [], []

    for _ in range(50):
        views.append(state.column())
        copies.append(views[-1].copy())
        state.apply(append(column, state.rows - 1, drop=1))

    assert all(view.equals(copy) for view, copy in zip(views, copies, strict=True))


def test_its_state_is_its_own() -> None:
    values = np.arange(10.0)
    state = GrowingColumn(column_from(values))

    values[:] = 7

    assert state.column().values().tolist() == list(range(10))


def test_a_write_does_not_reach_the_arrays_of_a_read_only_column() -> None:
    values = np.arange(10.0)
    values.flags.writeable = False
    state = GrowingColumn(column_from(values), copy=False)

    state.apply(Op(OpCode.WRITE, start=2, count=1, values=column_from(np.array([99.0]))))

    assert values[2] == 2
    assert state.column().values()[2] == 99


def test_a_none_may_join_a_column_without() -> None:
    state = GrowingColumn(column_from([1, 2, 3]))

    state.apply(Op(OpCode.WRITE, start=1, count=2, values=column_from([None, 5])))
    state.apply(append(column_from([6]), 3))

    assert state.column().values() == [1, None, 5, 6]


@settings(max_examples=tries(200), deadline=None)
@given(st.data(), st.sampled_from(KINDS))
def test_any_run_of_ops_gives_what_lists_would(data: st.DataObject, values: Any) -> None:
    column = column_from(values)
    state, rows = GrowingColumn(column), list(range(column.rows))
    for _ in range(data.draw(st.integers(0, 12))):
        count = data.draw(st.integers(0, column.rows))
        some = column.slice(0, count)
        if data.draw(st.booleans()):
            drop = data.draw(st.integers(0, len(rows)))
            rows = rows[drop:] + list(range(count))
            state.apply(append(some, len(rows) - count, drop))
        elif count <= len(rows):
            start = data.draw(st.integers(0, len(rows) - count))
            rows[start : start + count] = range(count)
            state.apply(Op(OpCode.WRITE, start=start, count=count, values=some))

    expected = concat(column.slice(0, 0), *(column.slice(row, row + 1) for row in rows))

    assert state.column().equals(expected)


def test_many_writes_of_strings_cost_one_pass() -> None:
    state = GrowingColumn(column_from([f"row {n}" for n in range(300_000)]))
    row = column_from(["another text"])

    started = time.thread_time()
    for start in range(0, 200_000, 100):
        state.apply(Op(OpCode.WRITE, start=start, count=1, values=row))
    column = state.column()

    assert time.thread_time() - started < 1  # a pass for each would take half a minute
    assert column.texts(99, 102) == ["row 99", "another text", "row 101"]


@pytest.mark.parametrize(
    "op",
    [
        append(column_from(np.zeros(1)), 4),
        append(column_from(np.zeros(1)), 0, drop=6),
        append(column_from(np.zeros(1, dtype="f4")), 5),
        append(column_from(np.zeros((1, 2))), 5),
        Op(OpCode.WRITE, start=4, count=2, values=column_from(np.zeros(2))),
        Op(OpCode.REMOVE),
        Op(OpCode.RAMP, count=5, dtype="float64", json="{}"),
    ],
)
def test_an_op_that_does_not_fit_changes_nothing(op: Op) -> None:
    state = GrowingColumn(column_from(np.arange(5.0)))

    with pytest.raises(FrameError):
        state.apply(op)

    assert state.column().values().tolist() == [0, 1, 2, 3, 4]


def test_appending_to_a_large_column_costs_what_is_added() -> None:
    large = GrowingColumn(column_from(np.zeros(5_000_000)))
    row = column_from(np.zeros(100))
    large.apply(append(row, large.rows))  # makes room once

    started = time.thread_time()
    for _ in range(100):
        large.apply(append(row, large.rows - 100, drop=100))
        large.column()

    assert time.thread_time() - started < 0.2  # copying it each time would take seconds


def test_memory_moves_only_while_no_view_of_it_is_alive() -> None:
    buffer = GrowableBuffer(np.arange(100.0), copy=True)
    memory = buffer.view.base
    buffer.drop(50)
    del memory

    view = buffer.view[3:5]
    buffer.append(np.zeros(60))
    assert view.tolist() == [53, 54]
    assert not np.shares_memory(view, buffer.view)

    address = buffer.view.base.ctypes.data  # type: ignore[union-attr]
    for _ in range(20):
        buffer.drop(30)
        buffer.append(np.arange(30.0))
    assert buffer.view.base.ctypes.data == address  # type: ignore[union-attr]
    assert buffer.view[-30:].tolist() == list(range(30))


@pytest.mark.parametrize("values", KINDS, ids=str)
def test_what_was_lent_stays_as_it_is_whatever_is_applied(values: Any) -> None:
    before = column_from(values)
    held = GrowingColumn(before)
    lent = held.lent()
    assert isinstance(lent, Column)
    part = lent.slice(1, 3)
    rows = before.slice(0, 1)
    for op in (
        Op(OpCode.WRITE, start=2, count=1, values=rows),
        append(concat(rows, rows), 1, drop=2),
        Op(OpCode.WRITE, start=0, count=1, values=rows),
        append(before, 3),
        Op(OpCode.REPLACE, count=1, values=rows),
    ):
        held.apply(op)
        held.column()
        assert lent.equals(before)
        assert part.equals(before.slice(1, 3))


def test_a_ramp_is_lent_as_what_it_is() -> None:
    held = GrowingColumn()
    held.refresh(column_from(np.arange(10.0)))
    lent = held.lent()
    assert isinstance(lent, Ramp)
    held.apply(Op(OpCode.WRITE, start=2, count=1, values=column_from(np.array([70.0]))))
    assert lent.column().values().tolist() == list(range(10))


def test_memory_that_was_lent_is_written_again_once_nobody_has_it() -> None:
    buffer = GrowableBuffer(np.arange(100.0), copy=True)
    address = buffer.view.base.ctypes.data  # type: ignore[union-attr]
    lent = buffer.lent()
    part = lent[7:9]
    del lent
    buffer.write(7, np.zeros(1))
    assert part.tolist() == [7, 8]
    moved = buffer.view.base.ctypes.data  # type: ignore[union-attr]
    assert moved != address
    buffer.write(8, np.zeros(1))
    buffer.lent()
    buffer.write(9, np.zeros(1))
    assert buffer.view.base.ctypes.data == moved  # type: ignore[union-attr]
    lent = buffer.lent()
    buffer.assign(np.ones(100))
    assert lent[7:11].tolist() == [0, 0, 0, 10]
