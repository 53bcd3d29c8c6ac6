"""The kernels of `line_rows` in numpy: simple versions, for the tests and if nothing could be compiled."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from ._reference import Array
from .pixel_columns import PixelColumns

FEW: Final = 4
"""So many rows of a column of pixels are all drawn."""
MAX_PARTS: Final = 8
"""Of more parts between gaps in a column of pixels, those that touch each other are drawn as one."""
BREAK: Final = -1


class Part(NamedTuple):
    """Positions [start, end) without a gap, and the first that have the lowest and the highest value."""

    start: int
    end: int
    low: int
    high: int


def rows_in(sorted_column: Array, columns: PixelColumns) -> tuple[int, int]:
    """The positions [start, end) of the values of an ascending array that are in the frame."""
    at = columns.of(sorted_column)
    if columns.axis.descends:
        return _first(at <= columns.last), _first(at < columns.first)
    return _first(at >= columns.first), _first(at > columns.last)


def _first(where: Array) -> int:
    """The first position that is true; the length if there is none."""
    return int(np.argmax(where)) if where.any() else len(where)


def column_ends(sorted_column: Array, columns: PixelColumns, start: int, end: int) -> Array:
    """Where the columns of pixels of the positions [start, end) begin, and the end of the last; int64.

    All are in the frame. ValueError if there are more columns than in the frame: the values do not ascend.
    """
    at = columns.of(sorted_column[start:end])
    begins = start + np.flatnonzero(np.diff(at, prepend=np.nan))
    if len(begins) > columns.count:
        raise ValueError("the column does not ascend")
    return np.append(begins, [end] if len(begins) else [start])


def choose_rows(values: Array, ends: Array, extremes: Array, across: PixelColumns) -> Array:
    """The positions in an array that paint it as all do, with -1 where the line breaks; int64.

    The positions [ends[i], ends[i + 1]) are in one column of pixels. ``extremes``: those of each, as from
    `Pyramid.extreme_rows`, but positions. ``across``: the pixels along the axis of the values.
    """
    chosen: list[int] = []
    spans = zip(ends[:-1].tolist(), ends[1:].tolist(), extremes.tolist(), strict=True)
    for start, end, (low, high, has_gap) in spans:
        if end - start <= FEW:
            chosen += range(start, end)
        elif has_gap or values[low] <= across.axis.above:
            chosen += _rows_of_parts(values, start, end, across)
        else:
            chosen += _rows_of(values, Part(start, end, low, high))
    return np.array(chosen, dtype=np.int64)


def _rows_of(values: Array, part: Part) -> Iterator[int]:
    """The first, those in between in order, and the last."""
    first, last = part.start, part.end - 1
    yield first
    yield from sorted({row for row in _extremes(values, part.low, part.high) if first < row < last})
    if last != first:
        yield last


def _extremes(values: Array, low: int, high: int) -> Iterator[int]:
    """The lowest and the highest row, and steps: those beside them that are nearer to the other."""
    least, most = float(values[low]), float(values[high])
    middle = least + (most - least) / 2
    yield from (low, high)
    for row in (low - 1, low + 1):
        if 0 <= row < len(values) and middle < values[row] <= most:
            yield row
    for row in (high - 1, high + 1):
        if 0 <= row < len(values) and least <= values[row] < middle:
            yield row


def _rows_of_parts(values: Array, start: int, end: int, across: PixelColumns) -> Iterator[int]:
    """Each part between gaps, and a break before and after it."""
    parts = list(_parts(values, start, end, across.axis.above))
    if not parts or parts[0].start > start:
        yield BREAK
    last = parts[-1] if parts else None
    if len(parts) > MAX_PARTS:
        parts = [parts[0], *_merged(values, parts[1:-1], across), parts[-1]]
    for part in parts:
        yield from _rows_of(values, part)
        if part is not last or part.end < end:
            yield BREAK


def _parts(values: Array, start: int, end: int, above: float) -> Iterator[Part]:
    numbers = values[start:end].astype(np.float64)
    drawn = np.isfinite(numbers) & (numbers > above)
    edges = np.flatnonzero(np.diff(drawn, prepend=False, append=False)).tolist()
    for a, b in zip(edges[::2], edges[1::2], strict=True):
        low, high = int(np.argmin(numbers[a:b])), int(np.argmax(numbers[a:b]))
        yield Part(start + a, start + b, start + a + low, start + a + high)


def _merged(values: Array, parts: list[Part], across: PixelColumns) -> Iterator[Part]:
    """Make those that touch one: they are upright lines in the same column of pixels."""
    long = [part for part in parts if part.end - part.start > 1]
    rows = np.array([(part.low, part.high) for part in long], dtype=np.int64).reshape(-1)
    numbers = dict(zip(rows.tolist(), values[rows].astype(np.float64).tolist(), strict=True))
    spans = np.sort(across.of(values[rows]).reshape(-1, 2), axis=1)
    low = high = BREAK
    bottom = -np.inf
    for i in np.argsort(spans[:, 0], kind="stable").tolist():
        part, (top, lowest) = long[i], spans[i].tolist()
        if low != BREAK and top <= bottom + 1:
            low = part.low if numbers[part.low] < numbers[low] else low
            high = part.high if numbers[part.high] > numbers[high] else high
            bottom = max(bottom, lowest)
            continue
        if low != BREAK:
            yield Part(low, high + 1, low, high)
        low, high, bottom = part.low, part.high, lowest
    if low != BREAK:
        yield Part(low, high + 1, low, high)
