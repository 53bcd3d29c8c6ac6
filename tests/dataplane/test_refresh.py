"""A growing column becomes a new one as it is compared, and its ops do the same to another holder."""

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bokeh_wsgi.dataplane import Column, GrowingColumn, Op, OpCode, column_from, concat, diff

from .strategies import columns, thorough, updates
from .streams import keyed, through_the_wire

N = 100_000
WALK = np.random.default_rng(0).normal(size=N).cumsum()


class Pair:
    """A publisher's column, and the server's, which knows only what was sent."""

    def __init__(self, values: Any = None, *, copy: bool = True) -> None:
        self.copy = copy
        self.shadow, self.server = GrowingColumn(), GrowingColumn()
        if values is not None:
            self.update(values)

    def update(self, values: Any) -> list[Op]:
        column = column_from(values)
        before = column.copy()
        ops = self.shadow.refresh(column if self.copy else before, copy=self.copy)
        if ops:
            # The script may go on writing into its array.
            if isinstance(values, np.ndarray) and values.flags.writeable:
                values.view(np.uint8)[:] = 0xAB
            for op in through_the_wire(keyed(ops)):
                self.server.apply(op, copy=False)
            if isinstance(values, np.ndarray) and values.flags.writeable:
                values[:] = before.data.view(values.dtype).reshape(values.shape)
        for held in (self.shadow, self.server):
            assert held.column().equals(before)
            assert held.rows == before.rows
        return ops

    def only(self, values: Any) -> Op:
        (op,) = self.update(values)
        return op


def edited(values: Any, *edits: tuple[Any, Any]) -> Any:
    new = values.copy()
    for place, value in edits:
        new[place] = value
    return new


@pytest.mark.parametrize(
    "values", [WALK, np.zeros(0), [], ["a"], np.zeros((5, 0)), [[1.0], []], [None, 1], [("a", "b")]]
)
def test_a_new_column_is_sent_whole_even_if_it_is_empty(values: Any) -> None:
    pair = Pair()

    assert pair.only(values).code is OpCode.REPLACE
    assert pair.update(values) == []


def test_a_ramp_is_held_without_memory() -> None:
    pair = Pair()

    assert pair.only(np.arange(1e6)).code is OpCode.RAMP
    assert pair.update(np.arange(1e6)) == []
    assert pair.shadow.nbytes == 8_000_000
    assert pair.shadow.whole().code is OpCode.RAMP


def test_writes_refresh_only_what_changed() -> None:
    pair = Pair(WALK)
    memory = pair.shadow.column().data

    ops = pair.update(edited(WALK, (100, 0.0), (110, 0.0), (50_000, 0.0)))

    assert [(op.code, op.start, op.count) for op in ops] == [
        (OpCode.WRITE, 100, 11),
        (OpCode.WRITE, 50_000, 1),
    ]
    assert np.shares_memory(pair.shadow.column().data, memory)


def test_values_of_ops_are_views_of_what_is_held() -> None:
    pair = Pair(WALK.copy())
    new = edited(WALK, (slice(500, 1500), 0.0))
    ops = pair.shadow.refresh(column_from(new))

    new[:] = 1.0

    assert ops[0].values is not None
    assert np.shares_memory(ops[0].values.data, pair.shadow.column().data)
    assert not ops[0].values.data.any()


def test_changes_all_over_replace_the_values_in_the_memory_that_is_there() -> None:
    pair = Pair(WALK.copy())
    memory = pair.shadow.column().data

    for values in (WALK[::-1].copy(), edited(WALK, (slice(None, None, 100), 0.0)), np.sin(WALK)):
        assert pair.only(values).code is OpCode.REPLACE

    assert np.shares_memory(memory, pair.shadow.column().data)


@pytest.mark.parametrize("rows", [N, N - 10, N + 10, 10])
def test_a_replacement_may_be_of_any_length(rows: int) -> None:
    pair = Pair(WALK.copy())

    assert pair.only(np.random.default_rng(1).normal(size=rows)).code is OpCode.REPLACE


