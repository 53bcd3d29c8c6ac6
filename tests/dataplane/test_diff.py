"""diff picks the op that is cheapest to send, and none where no bit changed."""

from typing import Any

import numpy as np
import pytest

from bokeh_wsgi.dataplane import Op, OpCode, column_from, diff

from .streams import applied, keyed, through_the_wire, upload

N = 100_000
WALK = np.random.default_rng(0).normal(size=N).cumsum()


def changes(old: Any, new: Any) -> list[Op]:
    """diff's ops, checked to give the new column."""
    a, b = column_from(old), column_from(new)
    ops = diff(a, b)
    assert applied(a, through_the_wire(keyed(ops)) if ops else []).equals(b)
    return ops


def only(old: Any, new: Any) -> Op:
    (op,) = changes(old, new)
    return op


def edited(values: Any, *edits: tuple[Any, Any]) -> Any:
    new = values.copy()
    for place, value in edits:
        new[place] = value
    return new


def test_no_op_for_equal_bits() -> None:
    assert changes(WALK, WALK.copy()) == []
    assert changes([np.nan, None], [np.nan, None]) == []


def test_minus_zero_is_a_change() -> None:
    assert only(np.zeros(1000), edited(np.zeros(1000), (5, -0.0))).code is OpCode.WRITE


def test_other_nan_bits_are_a_change() -> None:
    other = np.array([0x7FF8000000000001], dtype=np.uint64).view(np.float64)[0]

    assert only(np.full(1000, np.nan), edited(np.full(1000, np.nan), (5, other))).code is OpCode.WRITE


def test_a_changed_range_is_written() -> None:
    op = only(WALK, edited(WALK, (slice(500, 1500), 0.0)))

    assert (op.code, op.start, op.count) == (OpCode.WRITE, 500, 1000)


def test_far_ranges_are_written_apart_and_near_ones_together() -> None:
    ops = changes(WALK, edited(WALK, (100, 0.0), (110, 0.0), (50_000, 0.0)))

    assert [(op.code, op.start, op.count) for op in ops] == [
        (OpCode.WRITE, 100, 11),
        (OpCode.WRITE, 50_000, 1),
    ]


def test_changes_all_over_replace_the_column() -> None:
    assert only(WALK, edited(WALK, (slice(None, None, 100), 0.0))).code is OpCode.REPLACE
    assert only(WALK, WALK[::-1]).code is OpCode.REPLACE


def test_new_rows_at_the_end_are_appended() -> None:
    op = only(WALK[:-10], WALK)

    assert (op.code, op.start, op.count, op.drop) == (OpCode.APPEND, N - 10, 10, 0)


