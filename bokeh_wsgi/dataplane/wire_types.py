"""The types of numbers on the wire, and the conversion of arrays to them."""

from typing import Any, Final

import numpy as np

from bokeh_wsgi.exc import ColumnError

from .kernels import Array
from .times import array_ms

NUMBERS: Final[dict[str, np.dtype[Any]]] = {
    "bool": np.dtype("u1"),
    "int8": np.dtype("i1"),
    "uint8": np.dtype("u1"),
    "int16": np.dtype("<i2"),
    "uint16": np.dtype("<u2"),
    "int32": np.dtype("<i4"),
    "uint32": np.dtype("<u4"),
    "float32": np.dtype("<f4"),
    "float64": np.dtype("<f8"),
}
ARRAY_NUMBERS: Final = frozenset(NUMBERS) | {"int64", "uint64"}
"""The types of numbers in arrays of Bokeh's JSON."""


def wire_numbers(array: Array) -> Array:
    """The array in a type of the wire, by Bokeh's rules.

    64-bit integers become 32-bit ones if all fit, else float64 (rounded as in JavaScript). float16 and long
    double become float64; times become milliseconds. Raises ColumnError for complex numbers.
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