@pytest.mark.parametrize("drop", [0, 1, 1000, 70_000])
def test_appends_with_any_drop_are_found_again_and_again(drop: int) -> None:
    rng = np.random.default_rng(1)
    pair, values = Pair(WALK.copy()), WALK
    for _ in range(20):
        values = np.concatenate([values[drop:], rng.normal(size=max(drop, 10))])

        op = pair.only(values.copy())

        assert (op.code, op.drop, op.count) == (OpCode.APPEND, drop, max(drop, 10))


def test_a_rolling_column_that_looks_the_same_is_not_sent() -> None:
    values = np.tile([1.0, 2.0, 3.0, 4.0], N // 4)
    pair = Pair(np.append(values, 9.0))
    pair.only(np.append(values[4:], [9.0, 1.0, 2.0, 3.0, 4.0]))
    for _ in range(3):
        pair.update(values)

    assert pair.update(values) == []


@pytest.mark.parametrize("start", [0.0, -5.5])
@pytest.mark.parametrize("step", [1.0, 0.1, -0.25, 1 / 3])
@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_a_ramp_that_rolls_over_is_appended_to_and_stays_a_ramp(
    start: float, step: float, dtype: str
) -> None:
    pair = Pair((start + np.arange(N) * step).astype(dtype))
    for n in range(1, 20):
        op = pair.only((start + (1000 * n + np.arange(N)) * step).astype(dtype))

        assert (op.code, op.drop, op.count) == (OpCode.APPEND, 1000, 1000)
    assert pair.shadow.whole().code is (OpCode.RAMP if step == 1.0 and not start else OpCode.REPLACE)


def test_a_ramp_goes_on_as_something_else() -> None:
    pair = Pair(np.arange(1e5))

    assert pair.only(np.append(np.arange(1e5), 7.0)).code is OpCode.APPEND
    assert pair.only(edited(np.append(np.arange(1e5), 7.0), (5, 1.0))).code is OpCode.WRITE
    assert pair.only(np.arange(1e5) * 0.5).code is OpCode.RAMP
    assert pair.only(WALK.copy()).code is OpCode.REPLACE
    assert pair.only(np.arange(1e5)[::-1].copy()).code is OpCode.RAMP


@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "u2"])
def test_a_ramp_of_integers_ends_where_its_type_does(dtype: str) -> None:
    limit = int(np.iinfo(dtype).max)
    values = np.arange(limit - 100, limit + 1).astype(dtype)
    pair = Pair(values)

    pair.update(np.append(values[10:], np.arange(10).astype(dtype)))
    pair.update(np.append(values[10:], np.arange(20).astype(dtype)))


def test_a_constant_column_stays_one() -> None:
    pair = Pair(np.full(N, 2.5))

    assert pair.update(np.full(N, 2.5)) == []
    assert pair.only(np.full(N + 10, 2.5)).code is OpCode.APPEND
    assert pair.only(edited(np.full(N + 10, 2.5), (77, 0.0))).code is OpCode.WRITE


def test_values_that_moved_once_in_a_while_are_found_in_spite_of_fruitless_searches() -> None:
    rng = np.random.default_rng(1)
    pair = Pair(WALK.copy())
    for _ in range(40):
        pair.only(rng.normal(size=N))
    values = rng.normal(size=N)
    pair.only(values)

    op = pair.only(np.concatenate([values[500:], rng.normal(size=500)]))

    assert (op.code, op.drop) == (OpCode.APPEND, 500)


