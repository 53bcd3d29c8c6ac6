"""A pyramid finds extremes and gaps as a look at every row does, whatever happened to the column."""

import os
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bokeh_wsgi.dataplane import Extremes, Pyramid, _reference, kernels, pyramid
from tests.effort import tries

Array = np.ndarray[Any, Any]
DTYPES = ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "f4", "f8"]
INF = float("inf")
PURE = bool(os.environ.get("BOKEH_WSGI_PURE"))


@pytest.fixture(params=[kernels, _reference], ids=["kernels", "reference"], autouse=True)
def implementation(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module: ModuleType = request.param
    monkeypatch.setattr(pyramid, "kernels", module)
    return module


def naive(values: Array, first: int, from_row: int, to_row: int) -> Extremes:
    """By a look at each row."""
    part = values[from_row - first : to_row - first].astype(np.float64)
    finite = part[np.isfinite(part)]
    if not len(finite):
        return Extremes(INF, -INF, -1, -1, len(part) > 0)
    low, high = float(np.min(finite)), float(np.max(finite))
    rows = [from_row + int(np.flatnonzero(part == value)[0]) for value in (low, high)]
    return Extremes(low, high, rows[0], rows[1], len(finite) < len(part))


def column(rows: int, dtype: str, seed: int, gaps: float) -> Array:
    """A walk with steps, and gaps in the floats: single ones, and long runs of them."""
    rng = np.random.default_rng(seed)
    walk = rng.integers(-2, 3, rows).cumsum() % 100
    values = walk.astype(dtype)
    if values.dtype.kind == "f":
        values[rng.random(rows) < gaps] = np.nan
        values[rng.random(rows) < gaps / 4] = np.inf
        for start in rng.integers(0, rows + 1, int(gaps * 40)):
            values[start : start + rng.integers(0, 1500)] = np.nan
    return values


@st.composite
def columns(draw: st.DrawFn, max_rows: int = 3000) -> Array:
    rows = draw(st.integers(0, 130) | st.integers(0, max_rows))
    gaps = draw(st.sampled_from([0, 0, 0.001, 0.1, 1]))
    return column(rows, draw(st.sampled_from(DTYPES)), draw(st.integers(0, 99)), gaps)


def check(tree: Pyramid, rng: np.random.Generator) -> None:
    """Ask for some rows."""
    first, end = tree.first, tree.end
    for _ in range(6):
        a, b = sorted(int(row) for row in rng.integers(first, end + 1, 2))
        assert tree.extremes(a, b) == naive(tree.values, first, a, b)
        finite = np.isfinite(tree.values[a - first : b - first]).tolist()
        assert tree.next_gap(a, b) == (a + finite.index(False) if False in finite else b)
        assert tree.next_finite(a, b) == (a + finite.index(True) if True in finite else b)
        last = b - 1 - finite[::-1].index(True) if True in finite else a - 1
        assert tree.last_finite(a, b) == last


STEPS = st.lists(st.sampled_from(["move", "write", "restart", "shrink"]), max_size=8)


@settings(
    max_examples=tries(60, full=1000),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(columns(), STEPS, st.integers(0, 99))
def test_it_finds_what_a_look_at_every_row_finds(values: Array, script: list[str], seed: int) -> None:
    rng = np.random.default_rng(seed)
    tree = Pyramid(values)
    check(tree, rng)
    for what in script:
        rows = len(tree.values)
        if what == "restart":
            tree.restart(column(int(rng.integers(0, 2000)), values.dtype.str, seed, 0.01))
        elif what == "write":
            a, b = sorted(int(row) for row in rng.integers(0, rows + 1, 2))
            tree.values[a:b] = column(b - a, values.dtype.str, seed + 1, 0.1)
            tree.written(tree.first + a - 5, tree.first + b)
        else:
            dropped = int(rng.integers(0, rows + 1))
            kept = tree.values[dropped:]
            added = column(int(rng.integers(0, rng.choice([100, 4000]))), values.dtype.str, seed + 2, 0.01)
            tree.move(np.concatenate([kept, added]) if what == "move" else kept[: len(kept) // 2], dropped)
        check(tree, rng)


def test_all_rows_may_go_and_others_come() -> None:
    tree = Pyramid(np.arange(1000.0))
    tree.move(np.arange(300.0), 5000)

    assert (tree.first, tree.end) == (5000, 5300)
    assert tree.extremes(5000, 5300) == (0, 299, 5000, 5299, False)


def test_of_equal_values_the_first_row_counts() -> None:
    tree = Pyramid(np.tile([0.0, -0.0, 1.0, 1.0], 5000))

    for start in range(5003, 5007):
        low, high, low_row, high_row, _ = tree.extremes(start, 20_000)
        assert (low, high) == (0, 1)
        assert low_row == next(row for row in range(start, start + 4) if row % 4 < 2)
        assert high_row == next(row for row in range(start, start + 4) if row % 4 >= 2)


def test_integers_that_are_rounded_to_the_same_float_are_equal() -> None:
    tree = Pyramid(np.array([2**53, 2**53 + 1, 2**53 - 1] * 100))

    assert tree.extremes(0, 300) == (2**53 - 1, 2**53, 2, 0, False)


def test_without_finite_values_there_are_no_extremes() -> None:
    tree = Pyramid(np.full(3000, np.nan))

    assert tree.extremes(7, 2900) == (INF, -INF, -1, -1, True)
    assert tree.extremes(7, 7) == (INF, -INF, -1, -1, False)
    assert (tree.next_finite(7, 2900), tree.last_finite(7, 2900), tree.next_gap(7, 2900)) == (2900, 6, 7)


@pytest.mark.skipif(PURE, reason="BOKEH_WSGI_PURE is set")
def test_rows_that_did_not_change_are_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of rows that were overwritten in secret, it knows what they were."""
    monkeypatch.setattr(pyramid, "kernels", kernels)
    values = np.arange(100_000.0)
    tree = Pyramid(values[:50_000])
    values[:50_000] = -1

    tree.move(values[1000:51_000], 1000)
    tree.written(45_000, 46_000)

    rows = tree.extreme_rows(np.array([1024, 40_000, 51_000]))
    assert rows.tolist() == [[1024, 39_999, 0], [44_992, 50_999, 0]]
    tree.written(2000, 3000)
    assert tree.extreme_rows(np.array([1024, 40_000])).tolist() == [[1984, 39_999, 0]]


def test_it_takes_less_than_half_a_byte_a_row_whatever_happens() -> None:
    rng = np.random.default_rng(1)
    values = rng.random(300_000)
    start, end = 0, 50_000
    tree = Pyramid(values[start:end])
    assert tree.nbytes < 0.4 * 50_000
    for _ in range(200):
        dropped, added = rng.integers(0, 8000, 2).tolist()
        dropped, added = max(0, min(dropped, end - start - 5000)), min(added, len(values) - end)
        start, end = start + dropped, end + added
        tree.move(values[start:end], dropped)
        assert tree.nbytes < 0.5 * (end - start)


@pytest.mark.parametrize(
    "values",
    [
        np.zeros(3, "u8"), np.zeros(3, "f2"), np.zeros(3, "?"), np.zeros(3, ">f8"), np.zeros(3, "M8[s]"),
        np.zeros((3, 2)), np.zeros(6)[::2],
    ],
)  # fmt: skip
def test_only_contiguous_numbers_are_taken(values: Array) -> None:
    with pytest.raises(ValueError, match="contiguous"):
        Pyramid(values)
    tree = Pyramid(np.zeros(5))
    with pytest.raises(ValueError, match="contiguous"):
        tree.move(values, 1)
    assert (tree.first, tree.end) == (0, 5)


@pytest.mark.parametrize(("start", "end"), [(9, 20), (10, 111), (50, 49), (-1, 20)])
def test_to_ask_for_rows_that_are_not_there_is_an_error(start: int, end: int) -> None:
    tree = Pyramid(np.zeros(110))
    tree.move(np.zeros(100), 10)

    for ask in (tree.extremes, tree.next_gap, tree.next_finite, tree.last_finite):
        with pytest.raises(ValueError, match="not all among 10 to 110"):
            ask(start, end)


def test_rows_that_do_not_ascend_are_an_error() -> None:
    with pytest.raises(ValueError, match="ascend"):
        Pyramid(np.zeros(100)).extreme_rows(np.array([0, 50, 40, 100]))
    with pytest.raises(ValueError, match="come back"):
        Pyramid(np.zeros(100)).move(np.zeros(100), -1)


def test_read_only_values_are_taken() -> None:
    values = np.frombuffer(np.arange(200.0).tobytes())

    assert Pyramid(values).extremes(3, 190) == (3, 189, 3, 189, False)


@pytest.mark.parametrize("dtype", DTYPES)
def test_both_implementations_compute_the_same_nodes(
    dtype: str, implementation: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one computes the other reads."""
    values = column(40_000, dtype, 5, 0.001)
    tree = Pyramid(values)
    monkeypatch.setattr(pyramid, "kernels", kernels)

    for start in range(0, 40_000, 1777):
        assert tree.extremes(start, 40_000) == naive(values, 0, start, 40_000)
