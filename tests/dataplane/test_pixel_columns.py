"""Values are where BokehJS draws them."""

from math import inf, nan
from typing import Any

import numpy as np
import pytest

from bokeh_wsgi.dataplane import PixelColumns, ScreenAxis


def places(axis: ScreenAxis, *values: float) -> list[float]:
    return [round(place, 9) for place in axis.compute(np.array(values)).tolist()]


def test_a_linear_axis_may_go_either_way() -> None:
    up, down = ScreenAxis("linear", 10, 20, 300, 0), ScreenAxis("linear", 20, 10, 300, 0)

    assert places(up, 10, 15, 20, 30) == [300, 150, 0, -300]
    assert places(down, 10, 15, 20) == [0, 150, 300]
    assert (up.start, up.end, up.descends, down.descends) == (0, 300, True, False)
    assert up.above == -inf


def test_a_log_axis_has_only_values_above_0() -> None:
    axis = ScreenAxis("log", 1, 1000, 0, 300)

    assert places(axis, 1, 10, 1000, 0.1) == [0, 100, 300, -100]
    assert np.isnan(axis.compute(np.array([0, -1, nan, inf]))).all()
    assert axis.above == 0


@pytest.mark.parametrize(
    ("source", "of_100"),
    [
        ((0, 100), 300),  # BokehJS then takes the part of the end's logarithm
        ((-5, 100), 300),
        ((5, 5), 300 * (2 - 0)),  # a range of one value is that of its power of ten
        ((0, 0), 600),
        ((-3, -2), 600),
        ((1000, 1000), -300),
        ((1, 0), 0),
        ((0, 1), 0),
    ],
)
def test_a_log_axis_has_a_range_of_its_own_if_it_was_given_none(
    source: tuple[float, float], of_100: float
) -> None:
    assert places(ScreenAxis("log", *source, 0, 300), 100) == [of_100]


def test_columns_of_pixels_begin_half_a_pixel_early() -> None:
    columns = PixelColumns(ScreenAxis("linear", 0, 10, 0, 10), 1)

    assert columns.of(np.array([-0.6, -0.5, 0.4, 0.5, 9.5, nan])).tolist()[:5] == [-1, 0, 0, 1, 10]
    assert (columns.first, columns.last, columns.count) == (0, 10, 11)
    finer = PixelColumns(columns.axis, 2.5)
    assert (finer.first, finer.last, finer.count) == (1, 26, 26)


def test_places_are_rounded_to_32_bits() -> None:
    columns = PixelColumns(ScreenAxis("linear", 0, 1, 0, 1), 1)

    assert columns.of(np.array([0.5 - 1e-9, 0.5 - 1e-7])).tolist() == [1, 0]
    assert columns.of(np.array([1e300, -1e300])).tolist() == [inf, -inf]


@pytest.mark.parametrize(
    "numbers",
    [
        ("linear", 1, 1, 0, 10), ("linear", 0, nan, 0, 10), ("linear", 0, 1, 0, inf),
        ("linear", 0, 1, 0, 1e10), ("linear", 0, 5e-324, 0, 10), ("log", 0, inf, 0, 10), ("sine", 0, 1, 0, 1),
    ],
)  # fmt: skip
def test_an_axis_on_which_nothing_has_a_place_is_an_error(numbers: Any) -> None:
    with pytest.raises(ValueError, match="axis"):
        ScreenAxis(*numbers)


@pytest.mark.parametrize("ratio", [0, -1, nan, inf])
def test_a_pixel_has_columns(ratio: float) -> None:
    with pytest.raises(ValueError, match="columns"):
        PixelColumns(ScreenAxis("linear", 0, 1, 0, 1), ratio)