@pytest.mark.parametrize("dropped", [1, 1000, 70_000, N - N // 8])
def test_rollover_drops_from_the_front(dropped: int) -> None:
    new = np.concatenate([WALK[dropped:], np.arange(5) * np.pi])

    op = only(WALK, new)

    assert (op.code, op.start, op.count, op.drop) == (OpCode.APPEND, N - dropped, 5, dropped)


def test_rows_dropped_and_none_appended_is_an_append_of_none() -> None:
    op = only(WALK, WALK[10:])

    assert (op.code, op.start, op.count, op.drop) == (OpCode.APPEND, N - 10, 0, 10)


def test_rows_cut_off_at_the_end_replace_the_column() -> None:
    assert only(WALK, WALK[:-10]).code is OpCode.REPLACE


def test_rollover_of_small_columns_is_found_too() -> None:
    op = only([5.0, 1.0, 3.0, 2.0], [1.0, 3.0, 2.0, 7.5])

    assert (op.code, op.drop, op.count) == (OpCode.APPEND, 1, 1)


@pytest.mark.parametrize(
    "make",
    [
        lambda n: f"row {n}",
        lambda n: None if n % 5 == 0 else n * 1.5,
        lambda n: None if n % 5 == 0 else str(n),
        lambda n: (str(n // 10), str(n % 10)),
        lambda n: [n * 0.5] * (n % 4),
        lambda n: [[n, n + 1], [n] * (n % 3)],
        lambda n: np.full((2, 3), n),
        lambda n: {"n": n},
        lambda n: n % 3 == 0 or n % 7 == 0 or n % 11 == 5,
        lambda n: f"same length {n:06}",
    ],
)
def test_rollover_is_found_in_columns_of_every_kind(make: Any) -> None:
    rows = [make(n) for n in range(1010)]

    op = only(rows[:1000], rows[10:])

    assert (op.code, op.start, op.count, op.drop) == (OpCode.APPEND, 990, 10, 10)


@pytest.mark.parametrize(
    ("make", "change"),
    [
        (lambda n: f"row {n}", "row"),
        (lambda n: f"row {n}", "row 999999999"),
        (lambda n: None if n % 5 == 0 else n * 1.5, None),
        (lambda n: (str(n // 10), str(n % 10)), ("x", "y")),
        (lambda n: [n * 0.5] * (n % 4), [1.0] * 9),
        (lambda n: [[n, n + 1], [n] * (n % 3)], []),
        (lambda n: np.full((2, 3), n), np.zeros((2, 3), dtype=np.int64)),
        (lambda n: {"n": n}, None),
    ],
)
def test_one_changed_row_is_written_in_columns_of_every_kind(make: Any, change: Any) -> None:
    rows = [make(n) for n in range(1000)]

    op = only(rows, edited(rows, (501, change)))

    assert op.code is OpCode.WRITE
    assert op.start <= 501 < op.start + op.count <= op.start + 300


def test_a_none_that_becomes_a_value_is_written() -> None:
    op = only([None, *range(1000)], [7, *range(1000)])

    assert (op.code, op.start, op.count) == (OpCode.WRITE, 0, 1)


def test_another_type_shape_or_container_replaces_the_column() -> None:
    for old, new in [
        (np.zeros(9), np.zeros(9, dtype="f4")),
        (np.zeros((9, 2)), np.zeros((9, 3))),
        (np.array([5.0, 1.0]), [5.0, 1.0]),
        ([1], ["a"]),
    ]:
        (op,) = diff(column_from(old), column_from(new))
        assert op.code in (OpCode.REPLACE, OpCode.RAMP)


def test_counting_columns_are_ramps() -> None:
    for values in (np.arange(N), np.linspace(-1, 7, N), np.arange(0, 5, 0.001), np.full(N, 2.5), range(N)):
        op = only([], values)
        assert (op.code, op.count) == (OpCode.RAMP, len(values))


def test_a_ramp_costs_nothing() -> None:
    assert len(upload(keyed(diff(None, column_from(np.arange(1e6)))))) < 2500


def test_a_column_that_almost_counts_is_no_ramp() -> None:
    values = np.arange(N, dtype=float)
    values[N // 3] = np.nextafter(values[N // 3], np.inf)

    assert only([], values).code is OpCode.REPLACE


def test_a_counting_column_that_rolls_over_is_appended() -> None:
    op = only(np.arange(N), np.arange(N) + 1000)

    assert (op.code, op.count, op.drop) == (OpCode.APPEND, 1000, 1000)


@pytest.mark.parametrize(
    "values",
    [np.zeros(N), np.arange(N) % 7.0, np.where(np.arange(N) % 1000, 0.0, 1.0), np.arange(N) // 100 * 1.0],
)
def test_repeating_values_suggest_rollovers_without_end_and_cost_little(values: Any) -> None:
    new = np.concatenate([values[1:], [3.25]])
    new[N // 2] = -1.0

    ops = changes(values, new)

    assert len(ops) < 200


def test_strings_that_repeat_cost_little_too() -> None:
    rows = ["a", "b"] * 50_000

    assert changes(rows, [*rows[1:], "c"])[0].code is OpCode.APPEND
    assert len(changes([""] * 1000, [""] * 999 + ["x"])) == 1


def test_empty_columns_come_and_go() -> None:
    assert changes(np.zeros(0), np.zeros(0)) == []
    assert only(np.zeros(0), WALK).code is OpCode.REPLACE
    assert only(WALK, np.zeros(0)).code is OpCode.REPLACE
    assert only(np.zeros((5, 0)), np.zeros((6, 0))).code in (OpCode.REPLACE, OpCode.APPEND)
