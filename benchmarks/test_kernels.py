"""The comparing kernels beside the limit, reading the memory once, and beside numpy doing the same."""

import ctypes
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bokeh_wsgi.dataplane import GrowingColumn, Op, OpCode, column_from
from bokeh_wsgi.dataplane.kernels import count_ramp, sweep

GAP = 256  # what diff uses for float64
LIMIT = 100_000
MANY = 1 << 60
ROUNDS = 9

MEMCMP = ctypes.CDLL(None).memcmp
MEMCMP.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]


@pytest.fixture(scope="module")
def rows(request: pytest.FixtureRequest) -> int:
    """1e8 bytes of float64, or few where nothing is timed."""
    return 12_500_000 if request.config.getoption("benchmark_enable") else 125_000


def changed(old: Any, case: str) -> Any:
    """One percent of the values are others."""
    rng = np.random.default_rng(2)
    new, count = old.copy(), len(old) // 100
    if case == "1 % contiguous":
        new[len(old) // 3 : len(old) // 3 + count] += 1
    elif case == "1 % scattered":
        new[rng.integers(0, len(old), count)] += 1
    return new


def by_ours(old: Any, new: Any) -> int:
    pairs = np.empty((LIMIT, 2), dtype=np.int64)
    found, at = sweep(old, new, pairs, 0, 0, GAP, 0, MANY, MANY, True)
    assert at == len(old)
    return found


def by_numpy(old: Any, new: Any) -> int:
    where = np.flatnonzero(old != new)
    if not len(where):
        return 0
    breaks = np.flatnonzero(np.diff(where) > GAP)
    starts = where[np.concatenate([[0], breaks + 1])]
    stops = where[np.concatenate([breaks, [len(where) - 1]])] + 1
    if len(starts) > 1000:
        old[where] = new[where]
    else:
        for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
            old[start:stop] = new[start:stop]
    return len(starts)


def by_memcmp(old: Any, new: Any) -> int:
    result: int = MEMCMP(old.ctypes.data, new.ctypes.data, old.nbytes)
    return result


def bits(rows: int, case: str) -> tuple[Any, Any]:
    old = np.random.default_rng(1).random(rows)
    return old.view("u8"), changed(old, case).view("u8")


def run(benchmark: Any, work: Callable[[Any, Any], int], old: Any, new: Any) -> int:
    """Each round on a shadow that has not seen the new values."""
    shadow = old.copy()

    def setup() -> tuple[tuple[Any, Any], dict[str, Any]]:
        shadow[:] = old
        return (shadow, new), {}

    found: int = benchmark.pedantic(work, setup=setup, rounds=ROUNDS, warmup_rounds=1)
    return found


@pytest.mark.parametrize("side", ["ours", "memcmp of equal arrays"])
@pytest.mark.parametrize("case", ["equal", "1 % contiguous", "1 % scattered"])
def test_beside_reading_both_arrays_once(benchmark: Any, case: str, side: str, rows: int) -> None:
    benchmark.group = f"changed ranges of {8 * rows:,} bytes beside reading them, {case}"
    old, new = bits(rows, case)
    if side == "ours":
        run(benchmark, by_ours, old, new)
    else:
        assert run(benchmark, by_memcmp, old, old.copy()) == 0


@pytest.mark.parametrize("side", ["ours", "numpy"])
@pytest.mark.parametrize("case", ["equal", "1 % contiguous", "1 % scattered"])
def test_beside_numpy(benchmark: Any, case: str, side: str, rows: int) -> None:
    benchmark.group = f"changed ranges found and copied in {8 * rows:,} bytes, {case}"
    old, new = bits(rows, case)
    work = by_ours if side == "ours" else by_numpy
    assert by_ours(old.copy(), new) == by_numpy(old.copy(), new)

    run(benchmark, work, old, new)

    tracemalloc.start()
    work(old, new)
    benchmark.extra_info["temporary bytes"] = peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    if side == "ours":
        assert peak < 17 * LIMIT  # the ranges; nothing of the column's size


@pytest.mark.parametrize("side", ["ours", "reading it once"])
def test_a_column_that_still_is_the_same_ramp(benchmark: Any, side: str, rows: int) -> None:
    benchmark.group = f"the same ramp of {rows:,} float64"
    values = np.arange(rows, dtype="f8")
    work = (lambda: count_ramp(values, 0.0, 1.0, 0)) if side == "ours" else values.sum

    benchmark.pedantic(work, rounds=ROUNDS, warmup_rounds=1)


@pytest.mark.parametrize("side", ["ours", "np.concatenate"])
@pytest.mark.parametrize("held", [10_000, 100_000, 1_000_000, 10_000_000])
def test_an_append_costs_its_own_rows(
    benchmark: Any, held: int, side: str, request: pytest.FixtureRequest
) -> None:
    held = held if request.config.getoption("benchmark_enable") else min(held, 100_000)
    benchmark.group = f"append 1,000 with rollover to {held:,} rows"
    rng = np.random.default_rng(1)
    values, added = rng.random(held), rng.random(1000)
    column = GrowingColumn(column_from(values))
    op = Op(OpCode.APPEND, start=held - 1000, count=1000, drop=1000, values=column_from(added))

    def by_concatenating() -> None:
        nonlocal values
        values = np.concatenate([values[1000:], added])

    work = (lambda: column.apply(op)) if side == "ours" else by_concatenating
    benchmark.pedantic(work, rounds=200, warmup_rounds=20)
    assert column.rows == held
