"""Rows of a view of a long line beside M4 in numpy, which reads all rows; processor time of one thread."""

import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from bokeh_wsgi.dataplane import PixelColumns, Pyramid, ScreenAxis, line_rows

Array = np.ndarray[Any, Any]
COLUMNS = 1226
ROUNDS = 60
SIZES = [1_000_000, 10_000_000]
ADDED = 1000

pytestmark = pytest.mark.benchmark(timer=time.thread_time)


@pytest.fixture(scope="module", params=SIZES, ids=lambda rows: f"{rows:,} rows")
def line(request: pytest.FixtureRequest, quick: bool) -> tuple[Array, Array, Pyramid]:
    """A walk; a short one where nothing is timed."""
    rows = 20_000 if quick else request.param
    y = np.random.default_rng(1).standard_normal(rows).cumsum()
    return np.arange(float(rows)), y, Pyramid(y)


def frame(start: float, width: float) -> PixelColumns:
    return PixelColumns(ScreenAxis("linear", start, start + width, 0, COLUMNS - 1), 1)


def by_ours(x: Array, pyramid: Pyramid, pixels: PixelColumns) -> Array:
    return line_rows(x, pyramid, pixels, ScreenAxis("linear", -1000, 1000, 600, 0))


def by_numpy(x: Array, y: Array, pixels: PixelColumns) -> Array:
    """Each column's first, lowest, highest and last row, in order, by argmin and argmax."""
    axis = pixels.axis
    edges = np.arange(COLUMNS + 1) - 0.5
    ends = np.searchsorted(
        x, axis.source_start + edges * (axis.source_end - axis.source_start) / axis.target_end
    )
    chosen = []
    for a, b in pairwise(ends.tolist()):
        if b - a > 4:
            part = y[a:b]
            rows = [a, a + int(part.argmin()), a + int(part.argmax()), b - 1]
            chosen += sorted(set(rows))
        else:
            chosen += range(a, b)
    return np.array(chosen, dtype=np.int64)


@pytest.mark.parametrize("side", ["ours", "numpy"])
@pytest.mark.parametrize("part", [1, 0.1, 0.001])
def test_a_view(
    benchmark: Any, line: tuple[Array, Array, Pyramid], part: float, side: str, quick: bool
) -> None:
    x, y, pyramid = line
    rows = len(x)
    benchmark.group = f"{part:.1%} of {rows:,} rows in {COLUMNS:,} columns of pixels"
    rng = np.random.default_rng(2)
    width = rows * part

    def setup() -> tuple[tuple[PixelColumns], dict[str, Any]]:
        """Another place each time."""
        return (frame(rng.random() * (rows - width) if part < 1 else rng.random(), width),), {}

    work: Callable[[PixelColumns], Array] = (
        (lambda pixels: by_ours(x, pyramid, pixels))
        if side == "ours"
        else (lambda pixels: by_numpy(x, y, pixels))
    )
    (pixels,), _ = setup()
    ours, theirs = by_ours(x, pyramid, pixels), by_numpy(x, y, pixels)
    # Places are rounded to 32 bits: rows at the edge of a pixel may be in the next one, extremes hardly are.
    assert len(np.intersect1d(ours, theirs)) > 0.45 * len(theirs)
    benchmark.extra_info["rows"] = len(ours)
    benchmark.pedantic(work, setup=setup, rounds=3 if quick else ROUNDS, warmup_rounds=1)


@pytest.mark.parametrize("side", ["ours", "reading it twice"])
def test_a_new_pyramid(benchmark: Any, line: tuple[Array, Array, Pyramid], side: str) -> None:
    _, y, pyramid = line
    benchmark.group = f"a pyramid of {len(y):,} float64, beside their least and largest value by numpy"
    benchmark.extra_info["bytes a row"] = pyramid.nbytes / len(y)
    work = (lambda: Pyramid(y)) if side == "ours" else (lambda: (y.min(), y.max()))
    benchmark.pedantic(work, rounds=9, warmup_rounds=1)


@pytest.mark.parametrize("side", ["ours", "reading them twice"])
def test_an_append_costs_its_own_rows(benchmark: Any, line: tuple[Array, Array, Pyramid], side: str) -> None:
    """The column's memory has room; the pyramid takes the new rows in, and those that are dropped out."""
    _, y, _ = line
    rows = len(y) // 2
    benchmark.group = (
        f"{ADDED:,} rows appended with rollover to {rows:,}, beside their least and largest value"
    )
    pyramid = Pyramid(y[:rows])
    starts = iter(range(0, rows - ADDED, ADDED))

    def ours() -> None:
        start = next(starts) + ADDED
        pyramid.move(y[start : start + rows], ADDED)

    def reading() -> None:
        added = y[next(starts) :][:ADDED]
        added.min(), added.max()

    work = ours if side == "ours" else reading
    benchmark.pedantic(work, rounds=min(200, rows // ADDED - 4), warmup_rounds=2)
