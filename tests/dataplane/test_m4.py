"""The rows of a view paint the picture of all rows; the compiled kernels choose those of the numpy ones."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bokeh_wsgi.dataplane import PixelColumns, Pyramid, ScreenAxis, _m4_reference, kernels, line_rows, m4
from tests.effort import tries

from .line_cases import Case, after, axis_of, cases, is_clear, rows_of
from .test_pyramid import columns

Array = np.ndarray[Any, Any]
View = tuple[Array, Array, PixelColumns, ScreenAxis]
WIDTH, HEIGHT = 60, 40
CASES = list(cases())


def by_the_reference(case: Case) -> Array:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(m4, "kernels", _m4_reference)
        return rows_of(case)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_both_implementations_choose_the_rows_of_the_golden_cases(case: Case) -> None:
    x, y = after(case)
    assert is_clear(x, PixelColumns(axis_of(case["columns"]), case["ratio"]))
    assert is_clear(y, PixelColumns(axis_of(case["axis"]), case["ratio"]))

    assert rows_of(case).tolist() == by_the_reference(case).tolist()


@st.composite
def views(draw: st.DrawFn) -> View:
    """Two columns, the frame's pixels along the first, and the axis of the second."""
    y = draw(columns(2000))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    steps = rng.integers(0, draw(st.sampled_from([2, 3, 40])), len(y))
    x = (steps.cumsum() / draw(st.sampled_from([1, 8]))).astype(draw(st.sampled_from(["f8", "f4", "i4"])))
    start, end = (draw(st.floats(-0.2, 1.2)) * (float(x[-1]) if len(x) else 1) for _ in "ab")
    assume(abs(start - end) > 1e-9)
    target = draw(st.sampled_from([(0.0, WIDTH), (WIDTH, 0.0)]))
    linears = [ScreenAxis("linear", low, high, HEIGHT, 0) for low, high in ((-1, 101), (90, 20))]
    axis = draw(st.sampled_from([*linears, ScreenAxis("log", 0.5, 200, HEIGHT, 0)]))
    return x, y, PixelColumns(ScreenAxis("linear", start, end, *target), 1), axis


@settings(max_examples=tries(200, full=2000), deadline=None)
@given(views(), st.sampled_from([1, 1.5, 4]), st.sampled_from([0, 10, 50]), st.floats(0, 1), st.floats(0, 1))
def test_both_implementations_choose_the_same_rows(
    view: View, ratio: float, fewest: float, a: float, b: float
) -> None:
    x, y, pixels, axis = view
    start, end = sorted((int(a * len(x)), int(b * len(x))))
    pixels = PixelColumns(pixels.axis, ratio)
    assume(is_clear(y, PixelColumns(axis, ratio)))

    def choose() -> list[int]:
        rows = line_rows(x, Pyramid(y), pixels, axis, from_row=start, to_row=end, fewest=fewest)
        assert rows.dtype == np.int64
        return list(map(int, rows))

    compiled = choose()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(m4, "kernels", _m4_reference)
        assert compiled == choose()
    assert set(compiled) <= {-1, *range(start, end)}


def screen(axis: ScreenAxis, values: Array) -> list[float]:
    with np.errstate(all="ignore"):
        return axis.compute(values).astype(np.float32).astype(np.float64).tolist()  # type: ignore[no-any-return]


def painted(sx: list[float], sy: list[float], rows: Iterable[int]) -> set[tuple[int, int]]:
    """The pixels of a line without antialiasing: in each column those between the ends of its parts in it.

    Of columns in the frame, without the outermost. A negative row is a break.
    """
    pixels = set()
    before: tuple[float, float] | None = None
    for row in rows:
        point = (sx[row], sy[row]) if row >= 0 else (np.nan, np.nan)
        if not np.isfinite(point).all():
            before = None
            continue
        if before is not None:
            pixels |= set(_of_segment(*sorted([before, point], key=lambda end: end[0])))
        before = point
    return pixels


def _of_segment(left: tuple[float, float], right: tuple[float, float]) -> Iterable[tuple[int, int]]:
    (x0, y0), (x1, y1) = left, right
    for column in range(max(1, _pixel(x0)), min(WIDTH - 1, _pixel(x1)) + 1):
        ends = [y0, y1]
        if x0 != x1:
            edges = (min(x1, max(x0, column + by)) for by in (-0.5, 0.5))
            ends = [y0 + (x - x0) / (x1 - x0) * (y1 - y0) for x in edges]
        ends += [y for x, y in (left, right) if _pixel(x) == column]
        low, high = max(-1, min(map(_pixel, ends))), min(HEIGHT + 1, max(map(_pixel, ends)))
        for pixel in range(low, high + 1):
            yield column, pixel


def _pixel(at: float) -> int:
    return int(np.floor(at + 0.5))


