"""Which rows of two columns of one layout and length differ, found only as far as it is worth knowing."""

from collections.abc import Callable
from typing import Final, Protocol

import numpy as np

from .columns import Array, Column, bits
from .kernels import sweep

OP_BYTES: Final = 2048
"""What one more op costs to encode, send and apply, in bytes of values; nearer ranges are merged."""
MAX_OPS: Final = 2048
MANY: Final = 1 << 60
PROBES: Final = 64
MOST: Final = 0.8
"""Where more of the probed places differ than this share, writes would cost nearly as much as the whole."""


class Comparison(Protocol):
    """Changed rows, near ranges merged. Goes on from where it stopped."""

    def costs_at_most(self, nbytes: float, *, few: int = MANY, small: int = 0, refresh: bool = False) -> bool:
        """Whether writing what differs costs no more than ``nbytes``; and, if over ``few`` ranges, ``small``.

        With ``refresh``, wherever it looked, the old values become the new ones.
        """

    @property
    def ranges(self) -> Array:
        """Start and stop of each range of rows, once it ``costs_at_most`` something."""

    @property
    def refreshed(self) -> int:
        """Number of items from the first on that became the new ones."""


def compare(old: Column, new: Column) -> Comparison | None:
    """None if the rows can't be compared in place, or a look at a few places says that it would not pay."""
    if old.rows != new.rows:
        return None
    if old.is_fixed and old.validity is None and new.validity is None:
        found = Sweep(old.data, new.data, new.items_per_cell)
        return None if found.mostly_differs() else found
    return _compare_rows(old, new)


class Sweep:
    """A comparison of columns whose rows all have the same size and are there."""

    def __init__(self, old: Array, new: Array, items_per_row: int) -> None:
        self._old, self._new = bits(old), bits(new)
        self._items_per_row = items_per_row
        self._pairs = np.empty((MAX_OPS, 2), dtype=np.int64)
        self._found = self._at = 0
        self.refreshed = 0

    def mostly_differs(self) -> bool:
        step = len(self._old) // PROBES
        if step < 16:
            return False
        places = slice(step // 2, None, step)
        return bool(np.count_nonzero(self._old[places] != self._new[places]) > MOST * PROBES)

    def costs_at_most(self, nbytes: float, *, few: int = MANY, small: int = 0, refresh: bool = False) -> bool:
        size = self._old.itemsize
        gap = OP_BYTES // size
        large, small = (int(min(limit, MANY)) // size for limit in (nbytes, small))
        self._found, self._at = sweep(
            self._old, self._new, self._pairs, self._found, self._at, gap, few, small, large, refresh
        )
        if refresh:
            self.refreshed = self._at
        pairs = self._pairs[: self._found]
        cost = int((pairs[:, 1] - pairs[:, 0]).sum()) + (self._found - 1) * gap
        return self._at == len(self._old) and cost <= large and (cost <= small or self._found <= few)

    @property
    def ranges(self) -> Array:
        pairs, cell = self._pairs[: self._found].copy(), self._items_per_row
        return (
            pairs if cell == 1 else _merged(np.stack([pairs[:, 0] // cell, -(-pairs[:, 1] // cell)], axis=1))
        )


class Known:
    """A comparison that was made already."""

    refreshed = 0

    def __init__(self, ranges: Array, bytes_per_row: float) -> None:
        self.ranges = ranges
        covered = int((ranges[:, 1] - ranges[:, 0]).sum()) * bytes_per_row
        self._cost = covered + max(len(ranges) - 1, 0) * OP_BYTES

    def costs_at_most(self, nbytes: float, *, few: int = MANY, small: int = 0, refresh: bool = False) -> bool:
        return self._cost <= nbytes and (self._cost <= small or len(self.ranges) <= few)


def _compare_rows(old: Column, new: Column) -> Known | None:
    """Of columns whose rows vary in size, or may be None."""
    if all(map(np.array_equal, old.offsets, new.offsets)):
        ranges = _changed_in_place(old, new)
    else:
        ranges = _changed_middle(old, new)
    if ranges is not None and not (old.validity is None and new.validity is None):
        there = Sweep(old.valid_rows(), new.valid_rows(), 1)
        ranges = _merged(np.concatenate([ranges, there.ranges])) if there.costs_at_most(MANY) else None
    return None if ranges is None else Known(ranges, new.nbytes / max(new.rows, 1))


def _changed_in_place(old: Column, new: Column) -> Array | None:
    """Of columns whose rows have the same lengths."""
    found = Sweep(old.data, new.data, new.items_per_cell if new.is_fixed else 1)
    if found.mostly_differs() or not found.costs_at_most(MANY):
        return None
    ranges = found.ranges
    if new.is_fixed or not len(ranges):
        return ranges
    ends = new.row_ends()
    starts = np.searchsorted(ends, ranges[:, 0], side="right") - 1
    return _merged(np.stack([starts, np.searchsorted(ends, ranges[:, 1])], axis=1))


def _merged(ranges: Array) -> Array:
    """Sorted, with those that overlap or touch joined."""
    if not len(ranges):
        return ranges
    ranges = ranges[np.argsort(ranges[:, 0], kind="stable")]
    stops = np.maximum.accumulate(ranges[:, 1])
    first = np.concatenate([[True], ranges[1:, 0] > stops[:-1]])
    last = np.concatenate([first[1:], [True]])
    return np.stack([ranges[first, 0], stops[last]], axis=1)


def _changed_middle(old: Column, new: Column) -> Array:
    """One range: what is left after the rows that are equal at both ends."""
    rows = new.rows
    head = _count_equal(rows, lambda lo, hi: old.slice(lo, hi).equals(new.slice(lo, hi)))
    tail = _count_equal(
        rows - head, lambda lo, hi: old.slice(rows - hi, rows - lo).equals(new.slice(rows - hi, rows - lo))
    )
    return np.array([[head, rows - tail]], dtype=np.int64)


def _count_equal(rows: int, same: Callable[[int, int], bool]) -> int:
    """How many rows in a row are the same; by halves, each looked at once or twice."""
    lo, hi = 0, rows
    while lo < hi:
        middle = (lo + hi + 1) // 2
        lo, hi = (middle, hi) if same(lo, middle) else (lo, middle - 1)
    return lo
