"""Columns from numpy arrays."""

from typing import Any

import numpy as np

from .columns import NUMBERS, Array, Column
from .wire_types import wire_numbers


def column_from_numbers(array: Array) -> Column:
    """A column of an array of bools, numbers or times; a view if type, byte order and strides allow it."""
    flat = wire_numbers(array)
    dtype = flat.dtype.name
    data = np.ascontiguousarray(flat, dtype=None if dtype == "bool" else NUMBERS[dtype]).reshape(-1)
    return Column(dtype, array.shape[1:], array.shape[0], 0, data.view(np.uint8) if dtype == "bool" else data)


def fill_masked(array: Any) -> Array:
    """The values of a masked array, with NaN where it is masked; None for strings and objects."""
    kind = array.dtype.kind
    if kind in "UOST":
        objects: Array = array.data.astype(object)
        objects[np.ma.getmaskarray(array)] = None
        return objects
    if kind in "mM":
        return np.asarray(array.filled(np.array("NaT", dtype=array.dtype)))
    floats = array if kind == "f" else array.astype(np.float64)
    return np.asarray(floats.filled(np.nan))
