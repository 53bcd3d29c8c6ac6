"""Finds how many rows were dropped from the front of a rolling column, so that only new rows are sent."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np

from .columns import Array, Column, bits

BLOCK: Final = 65536
MAX_TRIES: Final = 8
"""Full comparisons per search: repeating values suggest many drops, and each costs a comparison."""
LEAST_KEPT: Final = 8
"""An append must keep at least 1/LEAST_KEPT of the new column's rows."""
MAX_NEEDLE_BYTES: Final = 4096
MAX_WAIT: Final = 64


@dataclass(slots=True)
class DropGuess:
    """Remembers the last drop of one column, which is tried first, and how often searches failed.

    After each search of the whole column that fails, twice as many updates as before (``MAX_WAIT`` at most)
    are searched only for drops of up to ``BLOCK`` rows.
    """

    drop: int | None = None
    added: int = 0
    failed: int = 0
    wait: int = 0

    def repeats(self, old_rows: int, new_rows: int) -> bool:
        """Whether the same drop and append would give a column of this many rows."""
        return self.drop is not None and new_rows == old_rows - self.drop + self.added

    def note_drop(self, drop: int, added: int) -> None:
        self.drop, self.added = drop, added
        self.failed = self.wait = 0

    def note_failure(self) -> None:
        if self.wait:
            self.wait -= 1
        else:
            self.failed += 1
            self.wait = min((1 << self.failed) - 1, MAX_WAIT)


def find_drop(old: Column, new: Column, guess: DropGuess) -> int | None:
    """How many rows must be dropped from old so that new begins with the rest; None if it does not."""
    if not old.rows or not new.rows:
        return None
    for drop in islice(_drops(old, new, guess), MAX_TRIES):
        if continues(old, new, drop):
            guess.note_drop(drop, new.rows - old.rows + drop)
            return drop
    guess.note_failure()
    return None


def continues(old: Column, new: Column, drop: int) -> bool:
    """Whether new begins with old's rows from drop on."""
    kept = old.rows - drop
    return 0 <= kept <= new.rows and old.slice(drop, old.rows).equals(new.slice(0, kept))


def least_kept(new_rows: int) -> int:
    """The fewest rows that an append to get ``new_rows`` must keep."""
    return max(new_rows // LEAST_KEPT, 1)


def _drops(old: Column, new: Column, guess: DropGuess) -> Iterator[int]:
    """Candidates for the number of dropped rows, smallest first."""
    first = max(old.rows - new.rows, 0)
    stop = old.rows - least_kept(new.rows) + 1
    if first == 0 and stop > 0:
        yield 0
    first = max(first, 1)
    if guess.wait:
        stop = min(stop, first + BLOCK)
    if not new.is_fixed:
        yield from _drops_of_bytes(old, new, first, stop)
    elif new.items_per_cell:
        cells = (-1, new.items_per_cell)
        a, b = (bits(column.data).reshape(cells)[:, 0] for column in (old, new))
        yield from _drops_of_cells(a, b, first, stop)


def _drops_of_cells(old: Array, new: Array, first: int, stop: int) -> Iterator[int]:
    """Rows at which old continues like new, judging by rows 0, 1, 2, 4, 8 … after them."""
    for lo in range(first, stop, BLOCK):
        drops = np.flatnonzero(old[lo : min(lo + BLOCK, stop)] == new[0]) + lo
        step = 1
        while len(drops) and step < len(new):
            inside = drops + step < len(old)
            drops = drops[~inside | (old[np.minimum(drops + step, len(old) - 1)] == new[step])]
            step *= 2
        yield from drops.tolist()


def _drops_of_bytes(old: Column, new: Column, first: int, stop: int) -> Iterator[int]:
    """Rows of old at which the bytes of new's first rows occur."""
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
