"""Rows that moved to the front: finds how many were dropped, so that only the new ones travel."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

import numpy as np

from .columns import Array, Column, bits
from .ops import Op, OpCode

BLOCK: Final = 65536
MAX_TRIES: Final = 8
"""Whole comparisons per search: repeating values suggest many drops, and each costs a sweep."""
LEAST_KEPT: Final = 8
"""An append must keep at least new rows / this."""
MAX_NEEDLE_BYTES: Final = 4096


def find_append(old: Column, new: Column) -> list[Op] | None:
    """An APPEND, with a drop if rows went away at the front.

    [] if nothing changed, None if new does not continue old.
    """
    if not old.rows or not new.rows:
        return None
    for drop in islice(_drops(old, new), MAX_TRIES):
        kept = old.rows - drop
        if kept <= new.rows and old.slice(drop, old.rows).equals(new.slice(0, kept)):
            if kept == new.rows and not drop:
                return []
            values = new.slice(kept, new.rows)
            return [Op(OpCode.APPEND, start=kept, count=values.rows, drop=drop, values=values)]
    return None


def _drops(old: Column, new: Column) -> Iterator[int]:
    """Numbers of dropped rows worth a comparison, least first."""
    first = max(old.rows - new.rows, 0)
    stop = old.rows - max(new.rows // LEAST_KEPT, 1) + 1
    if first == 0 and stop > 0:
        yield 0
    if not new.is_fixed:
        yield from _drops_of_bytes(old, new, max(first, 1), stop)
    elif new.items_per_cell:
        cells = (-1, new.items_per_cell)
        a, b = (bits(column.data).reshape(cells)[:, 0] for column in (old, new))
        yield from _drops_of_cells(a, b, max(first, 1), stop)


def _drops_of_cells(old: Array, new: Array, first: int, stop: int) -> Iterator[int]:
    """Where old goes on like new, as told by rows 0, 1, 2, 4, 8 …"""
    for lo in range(first, stop, BLOCK):
        found = np.flatnonzero(old[lo : min(lo + BLOCK, stop)] == new[0]) + lo
        step = 1
        while len(found) and step < len(new):
            inside = found + step < len(old)
            found = found[~inside | (old[np.minimum(found + step, len(old) - 1)] == new[step])]
            step *= 2
        yield from found.tolist()


def _drops_of_bytes(old: Column, new: Column, first: int, stop: int) -> Iterator[int]:
    """Where the bytes of new's first rows occur in old at the start of a row."""
    old_ends, new_ends = old.row_ends(), new.row_ends()
    size = new.data.itemsize
    needle_rows = int(np.searchsorted(new_ends, MAX_NEEDLE_BYTES // size, side="right")) - 1
    needle = new.data[: new_ends[max(min(needle_rows, new.rows // LEAST_KEPT), 1)]].tobytes()
    hay = old.data.tobytes() if needle else b""
    at = hay.find(needle, int(old_ends[first]) * size) if hay else -1
    while at >= 0:
        row = int(np.searchsorted(old_ends, at // size))
        if at % size == 0 and old_ends[row] * size == at and first <= row < stop:
            yield row
        at = hay.find(needle, at + 1)
