"""Columns from arrays: numpy's own, and what turns into them (pandas, pyarrow, polars, array.array)."""

from typing import Any

import numpy as np

from bokeh_wsgi.exc import ColumnError

from .columns import NUMBERS, Array, Column
from .times import array_ms


def column_from_numbers(array: Array) -> Column:
    """A column of an array of bools, numbers or times; a view where type, order and strides allow."""
    flat = wire_numbers(array)
    dtype = flat.dtype.name
    data = np.ascontiguousarray(flat, dtype=None if dtype == "bool" else NUMBERS[dtype]).reshape(-1)
    return Column(dtype, array.shape[1:], array.shape[0], 0, data.view(np.uint8) if dtype == "bool" else data)


def wire_numbers(array: Array) -> Array:
    """The array in a type of the wire, by Bokeh's rules.

    64-bit integers become 32-bit ones if all fit, else float64, rounded as JavaScript does; float16 and long
    double become float64; times become milliseconds. ColumnError for complex numbers.
    """
    if array.dtype.kind in "mM":
        return array_ms(array)
    if array.dtype.kind in "iu" and array.dtype.itemsize == 8:
        return _narrow(array)
    if array.dtype.kind == "f" and array.dtype.itemsize not in (4, 8):
        return array.astype(np.float64)
    if array.dtype.kind not in "biuf":
        raise ColumnError(f"a column can't hold {array.dtype.name} values")
    return array


def _narrow(array: Array) -> Array:
    small = np.dtype("i4" if array.dtype.kind == "i" else "u4")
    limits = np.iinfo(small)
    fits = array.size == 0 or bool(array.min() >= limits.min and array.max() <= limits.max)
    return array.astype(small if fits else np.dtype("f8"))


def fill_masked(array: Any) -> Array:
    """A masked array's values, NaN where masked; None in strings and objects."""
    kind = array.dtype.kind
    if kind in "UOST":
        objects: Array = array.data.astype(object)
        objects[np.ma.getmaskarray(array)] = None
        return objects
    if kind in "mM":
        return np.asarray(array.filled(np.array("NaT", dtype=array.dtype)))
    floats = array if kind == "f" else array.astype(np.float64)
    return np.asarray(floats.filled(np.nan))
