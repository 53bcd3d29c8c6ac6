"""Rows that moved to the front: finds how many were dropped, so that only the new ones travel."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np

from .columns import Array, Column, bits

BLOCK: Final = 65536
MAX_TRIES: Final = 8
"""Whole comparisons per search: repeating values suggest many drops, and each costs a sweep."""
LEAST_KEPT: Final = 8
"""An append must keep at least new rows / this."""
MAX_NEEDLE_BYTES: Final = 4096
MAX_WAIT: Final = 64


@dataclass(slots=True)
class DropGuess:
    """What the last updates of one column looked like: tried first, and no search where none ever helps.

    After each fruitless search of the whole column, twice as many updates as before (``MAX_WAIT`` at most)
    are looked at only for drops of up to ``BLOCK`` rows.
    """

    drop: int | None = None
    added: int = 0
    fruitless: int = 0
    wait: int = 0

    def repeats(self, old_rows: int, new_rows: int) -> bool:
        """Whether the last append would give a column of so many rows."""
        return self.drop is not None and new_rows == old_rows - self.drop + self.added

    def found(self, drop: int, added: int) -> None:
        self.drop, self.added = drop, added
        self.fruitless = self.wait = 0

    def found_none(self) -> None:
        if self.wait:
            self.wait -= 1
        else:
            self.fruitless += 1
            self.wait = min((1 << self.fruitless) - 1, MAX_WAIT)


def find_drop(old: Column, new: Column, guess: DropGuess) -> int | None:
    """How many rows must go at old's front so that new begins with the rest; None if it never does."""
    if not old.rows or not new.rows:
        return None
    for drop in islice(_drops(old, new, guess), MAX_TRIES):
        if continues(old, new, drop):
            guess.found(drop, new.rows - old.rows + drop)
            return drop
    guess.found_none()
    return None


def continues(old: Column, new: Column, drop: int) -> bool:
    """Whether new begins with old's rows from drop on."""
    kept = old.rows - drop
    return 0 <= kept <= new.rows and old.slice(drop, old.rows).equals(new.slice(0, kept))


def least_kept(new_rows: int) -> int:
    """So few rows at least must stay in an append."""
    return max(new_rows // LEAST_KEPT, 1)


def _drops(old: Column, new: Column, guess: DropGuess) -> Iterator[int]:
    """Numbers of dropped rows worth a comparison, least first."""
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
