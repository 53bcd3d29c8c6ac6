"""A numpy column that grows without being copied."""

import weakref
from typing import Any, Final

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

SPARE: Final = 1 / 16
"""Room to grow, as a share of the rows: once it is full they are copied, 16 values per value streamed."""
LEAST_SPARE: Final = 1024


class GrowingArray:
    """Memory with space behind the rows of one column, which `extend` fills.

    An array that it has given out stays as it is: rows are only moved when nobody holds such an array, or a
    part of one, any more; else new memory is taken.
    """

    def __init__(self) -> None:
        self._buffer = np.empty(0, dtype=np.uint8)
        self._dtype = np.dtype(np.float64)
        self._lo = self._hi = 0
        self._given: list[weakref.ref[Array]] = []

    def holds(self, array: Array) -> bool:
        """Whether ``array`` is what `array` returned last."""
        return bool(self._given) and self._given[-1]() is array

    def take_over(self, array: Array) -> None:
        """Copy an array that came from elsewhere."""
        self._dtype = array.dtype
        self._lo, self._hi = 0, len(array)
        self._buffer = np.empty(self._bytes_for(len(array)), dtype=np.uint8)
        self._given.clear()
        self._all[: self._hi] = array

    def extend(self, new: Array, keep: int) -> None:
        """Keep the last ``keep`` rows, and put ``new`` after them; all or nothing."""
        if self._hi + len(new) > len(self._all):
            self._make_space(keep, len(new))
        stop = self._hi + len(new)
        self._all[self._hi : stop] = new
        self._lo, self._hi = self._hi - keep, stop

    def array(self) -> Array:
        """The rows, writable."""
        size = self._dtype.itemsize
        rows = self._buffer.data[self._lo * size : self._hi * size]
        # Parts of an array that numpy made of a memoryview keep that array alive: so a weak reference tells.
        array: Array = np.frombuffer(rows, dtype=self._dtype)
        self._given = [given for given in self._given if given() is not None]
        self._given.append(weakref.ref(array))
        return array

    @property
    def _all(self) -> Array:
        return self._buffer.view(self._dtype)

    def _bytes_for(self, rows: int) -> int:
        return (rows + max(int(rows * SPARE), LEAST_SPARE)) * self._dtype.itemsize

    def _make_space(self, keep: int, more: int) -> None:
        held = self._all[self._hi - keep : self._hi]
        first = self._hi - keep
        fits = keep + more <= len(self._all) and first >= keep * SPARE
        if not fits or any(given() is not None for given in self._given):
            self._buffer = np.empty(self._bytes_for(keep + more), dtype=np.uint8)
            self._given.clear()
        self._all[:keep] = held
        self._lo, self._hi = 0, keep
