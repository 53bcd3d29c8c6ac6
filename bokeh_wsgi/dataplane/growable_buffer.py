"""`GrowableBuffer`: an array that grows at its end and shrinks at its front."""

import sys
from typing import Final

import numpy as np

from .columns import Array

ROOM: Final = 8
"""Room to grow is 1/ROOM of the values: so a rolling column copies ROOM values for each new one."""
LEAST: Final = 64
ADJACENT: Final = 4096
"""Fewer values than this are copied, wherever they are in memory."""


class GrowableBuffer:
    """A one-dimensional array. An append costs O(values added), amortised; a drop from the front O(1).

    ``view`` is valid until the next ``write`` or ``assign``, or until somebody writes into ``writable``.
    Appends and drops never change an existing view: values are only moved within their memory while no view
    exists. What ``lent`` returned is never changed: a later write takes new memory.
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
        """A view that keeps its values for as long as it, or a part of it, exists."""
        self._is_lent = True
        return self.view

    def is_view(self, array: Array) -> bool:
        """Whether a contiguous array is what `view` returns: the same memory, length and dtype."""
        if array.base is not self._array or array.dtype != self._array.dtype or len(array) != len(self):
            return False
        return _address(array) == _address(self._array) + self._lo * self._array.itemsize

    def append(self, values: Array, drop: int = 0) -> None:
        """Drop values from the front, and add these at the end; all or nothing."""
        count = len(values)
        if not (count >= ADJACENT and self._is_adjacent(values)):
            if self._hi + count > len(self._array) or not self._array.flags.writeable:
                self._make_room(drop, count)
                drop = 0
            self._array[self._hi : self._hi + count] = values
        self._lo, self._hi = self._lo + drop, self._hi + count

    def _is_adjacent(self, values: Array) -> bool:
        """Whether the values already follow ours in memory, read-only; then that memory becomes ours."""
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
        return True

    def drop(self, count: int) -> None:
        self._lo += count

    def write(self, start: int, values: Array) -> None:
        self.writable()[start : start + len(values)] = values

    def assign(self, values: Array) -> None:
        """Become a copy of ``values``, which have the same dtype; in the existing memory if they fit."""
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
        """Whether the memory may be written in place. Resets the mark of `lent`."""
        is_lent, self._is_lent = self._is_lent, False
        return bool(self._array.flags.writeable) and not (is_lent and not self._is_alone())

    def _make_room(self, drop: int, count: int) -> None:
        """Move all but the first ``drop`` values to the front of memory that has room for ``count`` more."""
        kept = self._array[self._lo + drop : self._hi]
        size = len(kept) + count
        fits = size + size // (2 * ROOM) <= len(self._array) <= 2 * _room(size)
        if fits and self._is_alone(views=1):
            self._array[: len(kept)] = kept  # numpy moves within one array as memmove does
        else:
            self._array = _with_room(kept, size)
        self._lo, self._hi = 0, len(kept)

    def _is_alone(self, views: int = 0) -> bool:
        """Whether nobody else refers to the memory; each view of an array holds a reference to it."""
        if not (self._array.flags.owndata and self._array.flags.writeable):
            return False
        return self._references() <= ALONE + views

    def _references(self) -> int:
        return sys.getrefcount(self._array)


def _address(array: Array) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


def _room(rows: int) -> int:
    """Length to allocate for this many values; unwritten pages take address space but no memory."""
    return max(rows + rows // ROOM, LEAST)


def _with_room(values: Array, rows: int) -> Array:
    array = np.empty(_room(rows), dtype=values.dtype)
    array[: len(values)] = values
    return array


ALONE: Final = GrowableBuffer(np.zeros(1), copy=True)._references()
"""References to a buffer without views; measured, as it differs between versions of Python."""
