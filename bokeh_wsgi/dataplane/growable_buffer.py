"""Memory of a column that grows at its end and shrinks at its front."""

import sys
from typing import Final

import numpy as np

from .columns import Array

ROOM: Final = 8
"""One part in this many is room to grow: a rolling column is moved to the front once per so many rows."""
LEAST: Final = 64
ADJOINING: Final = 4096
"""Fewer values than this are copied without a look at where they are."""


class GrowableBuffer:
    """A one-dimensional array; appends cost what they add (amortised), drops nothing.

    ``view`` is good until the next ``write``, ``assign`` or change of ``writable``: appends and drops leave
    views that were given out as they are, since memory is only moved or resized while none is alive. What was
    ``lent`` stays good: who writes then takes other memory.
    """

    def __init__(self, values: Array, *, copy: bool) -> None:
        self._array = _with_room(values, len(values)) if copy else values
        self._lo, self._hi = 0, len(values)
        self._is_lent = False

    def __len__(self) -> int:
        return self._hi - self._lo

    @property
    def nbytes(self) -> int:
        """Bytes of the values, without room to grow."""
        return (self._hi - self._lo) * int(self._array.itemsize)

    @property
    def view(self) -> Array:
        return self._array[self._lo : self._hi]

    def lent(self) -> Array:
        """The values, which stay as they are as long as somebody holds them, or a part of them."""
        self._is_lent = True
        return self.view

    def append(self, values: Array) -> None:
        if len(values) >= ADJOINING and self._adjoins(values):
            return
        stop = self._hi + len(values)
        if stop > len(self._array) or not self._array.flags.writeable:
            self._make_room(len(values))
            stop = self._hi + len(values)
        self._array[self._hi : stop] = values
        self._hi = stop

    def _adjoins(self, values: Array) -> bool:
        """Take in values that lie behind the others in their memory already, where nobody else may write."""
        memory, array = values.base, self._array
        if not isinstance(memory, np.ndarray) or (array is not memory and array.base is not memory):
            return False
        if values.flags.writeable or memory.ndim != 1 or memory.dtype != values.dtype:
            return False
        if _address(values) != _address(array) + self._hi * array.itemsize:
            return False
        if array is not memory:
            first = (_address(array) - _address(memory)) // array.itemsize
            self._array, self._lo, self._hi = memory, first + self._lo, first + self._hi
        self._hi += len(values)
        return True

    def drop(self, count: int) -> None:
        self._lo += count

    def write(self, start: int, values: Array) -> None:
        self.writable()[start : start + len(values)] = values

    def assign(self, values: Array) -> None:
        """Become a copy of the values, of the same dtype; in the memory that is there, if it fits."""
        if not self._is_free() or not len(values) <= len(self._array) <= 2 * len(values):
            self._array = np.empty(_room(len(values)), dtype=self._array.dtype)
        self._lo, self._hi = 0, len(values)
        self._array[: self._hi] = values

    def writable(self) -> Array:
        """The view, in memory that may be written."""
        if not self._is_free():
            self._array, self._lo, self._hi = _with_room(self.view, len(self)), 0, len(self)
        return self.view

    def _is_free(self) -> bool:
        """Whether the memory may be written: if not, the next one will be."""
        is_lent, self._is_lent = self._is_lent, False
        return bool(self._array.flags.writeable) and not (is_lent and not self._is_alone())

    def _make_room(self, count: int) -> None:
        held = len(self)
        size = held + count
        fits = size + size // (2 * ROOM) <= len(self._array) <= 2 * _room(size)
        if fits and self._is_alone():
            self._array[:held] = self.view  # numpy moves within one array as memmove does
        else:
            self._array = _with_room(self.view, size)
        self._lo, self._hi = 0, held

    def _is_alone(self) -> bool:
        """Whether nothing else refers to the memory: each view of an array holds a reference to it."""
        if not (self._array.flags.owndata and self._array.flags.writeable):
            return False
        return self._references() <= ALONE

    def _references(self) -> int:
        return sys.getrefcount(self._array)


def _address(array: Array) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


def _room(rows: int) -> int:
    """As long an array for so many; what is not written yet takes no memory, only addresses."""
    return max(rows + rows // ROOM, LEAST)


def _with_room(values: Array, rows: int) -> Array:
    array = np.empty(_room(rows), dtype=values.dtype)
    array[: len(values)] = values
    return array


ALONE: Final = GrowableBuffer(np.zeros(1), copy=True)._references()
"""Versions of Python count differently what a call itself refers to."""
