"""`line_rows`: the few rows of a long line that paint the same picture as all of them."""

from typing import Final

import numpy as np

from . import kernels
from .kernels import Array
from .pixel_columns import PixelColumns, ScreenAxis
from .pyramid import Pyramid, checked_numbers

NO_ROWS: Final = np.arange(0)


def line_rows(
    sorted_column: Array,
    values: Pyramid,
    columns: PixelColumns,
    axis: ScreenAxis,
    *,
    from_row: int = 0,
    to_row: int | None = None,
    fewest: float = 0,
) -> Array:
    """Choose rows of a line that paint the same picture as all of them, without antialiasing.

    In each column of pixels these are the first, the lowest, the highest and the last row (M4: Jugel,
    Jerzak, Hackenbroich, Markl: A Visualization-Oriented Time Series Data Aggregation, PVLDB 7(10), 2014);
    here also the rows next to the frame and to gaps, and both sides of steps. LineRows in
    browser/src/long/line-rows.ts chooses the same rows, with the same arithmetic. Only logarithms may differ
    in the last bit, which matters at the very edge of a pixel.

    ``sorted_column``: the coordinates along one axis; an array as of a `Pyramid`, and as long. They must
    ascend and have no gaps; else the rows are any, or it is a ValueError.
    ``values``: the pyramid of the coordinates along the other axis.
    ``columns``: the columns of pixels of the frame, along the axis of ``sorted_column``.
    ``axis``: that of the values. Values that it does not have, as 0 on a log axis, are gaps.
    ``from_row``, ``to_row``: only rows [from_row, to_row) are drawn; all if they are left out.
    ``fewest``: if the frame has no more rows than that, they are all chosen.

    Returns int64: positions in the arrays, in the order in which they are drawn, and -1 where the line
    breaks. A column of pixels without gaps has at most four. Raises ValueError for rows that are not there.
    Takes time proportional to the number of columns of pixels, and to the number of rows in those that have
    gaps.
    """
    rows = len(values.values)
    to_row = rows if to_row is None else to_row
    if len(sorted_column) != rows or not 0 <= from_row <= to_row <= rows:
        raise ValueError("the columns differ in length, or rows are not there")
    start, end = kernels.rows_in(checked_numbers(sorted_column), columns)
    before = np.arange(start - 1, start) if start > from_row else NO_ROWS
    after = np.arange(end, end + 1) if end < to_row else NO_ROWS
    start, end = max(start, from_row), min(end, to_row)
    if end - start <= fewest:
        return np.arange(max(from_row, start - 1), min(to_row, end + 1))
    ends = kernels.column_ends(sorted_column, columns, start, end)
    extremes = values.extreme_rows(ends + values.first)
    extremes[:, :2] -= values.first
    chosen = kernels.choose_rows(values.values, ends, extremes, PixelColumns(axis, columns.ratio))
    return np.concatenate([before, chosen, after])