@pytest.mark.parametrize("copy", [True, False])
@pytest.mark.parametrize(
    "make",
    [
        lambda n: f"row {n}",
        lambda n: None if n % 5 == 0 else n * 1.5,
        lambda n: (str(n // 10), str(n % 10)),
        lambda n: [n * 0.5] * (n % 4),
        lambda n: [[n, n + 1], [n] * (n % 3)],
        lambda n: np.full((2, 3), n),
        lambda n: {"n": n},
    ],
)
def test_columns_of_every_kind_are_refreshed(make: Any, copy: bool) -> None:
    rows = [make(n) for n in range(1010)]
    pair = Pair(rows[:1000], copy=copy)

    appended = pair.only(rows[10:])
    written = pair.only(edited(rows[10:], (501, rows[0])))

    assert (appended.code, appended.drop, appended.count) == (OpCode.APPEND, 10, 10)
    assert written.code is OpCode.WRITE
    assert pair.update(edited(rows[10:], (501, rows[0]))) == []
    assert pair.only(rows[::-1]).code is OpCode.REPLACE


def test_another_type_or_container_replaces_the_column() -> None:
    pair = Pair(WALK.copy())
    for values in (WALK.astype("f4"), WALK.tolist(), WALK.reshape(-1, 2).copy(), ["a"], WALK.copy()):
        assert pair.only(values).code is OpCode.REPLACE


def test_a_column_that_rolls_stays_in_memory_of_about_its_size() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=N)
    tracemalloc.start()
    held = GrowingColumn(column_from(values))

    for _ in range(300):
        values[:-1000] = values[1000:].copy()
        values[-1000:] = rng.normal(size=1000)
        tracemalloc.reset_peak()
        (op,) = held.refresh(column_from(values))
        assert op.code is OpCode.APPEND
        assert tracemalloc.get_traced_memory()[1] <= 1.13 * values.nbytes + 100_000
        del op

    tracemalloc.stop()


def test_a_view_that_somebody_keeps_is_not_moved_away() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=N)
    held = GrowingColumn(column_from(values))
    kept, copies = [], []

    for _ in range(40):
        values = np.append(values[5000:], rng.normal(size=5000))
        kept += held.refresh(column_from(values))
        copies.append(values[-5000:])

    assert all(
        op.values is not None and np.array_equal(op.values.data, copy)
        for op, copy in zip(kept, copies, strict=True)
    )


@thorough
@given(updates(), st.booleans())
def test_refresh_gives_the_ops_of_diff(update: tuple[Column, Column], copy: bool) -> None:
    old, new = update
    held, server = GrowingColumn(old), GrowingColumn(old)

    ops = held.refresh(new.copy(), copy=copy)

    assert held.column().equals(new)
    assert [described(op) for op in ops] == [described(op) for op in diff(old, new)]
    for op in ops:
        server.apply(op)
    assert server.column().equals(new)


@thorough
@given(updates(), st.booleans())
@example((column_from([0.0, 1.0, 2.0]), column_from([2.0, 1.0, 2.0])), False)
@example((column_from([-5, -5]), column_from([-5] * 10)), False)
def test_refreshing_a_ramp_costs_no_more_than_the_ops_of_diff(
    update: tuple[Column, Column], copy: bool
) -> None:
    old, new = update
    held = GrowingColumn()
    held.refresh(old)

    ops = held.refresh(new.copy(), copy=copy)

    assert held.column().equals(new)
    assert len(ops) <= len(diff(old, new))
    assert sent_bytes(ops) <= sent_bytes(diff(old, new))


def described(op: Op) -> tuple[Any, ...]:
    values = None if op.values is None else (op.values.data.tobytes(), op.values.rows)
    return (op.code, op.start, op.count, op.drop, op.json, values)


def sent_bytes(ops: list[Op]) -> int:
    return sum(op.values.nbytes for op in ops if op.values is not None)


@thorough
@given(st.lists(columns(20), min_size=1, max_size=3), st.lists(st.integers(0, 9), max_size=12), st.booleans())
def test_any_run_of_updates_arrives(some: list[Column], picks: list[int], copy: bool) -> None:
    pair = Pair(copy=copy)
    for pick in picks:
        new = some[pick % len(some)]
        if pick > 4 and new.same_rows(some[0]):
            new = concat(some[0], new)
        pair.update(new.copy())