@settings(max_examples=tries(60, full=1000), deadline=None)
@given(views())
def test_the_rows_of_a_view_paint_what_all_rows_paint(view: View) -> None:
    x, y, pixels, axis = view
    sx, sy = screen(pixels.axis, x), screen(axis, y)

    rows = line_rows(x, Pyramid(y), pixels, axis)

    assert painted(sx, sy, rows.tolist()) == painted(sx, sy, range(len(x)))


def linear(start: float, end: float, target: float = WIDTH) -> ScreenAxis:
    return ScreenAxis("linear", start, end, 0, target)


def test_a_column_of_pixels_has_its_first_lowest_highest_and_last_row() -> None:
    y = np.array([5, 2, 1, 3, 7, 9, 8, 9, 6, 5, 5, 3, 0, 2, 4, 6, 7, 6])
    x = np.repeat([10, 11], [9, 9])

    rows = line_rows(x, Pyramid(y), PixelColumns(linear(0, WIDTH), 1), linear(0, 10))

    assert rows.tolist() == [0, 2, 5, 8, 9, 12, 16, 17]


def test_the_rows_on_both_sides_of_a_step_are_there() -> None:
    y = np.array([4, 4, 4, 4, 0, 0, 0, 1, 1, 9, 1, 1, 1, 1])
    x = np.repeat([10, 11], [7, 7])

    rows = line_rows(x, Pyramid(y), PixelColumns(linear(0, WIDTH), 1), linear(0, 10))

    assert rows.tolist() == [0, 3, 4, 6, 7, 8, 9, 10, 13]


def test_the_rows_next_to_the_frame_are_there_and_no_others() -> None:
    x = np.arange(100_000.0)
    rows = line_rows(x, Pyramid(x % 7), PixelColumns(linear(20_000, 50_000), 1), linear(0, 10))

    assert len(rows) <= 4 * (WIDTH + 1) + 2
    assert rows[0] < 20_000 - 250 <= rows[1]
    assert rows[-2] < 50_000 + 250 <= rows[-1]


def test_a_few_rows_are_all_there() -> None:
    x = np.arange(1000.0)
    pixels = PixelColumns(linear(100.5, 150.5, 2), 1)

    assert line_rows(x, Pyramid(x), pixels, linear(0, 1), fewest=100).tolist() == list(range(87, 164))
    assert len(line_rows(x, Pyramid(x), pixels, linear(0, 1), fewest=70)) < 15


def test_a_log_axis_breaks_the_line_where_it_has_no_values() -> None:
    y = np.array([3.0, 1, 2, 0, 4, 5, -1, 2, 3, 1])
    pixels = PixelColumns(linear(0, 100), 1)

    rows = line_rows(np.zeros(10), Pyramid(y), pixels, ScreenAxis("log", 1, 10, 0, 100))

    assert rows.tolist() == [0, 1, 2, -1, 4, 5, -1, 7, 8, 9]


def test_no_rows_are_no_rows() -> None:
    rows = line_rows(np.zeros(0), Pyramid(np.zeros(0)), PixelColumns(linear(0, 1), 1), linear(0, 1))

    assert rows.tolist() == []
    assert rows.dtype == np.int64


def test_many_parts_have_room() -> None:
    """Each column of pixels has thousands of parts, none of which touches another."""
    part, place = np.divmod(np.arange(60_000), 3)
    y = np.where(place, part * 7919 % 20_011 * 10 + place, np.nan)
    pixels, axis = PixelColumns(linear(0, 60_000, 2), 1), linear(0, 1)

    rows = line_rows(np.arange(60_000), Pyramid(y), pixels, axis)

    assert len(rows) > 50_000
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(m4, "kernels", _m4_reference)
        assert np.array_equal(rows, line_rows(np.arange(60_000), Pyramid(y), pixels, axis))


@pytest.mark.parametrize("module", [kernels, _m4_reference])
def test_a_column_that_does_not_ascend_is_no_danger(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(m4, "kernels", module)
    rng = np.random.default_rng(1)
    chosen = set()
    for start in range(0, 1000, 20):
        x = rng.permutation(1000)
        with suppress(ValueError):
            chosen |= set(
                line_rows(x, Pyramid(x), PixelColumns(linear(start, 800), 1), linear(0, 1)).tolist()
            )
    assert len(chosen) > 10
    assert chosen <= set(range(1000))


@pytest.mark.parametrize(
    "change",
    [{"from_row": -1}, {"to_row": 101}, {"from_row": 50, "to_row": 49}, {"sorted_column": np.zeros(99)}],
)
def test_rows_that_are_not_there_are_an_error(change: dict[str, Any]) -> None:
    given: dict[str, Any] = {"sorted_column": np.zeros(100), "values": Pyramid(np.zeros(100))}
    with pytest.raises(ValueError, match="rows"):
        line_rows(**{**given, "columns": PixelColumns(linear(0, 1), 1), "axis": linear(0, 1), **change})


def test_a_sorted_column_of_other_values_is_an_error() -> None:
    with pytest.raises(ValueError, match="contiguous"):
        line_rows(np.zeros(200)[::2], Pyramid(np.zeros(100)), PixelColumns(linear(0, 1), 1), linear(0, 1))
