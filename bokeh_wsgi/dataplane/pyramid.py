"""`Pyramid`: finds the extremes of any rows of a long column without reading all of them."""

from math import inf
from typing import Final, NamedTuple

import numpy as np

from . import kernels
from ._reference import FAN_OUT, LEAF
from .kernels import Array

LEVELS: Final = 10
"""The last one is always empty: nobody has 4e12 rows."""
SIZES: Final = LEAF * FAN_OUT ** np.arange(LEVELS, dtype=np.int64)
"""Rows of a node, by its level."""
OFFSET, BASE, FIRST, END = range(4)
ROOM: Final = 4
"""Room to grow is 1/ROOM of the rows."""
NUMBERS: Final = frozenset(map(np.dtype, ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "f4", "f8")))


class Extremes(NamedTuple):
    """Lowest and highest finite value of some rows, and the first row that has each.

    ``has_gap``: whether a row is no finite number. If none is one: infinity, minus infinity, -1 and -1.
    """

    low: float
    high: float
    low_row: int
    high_row: int
    has_gap: bool


class Nodes(NamedTuple):
    """The nodes of all levels, one level after the other.

    ``pairs``: float64 (n, 2), lowest and highest value of each node; infinity, minus infinity: it has none.
    ``places``: uint8 (n, 2), where in the node they are: a row of a leaf, a child of another node. The first
    has the bit 0x80, too, if the node has a gap.
    ``levels``: int64 (LEVELS, 4), of each level the position in these arrays of node number BASE, BASE, and
    the numbers [FIRST, END) of the nodes that are computed: those whose rows are all there.
    """

    pairs: Array
    places: Array
    levels: Array


class Pyramid:
    """Lowest and highest values of the blocks of a column: 64 rows a leaf, 16 nodes in each node above.

    For `line_rows`, which is M4 (Jugel, Jerzak, Hackenbroich, Markl: M4: A Visualization-Oriented Time Series
    Data Aggregation, PVLDB 7(10), 2014). The page has the same in browser/src/long/pyramid.ts.

    The values are a one-dimensional contiguous array of float64, float32, int64, or integers of 8 to 32
    bits, in the machine's byte order; anything else is a ValueError. The array is kept, not copied. Values
    are compared as float64, in which integers beyond 2**53 are rounded; of equal ones the first row counts.
    What is no finite number is a gap.

    Rows have numbers that stay when rows are dropped at the front: ``values[i]`` is row ``first + i``. Rows
    [first, end) are there; to ask for others is a ValueError.

    The time to find extremes grows with the logarithm of the number of rows; a change takes time proportional
    to the rows that changed. The nodes take less than half a byte a row. Not thread-safe.
    """

    def __init__(self, values: Array) -> None:
        self.restart(values)

    def restart(self, values: Array) -> None:
        """Take the values as they are now: all are new, and the first is row 0."""
        self.values = checked_numbers(values)
        self.first, self.end = 0, len(values)
        self._nodes = self._new_nodes()
        self._compute(0, self.end)

    def move(self, values: Array, dropped: int) -> None:
        """Take the values as they are now: ``dropped`` rows went at the front, others came at the end."""
        if dropped < 0:
            raise ValueError("rows that were dropped don't come back")
        self.values = checked_numbers(values)
        old_end, rows = self.end, len(values)
        self.first += dropped
        self.end = self.first + rows
        if self.end <= self._room_end <= self._room_start + rows + rows // 2 + 4 * LEAF:
            self._nodes.levels[:, FIRST:] = _bounds(self.first, self.end)
        else:
            old, self._nodes = self._nodes, self._new_nodes()
            _copy(old, self._nodes)
        self._compute(max(old_end, self.first), self.end)

    def written(self, from_row: int, to_row: int) -> None:
        """Rows [from_row, to_row) were overwritten in the array; rows that are not there do not matter."""
        self._compute(max(from_row, self.first), min(to_row, self.end))

    def extremes(self, from_row: int, to_row: int) -> Extremes:
        """The extremes of rows [from_row, to_row)."""
        low, high, has_gap = self.extreme_rows(np.array([from_row, to_row]))[0].tolist()
        if low < 0:
            return Extremes(inf, -inf, -1, -1, bool(has_gap))
        lowest, highest = (float(self.values[row - self.first]) for row in (low, high))
        return Extremes(lowest, highest, low, high, bool(has_gap))

    def extreme_rows(self, ends: Array) -> Array:
        """Where the extremes of rows [ends[i], ends[i + 1]) are, for each i.

        ``ends``: int64, ascending. Returns int64 (len(ends) - 1, 3): the first row of the lowest value, the
        first row of the highest, both -1 if there is none, and 1 if there is a gap.
        """
        self._check(ends[0], ends[-1])
        if (ends[1:] < ends[:-1]).any():
            raise ValueError("the rows don't ascend")
        rows = np.empty((len(ends) - 1, 3), dtype=np.int64)
        kernels.extreme_rows(self.values, *self._nodes, self.first, ends, rows)
        return rows

    def next_gap(self, from_row: int, to_row: int) -> int:
        """The first row of [from_row, to_row) that is no finite number; ``to_row`` if there is none."""
        self._check(from_row, to_row)
        return kernels.next_row(self.values, *self._nodes, self.first, from_row, to_row, False)

    def next_finite(self, from_row: int, to_row: int) -> int:
        """The first row of [from_row, to_row) that is a finite number; ``to_row`` if there is none."""
        self._check(from_row, to_row)
        return kernels.next_row(self.values, *self._nodes, self.first, from_row, to_row, True)

    def last_finite(self, from_row: int, to_row: int) -> int:
        """The last row of [from_row, to_row) that is a finite number; ``from_row - 1`` if there is none."""
        self._check(from_row, to_row)
        return kernels.last_finite(self.values, *self._nodes, self.first, from_row, to_row)

    @property
    def nbytes(self) -> int:
        """Bytes of the nodes, with their room to grow."""
        return sum(array.nbytes for array in self._nodes)

    def _check(self, from_row: int, to_row: int) -> None:
        if not self.first <= from_row <= to_row <= self.end:
            raise ValueError(f"rows {from_row} to {to_row} are not all among {self.first} to {self.end}")

    def _compute(self, from_row: int, to_row: int) -> None:
        """Compute the nodes that have rows of these."""
        if from_row < to_row:
            kernels.compute_levels(self.values, *self._nodes, self.first, from_row, to_row)

    def _new_nodes(self) -> Nodes:
        """Room for the nodes of all rows, and of some more; none is computed."""
        rows = self.end - self.first
        room = rows + rows // ROOM + LEAF
        self._room_start, self._room_end = self.first, self.first + room
        counts = room // SIZES
        offsets = np.cumsum(counts) - counts
        first, end = _bounds(self.first, self.end).T
        size = int(counts.sum())
        levels = np.stack([offsets, first, first, end], axis=1)
        return Nodes(np.empty((size, 2)), np.empty((size, 2), dtype=np.uint8), levels)


def _bounds(first_row: int, end_row: int) -> Array:
    """Of each level, the numbers [first, end) of the nodes that have only such rows; int64 (LEVELS, 2)."""
    first, end = -(-first_row // SIZES), end_row // SIZES
    return np.stack([first, np.maximum(first, end)], axis=1)


def _copy(old: Nodes, new: Nodes) -> None:
    """Copy the nodes that both have."""
    for (offset, base, _, old_end), (to, first, _, end) in zip(
        old.levels.tolist(), new.levels.tolist(), strict=True
    ):
        count = max(0, min(old_end, end) - first)
        at = offset + first - base
        new.pairs[to : to + count] = old.pairs[at : at + count]
        new.places[to : to + count] = old.places[at : at + count]


def checked_numbers(values: Array) -> Array:
    """The array, if it is one that a pyramid takes; else a ValueError."""
    if values.dtype not in NUMBERS or values.ndim != 1 or not values.flags.c_contiguous:
        raise ValueError(
            f"not a contiguous array of the numbers of columns: {values.dtype}, {values.ndim} dimensions"
        )
    return values
